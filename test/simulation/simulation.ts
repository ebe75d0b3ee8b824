/* eslint-disable @typescript-eslint/no-unnecessary-condition -- a loop that faults end */
import { createOutbox, type Outbox } from "#control/outbox.ts";
import { Accumulate } from "#engine/accumulate.ts";
import type { Operation } from "#engine/asking.ts";
import { Ledger } from "#engine/ledger.ts";
import { parsePolicy, type Policy } from "#engine/policy.ts";
import type { Controller, ControlStore } from "#engine/ports.ts";
import type { Analysis } from "#model/analysis.ts";
import { BoundedInterner } from "#model/interner.ts";
import { windowLengthMs, windowStart, type Instant } from "#model/time.ts";
import { controlMigrations } from "#store/sqlite/control-schema.ts";
import { createControlStore } from "#store/sqlite/control-store.ts";
import { openDatabase, type Connection } from "#store/sqlite/open-database.ts";
import { openTelemetry, type Telemetry } from "#store/sqlite/open-telemetry.ts";
import { seededRandom, type Random } from "#test/support/random.ts";
import { valueOf } from "#test/support/small-world.ts";
import { Crash, crashingControl, crashingTelemetry, Life } from "./crashing-stores.ts";
import { FaultyRouter, noFaults } from "./faulty-router.ts";
import { planOf, type Plan } from "./plan.ts";
import { exportOf, takeExport, type Export } from "./traffic.ts";
import { VirtualTime } from "./virtual-time.ts";
import { Witness, type Violation } from "./witness.ts";

/** Seams at which a planted bug gets in; what is absent is the real thing. */
export interface Seams {
  readonly database?: (database: Connection) => void;
  /** Once for each process. */
  readonly control?: (store: ControlStore) => ControlStore;
  readonly controller?: (controller: Controller) => Controller;
  readonly outbox?: typeof createOutbox;
  readonly router?: (router: FaultyRouter) => void;
}

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  /** Analyses as they ended. */
  readonly analyses: readonly Analysis[];
  readonly behaviours: Plan["behaviours"];
  readonly saves: number;
  readonly crashes: number;
}

interface Running {
  readonly life: Life;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly accumulate: Accumulate;
  readonly interner: BoundedInterner;
}

const start: Instant = 1_700_000_000_000;
const requestsPerSecond = 400;
/** Times of the sender, coarser polling than in production to save events. */
const times = { pollMs: 2000, stalledMs: 30_000 };

/** Plays one seed: the real engine, sender and stores in virtual time, with the faults that its plan holds. */
export async function simulate(
  seed: number,
  options: { readonly plan?: Partial<Plan>; readonly seams?: Seams } = {},
): Promise<Outcome> {
  const plan = { ...planOf(seed), ...options.plan };
  const world = new World(seed, plan, options.seams ?? {});
  try {
    return await world.play();
  } finally {
    world.close();
  }
}

class World {
  readonly #seed: number;
  readonly #plan: Plan;
  readonly #seams: Seams;
  readonly #time = new VirtualTime(start);
  readonly #telemetry: Telemetry;
  readonly #control: ControlStore;
  readonly #policy: Policy;
  readonly #witness: Witness;
  readonly #router: FaultyRouter;
  readonly #random: Random;
  readonly #lost = new Set<string>();
  #running: Running;
  #calm = false;
  #saves = 0;
  #crashes = 0;

