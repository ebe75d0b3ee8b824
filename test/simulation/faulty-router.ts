import type { Controller, ControllerError, WeightReading } from "#engine/ports.ts";
import type { Command } from "#model/command.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";
import type { Random } from "#test/support/random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** Chances of each fault at one call; all 0 is a router that works. */
export interface RouterFaults {
  readonly unreachable: number;
  readonly refuse: number;
  /** Takes the call and never answers it. */
  readonly hang: number;
  /** Obeys and its answer is lost. */
  readonly loseAnswer: number;
  /** Takes effect and answers up to 20 s later. */
  readonly late: number;
  /** A read-back tells what was in force before. */
  readonly staleRead: number;
  /** A read-back tells what was asked for last, obeyed or not. */
  readonly echoRead: number;
  readonly unreadable: number;
}

export const noFaults: RouterFaults = {
  unreachable: 0,
  refuse: 0,
  hang: 0,
  loseAnswer: 0,
  late: 0,
  staleRead: 0,
  echoRead: 0,
  unreadable: 0,
};

/** Weights that were in force at one target from an instant on. `by`: the command that set them, null where none did. */
export interface Force {
  readonly from: Instant;
  readonly reading: WeightReading;
  readonly by: Command | null;
}

interface Target {
  force: Force[];
  asked: WeightReading | null;
}

export interface RouterWatch {
  /** A command came in, obeyed or not. */
  readonly arrived: (command: Command) => void;
  readonly changed: (service: string, before: Force, after: Force) => void;
}

const untouched: WeightReading = { canaryWeight: 0, baselineWeight: 100, generation: 0 };
const latencyMs = 20;
const latestMs = 20_000;

/** One router with a target for each service, in virtual time. It refuses generations lower than the one in force. */
export class FaultyRouter {
  faults: RouterFaults = noFaults;
  /** Changed by planted bugs only. */
  obeysLowerGenerations = false;
  readonly #targets = new Map<string, Target>();
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #watch: RouterWatch;
  #restarts = 0;

  constructor(time: VirtualTime, random: Random, watch: RouterWatch) {
    this.#time = time;
    this.#random = random;
    this.#watch = watch;
  }

  reading(service: string): WeightReading {
    return this.#target(service).force.at(-1)?.reading ?? untouched;
  }

  /** What was in force over time, oldest first. */
  force(service: string): readonly Force[] {
    return this.#target(service).force;
  }

  /** Forgets weights and generations; calls under way are lost. */
  restart(): void {
    this.#restarts += 1;
    for (const service of this.#targets.keys()) this.#set(service, untouched, null);
  }

  /** Somebody else moves the traffic, with a generation of their own. */
  tamper(service: string, canaryWeight: number): void {
    const generation = this.reading(service).generation + 1 + this.#random.integer(4);
    this.#set(service, { canaryWeight, baselineWeight: 100 - canaryWeight, generation }, null);
  }

  /** The driver as one process holds it; answers of a process that ended reach nobody. */
  controller(name: string, isAlive: () => boolean): Controller {
    const answering = <T>(
      call: (answer: (result: Result<T, ControllerError>) => void) => void,
    ): Promise<Result<T, ControllerError>> =>
      new Promise((resolve) => {
        call((result) => {
          if (isAlive()) resolve(result);
        });
      });
    return {
      name,
      apply: (command, signal) =>
        answering((answer) => {
          if (!signal.aborted && isAlive()) this.#apply(command, answer);
        }),
      read: ({ service }, signal) =>
        answering((answer) => {
          if (!signal.aborted && isAlive()) this.#read(service, answer);
        }),
    };
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random.next() < chance;
  }

  /** Acts later unless the router restarts before. */
  #later(delayMs: number, act: () => void): void {
    const restarts = this.#restarts;
    this.#time.after(delayMs, () => {
      if (restarts === this.#restarts) act();
    });
  }

  #apply(command: Command, answer: (result: Result<WeightReading | null, ControllerError>) => void): void {
    const { faults } = this;
    this.#watch.arrived(command);
    if (this.#happens(faults.unreachable)) {
      answer(err({ tag: "unreachable", message: "connection refused", retryAfterMs: null }));
      return;
    }
    if (this.#happens(faults.refuse)) {
      answer(err({ tag: "rejected", message: "answered 400" }));
      return;
    }
    if (this.#happens(faults.hang)) return;
    const lost = this.#happens(faults.loseAnswer);
    const delayMs = this.#happens(faults.late) ? this.#random.integer(latestMs) : latencyMs;
    this.#target(command.service).asked = readingOf(command);
    this.#later(delayMs, () => {
      const obeyed = this.#obey(command);
      if (!lost) answer(obeyed);
    });
  }

  #obey(command: Command): Result<WeightReading | null, ControllerError> {
    const standing = this.reading(command.service);
    if (standing.generation > command.generation && !this.obeysLowerGenerations) {
      return err({ tag: "superseded", generation: standing.generation });
    }
    const wanted = readingOf(command);
    if (JSON.stringify(standing) !== JSON.stringify(wanted)) this.#set(command.service, wanted, command);
    return ok(wanted);
  }

  #read(service: string, answer: (result: Result<WeightReading | null, ControllerError>) => void): void {
    const { faults } = this;
    if (this.#happens(faults.unreachable)) {
      answer(err({ tag: "unreachable", message: "connection refused", retryAfterMs: null }));
      return;
    }
    if (this.#happens(faults.hang)) return;
    if (this.#happens(faults.unreadable)) {
      answer(ok(null));
      return;
    }
    const { force, asked } = this.#target(service);
    const stale = this.#happens(faults.staleRead);
    const echo = this.#happens(faults.echoRead);
    this.#later(latencyMs, () => {
      const truth = this.reading(service);
      answer(ok(stale ? (force.at(-2)?.reading ?? truth) : echo ? (asked ?? truth) : truth));
    });
  }

  #target(service: string): Target {
    const known = this.#targets.get(service);
    if (known !== undefined) return known;
    const target: Target = { force: [{ from: this.#time.now, reading: untouched, by: null }], asked: null };
    this.#targets.set(service, target);
    return target;
  }

  #set(service: string, reading: WeightReading, by: Command | null): void {
    const { force } = this.#target(service);
    const before = force.at(-1)!;
    const after: Force = { from: this.#time.now, reading, by };
    force.push(after);
    this.#watch.changed(service, before, after);
  }
}

function readingOf({ canaryWeight, baselineWeight, generation }: Command): WeightReading {
  return { canaryWeight, baselineWeight, generation };
}