  constructor(seed: number, plan: Plan, seams: Seams) {
    this.#seed = seed;
    this.#plan = plan;
    this.#seams = seams;
    this.#random = seededRandom(seed);
    this.#policy = valueOf(parsePolicy({ apiVersion: "haldane/v1", kind: "Policy", ...plan.policy }));
    this.#telemetry = valueOf(openTelemetry(":memory:"));
    const database = valueOf(openDatabase(":memory:", controlMigrations));
    seams.database?.(database);
    this.#control = createControlStore(database);
    this.#witness = new Witness(this.#time, this.#control, { policy: this.#policy, plan });
    this.#router = new FaultyRouter(this.#time, seededRandom(seed + 0.5e9), {
      arrived: (command) => {
        this.#witness.arrived(command);
      },
      changed: (service, before, after) => {
        if (after.by === null) this.#lost.add(service);
        else this.#lost.delete(service);
        this.#witness.changed(service, before, after);
      },
    });
    this.#witness.router = this.#router;
    this.#router.faults = plan.faults;
    seams.router?.(this.#router);
    this.#running = this.#begin();
  }

  close(): void {
    this.#telemetry.close();
    this.#control.close();
  }

  async play(): Promise<Outcome> {
    const { plan, end } = this.#schedule();
    await this.#time.run(start + plan.chaosMs);
    this.#calm = true;
    this.#router.faults = noFaults;
    this.#witness.note("faults end");
    if (!this.#running.life.alive) this.#restart();
    await this.#time.run(end, () => this.#isOver());
    await this.#time.run(this.#time.now + 30_000);
    this.#witness.finish(this.#lost);
    const analyses = this.#control.analyses({ service: null, environment: null, open: null, limit: 1000 });
    this.#running.life.alive = false;
    void this.#running.outbox.stop();
    return {
      seed: this.#seed,
      violations: this.#witness.violations,
      trace: this.#witness.trace,
      analyses,
      behaviours: plan.behaviours,
      saves: this.#saves,
      crashes: this.#crashes,
    };
  }

  #isOver(): boolean {
    const open = this.#running.ledger.openAnalyses();
    return open.every(({ terminal, phase }) => terminal !== null && phase.phase === "held");
  }

  /** Puts all that the plan holds into the queue. */
  #schedule(): { readonly plan: Plan; readonly end: Instant } {
    const plan = this.#plan;
    const time = this.#time;
    const last = Math.max(plan.chaosMs, ...plan.opens.map(({ atMs }) => atMs));
    const end = start + last + this.#policy.horizon + 120_000;
    time.every(start + windowLengthMs, windowLengthMs, () => {
      this.#traffic(windowStart(time.now - 1));
    });
    time.every(start + plan.lookOffsetMs, windowLengthMs, () => {
      this.#look();
    });
    for (const { service, atMs } of plan.opens) {
      time.at(start + atMs, () => {
        this.#open(service);
      });
    }
    for (const { atMs, service, deed } of plan.deeds) {
      time.at(start + atMs, () => {
        this.#operate(service, deed);
      });
    }
    for (const { fromMs, toMs } of plan.outages) {
      time.at(start + fromMs, () => {
        this.#router.faults = { ...plan.faults, unreachable: 1 };
      });
      time.at(start + toMs, () => {
        if (!this.#calm) this.#router.faults = plan.faults;
      });
    }
    for (const atMs of plan.routerRestarts) {
      time.at(start + atMs, () => {
        this.#router.restart();
      });
    }
    for (const { atMs, service, weight } of plan.tampers) {
      time.at(start + atMs, () => {
        this.#tamper(service, weight);
      });
    }
    for (const atMs of plan.kills) {
      time.at(start + atMs, () => {
        if (this.#running.life.alive) this.#running.life.end("by a kill");
      });
    }
    return { plan, end };
  }

  /** A process starts on what the last one left. */
  #begin(): Running {
    const life = new Life(
      (save) => this.#endsAt(save),
      (where) => {
        this.#crashes += 1;
        this.#witness.note(`the process ends ${where}`);
        const downMs = this.#plan.restartMs === 0 ? 0 : 1 + this.#random.integer(this.#plan.restartMs);
        this.#time.after(downMs, () => {
          if (!this.#running.life.alive) this.#restart();
        });
      },
    );
    const watched = this.#witness.watched();
    const control = crashingControl(this.#seams.control?.(watched) ?? watched, life);
    const writer = crashingTelemetry(this.#telemetry.writer, life);
    const interner = new BoundedInterner();
    const accumulate = new Accumulate({
      interner,
      loadSample: (series, window, late) => writer.sample(series, window, late),
    });
    accumulate.restore(writer);
    const ledger = this.#ledgerOn(control);
    const lastJudged = ledger.openAnalyses().reduce((newest, { verdict }) => Math.max(newest, verdict.at), 0);
    setSettles(accumulate, ledger);
    if (lastJudged > 0) accumulate.seal(lastJudged);
    const controller = this.#router.controller("router", () => life.alive);
    const outbox = (this.#seams.outbox ?? createOutbox)({
      store: control,
      controllers: new Map([["router", this.#seams.controller?.(controller) ?? controller]]),
      clock: { now: () => this.#time.now },
      random: () => this.#random.next(),
      onOutcome: () => undefined,
      onStalled: ({ command }) => {
        this.#witness.stalled.add(command.id);
      },
      times,
    });
    // Its intervals must be virtual ones: it starts as an event.
    this.#time.after(0, () => {
      outbox.start();
    });
    return { life, ledger, outbox, accumulate, interner };
  }

  #ledgerOn(control: ControlStore): Ledger {
    const settings = {
      policies: new Map([[this.#policy.name, this.#policy]]),
      bindings: [
        { service: "*", environment: "*", policy: this.#policy.name, controller: "router", receivers: [] },
      ],
      automatic: false,
      openAnalyses: 100,
      signalsPerAnalysis: 200,
      paceMs: windowLengthMs,
      storeEveryMs: 15_000,
    };
    return new Ledger(settings, { telemetry: this.#telemetry.reader, control });
  }

  #endsAt(save: string): "before" | "after" | null {
    this.#saves += 1;
    const { crashAt, crashShare } = this.#plan;
    if (crashAt !== null && crashAt.save === this.#saves) return crashAt.side;
    // A claim finds nothing most of the time; it is spared some of the dice.
    const share = save === "claim" ? crashShare / 10 : crashShare;
    if (this.#calm || share === 0 || this.#random.next() >= share) return null;
    return this.#random.next() < 0.5 ? "before" : "after";
  }

  #restart(): void {
    const { life, outbox } = this.#running;
    life.alive = false;
    void outbox.stop();
    this.#witness.note("the process starts");
    this.#running = this.#begin();
  }

  /** Runs engine code of the living process; where it ends in the middle, the plan may ask to try the same at once. */
  #inEngine(act: (running: Running) => void): boolean {
    // Where processes start again at once, one that ended in its sender is up before anybody asks.
    if (this.#plan.restartMs === 0 && !this.#running.life.alive) this.#restart();
    const running = this.#running;
    if (!running.life.alive) return false;
    running.life.inEngine = true;
    try {
      act(running);
    } catch (error) {
      if (!(error instanceof Crash)) this.#witness.threw(error);
    } finally {
      running.life.inEngine = false;
    }
    if (running.life.alive) return true;
    if (this.#plan.restartMs > 0) return false;
    this.#restart();
    return this.#inEngine(act);
  }

  #look(): void {
    this.#inEngine((running) => {
      running.accumulate.seal(this.#time.now);
      if (running.ledger.look(this.#time.now) > 0) poke(running);
    });
  }

  #open(service: string): void {
    this.#inEngine((running) => {
      const { ledger, accumulate } = running;
      const opened = ledger.open(
        {
          service,
          environment: "test",
          canary: "v2",
          baseline: "v1",
          mode: null,
          policy: null,
          idempotencyKey: null,
          requestDigest: "",
          openedBy: "simulation",
        },
        this.#time.now,
      );
      if (!opened.ok) this.#witness.note(`open ${service} refused: ${opened.error.tag}`);
      setSettles(accumulate, ledger);
      poke(running);
    });
  }

  #operate(service: string, deed: Operation["deed"]): void {
    this.#inEngine((running) => {
      const { ledger } = running;
      const open = ledger.openAnalyses().find((analysis) => analysis.service === service);
      if (open === undefined) return;
      const done = ledger.operate(open.id, { deed, actor: "ann", reason: "because" }, this.#time.now);
      if (!done.ok) this.#witness.note(`${deed} refused: ${done.error.message}`);
      poke(running);
    });
  }

  /** Somebody else moves the traffic while an analysis climbs, never after: what others do to a finished one is theirs. */
  #tamper(service: string, weight: number): void {
    const open = this.#control
      .openAnalyses()
      .find(({ analysis }) => analysis.service === service && analysis.terminal === null);
    if (open !== undefined) this.#router.tamper(service, weight);
  }

  #traffic(window: Instant): void {
    for (const [service, behaviours] of Object.entries(this.#plan.behaviours)) {
      const { canaryWeight } = this.#router.reading(service);
      for (const version of ["v1", "v2"] as const) {
        const share = version === "v2" ? canaryWeight / 100 : 1 - canaryWeight / 100;
        // Its own dice for each export: what else happens in a run does not change what the services count.
        const dice = seededRandom(
          this.#seed * 7919 +
            (window - start) / windowLengthMs +
            service.length * 1e6 +
            service.charCodeAt(3) * 1e7 +
            (version === "v2" ? 0.5e12 : 0),
        );
        const requests = requestsPerSecond * (windowLengthMs / 1000) * share;
        const made = exportOf(dice, { service, version, window, requests, behaviour: behaviours[version] });
        if (made === null) continue;
        const { late, twice } = this.#plan;
        const delayMs = !this.#calm && dice.next() < late ? dice.integer(40_000) : dice.integer(2500);
        this.#send(made, delayMs);
        if (!this.#calm && dice.next() < twice) this.#send(made, dice.integer(40_000));
      }
    }
  }

  /** Sends an export until it is acknowledged. */
  #send(made: Export, delayMs: number): void {
    this.#time.after(delayMs, () => {
      const acknowledged = this.#inEngine(({ accumulate, interner, life }) => {
        if (this.#telemetry.writer.knowsDigest(made.key)) return;
        accumulate.begin(this.#time.now);
        takeExport(made, accumulate, interner);
        const batch = { ...accumulate.drain(), digests: [{ digest: made.key, at: this.#time.now }] };
        life.save(
          "samples",
          () => {
            this.#telemetry.writer.commit(batch);
          },
          undefined,
        );
      });
      if (!acknowledged) this.#send(made, 1000);
    });
  }
}

function setSettles(accumulate: Accumulate, ledger: Ledger): void {
  for (const { service, environment, settleMs } of ledger.settleAllowances()) {
    accumulate.setSettle(service, environment, settleMs);
  }
}

/** The sender's own code: an end inside it throws out of nothing. */
function poke({ life, outbox }: Running): void {
  life.inEngine = false;
  outbox.poke();
}
