/* eslint-disable complexity -- every promise is checked in one pass over the trace */
import type { Policy } from "#engine/policy.ts";
import type { Commit, ControlStore } from "#engine/ports.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import { formatDuration, type Instant } from "#model/time.ts";
import type { FaultyRouter, Force } from "./faulty-router.ts";
import type { Plan } from "./plan.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One promise that was broken, in a sentence, with when. */
export interface Violation {
  readonly promise: string;
  readonly text: string;
  readonly atMs: number;
}

interface Seen {
  terminal: Analysis["terminal"];
  readonly commands: Command[];
}

const keptLines = 400;
/** Silence is spoken of after three windows; a look may come one later, and an export 40 s late. */
const silenceSeenMs = 25_000;
/** A read-back takes this long at most where the router answers. */
const readingMs = 100;

/**
 * Sees what no part of Haldane sees: every transaction that stands and every weight that was in force, as they happen. It
 * holds both against the promises; a broken one is kept with the trace that led there.
 */
export class Witness {
  readonly violations: Violation[] = [];
  readonly trace: string[] = [];
  readonly stalled = new Set<string>();
  router!: FaultyRouter;
  readonly #time: VirtualTime;
  readonly #start: Instant;
  readonly #control: ControlStore;
  readonly #policy: Policy;
  readonly #plan: Plan;
  /** Whether read-backs may lie: then what is confirmed need not be so. */
  readonly #liars: boolean;
  readonly #seen = new Map<string, Seen>();
  readonly #newest = new Map<string, Command>();
  /** Services whose last analysis was rolled back, from the moment that the router obeyed. */
  readonly #rolledBack = new Map<string, string>();

  constructor(
    time: VirtualTime,
    control: ControlStore,
    { policy, plan }: { readonly policy: Policy; readonly plan: Plan },
  ) {
    this.#time = time;
    this.#start = time.now;
    this.#control = control;
    this.#policy = policy;
    this.#plan = plan;
    this.#liars = plan.faults.echoRead + plan.faults.staleRead > 0;
  }

  note(text: string): void {
    this.trace.push(
      `${formatDuration(this.#time.now - this.#start)} (${this.#time.now - this.#start}) ${text}`,
    );
    if (this.trace.length > keptLines) this.trace.shift();
  }

  #broken(promise: string, text: string): void {
    this.note(`BROKEN ${promise}: ${text}`);
    this.violations.push({ promise, text, atMs: this.#time.now - this.#start });
  }

  threw(error: unknown): void {
    this.#broken("nothing throws", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** control.db with an eye on each transaction that stands. */
  watched(): ControlStore {
    const control = this.#control;
    return {
      ...control,
      open: (stored, commit, key) => {
        const opened = control.open(stored, commit, key);
        if (opened.ok) {
          this.note(`open ${commit.analysis.id}`);
          this.#rolledBack.delete(commit.analysis.service);
          this.#committed(commit, []);
        }
        return opened;
      },
      commit: (commit) => {
        const before = control.commands(commit.analysis.id);
        const committed = control.commit(commit);
        if (committed.ok) this.#committed(commit, before);
        else this.note(`refused ${committed.error.tag} for ${commit.analysis.id}`);
        return committed;
      },
    };
  }

  #committed(commit: Commit, before: readonly CommandRecord[]): void {
    const { analysis } = commit;
    const seen = this.#seen.get(analysis.id) ?? { terminal: null, commands: [] };
    this.#seen.set(analysis.id, seen);
    this.#sayCommit(commit);
    this.#oneTerminal(analysis, seen);
    if (analysis.terminal !== null && seen.terminal === null) {
      if (analysis.terminal.word === "promote" && commit.note === null) this.#promotedOnProof(analysis);
      seen.terminal = analysis.terminal;
    }
    for (const command of commit.commands) this.#commanded(commit, command, before);
    if (analysis.phase.phase === "ended") this.#endedConfirmed(analysis, before);
    if (analysis.mode === "act" && commit.note === null) this.#weightsInForce(analysis, before);
  }

  #sayCommit({ analysis, note, commands, changed }: Commit): void {
    if (!changed && commands.length === 0) return;
    const { phase, verdict } = analysis;
    const step = "step" in phase ? ` ${phase.step}` : "";
    const deed = note === null ? "" : ` ${note.deed} by ${note.actor};`;
    const sent = commands.map(
      ({ kind, canaryWeight, generation }) => ` ${kind} ${canaryWeight} % (${generation})`,
    );
    this.note(
      `${analysis.id}:${deed} ${verdict.word} [${verdict.reasons.map(({ code }) => code).join()}] ${phase.phase}${step}${sent.join()}`,
    );
  }

  #oneTerminal(analysis: Analysis, seen: Seen): void {
    const [a, b] = [seen.terminal, analysis.terminal];
    if (a === null || (b !== null && a.word === b.word && a.at === b.at)) return;
    this.#broken("never both", `${analysis.id} was ${a.word} and became ${b?.word ?? "open again"}`);
  }

  #promotedOnProof(analysis: Analysis): void {
    const { findings, phase, opened, verdict, id } = analysis;
    const guarded = findings.filter((finding) => finding.guarded);
    const proven = guarded.filter(
      ({ evidence, conclusion }) =>
        conclusion === "notWorse" &&
        evidence.safe !== null &&
        evidence.safeNeeded !== null &&
        evidence.safe >= evidence.safeNeeded,
    );
    if (guarded.length === 0 || proven.length < guarded.length) {
      this.#broken(
        "no promotion without proof",
        `${id}: ${proven.length} of ${guarded.length} guarded signals proven`,
      );
    }
    if (verdict.at - opened >= this.#policy.horizon) {
      this.#broken("no promotion without proof", `${id} was promoted at its horizon`);
    }
    const canary = this.#plan.behaviours[analysis.service]?.v2;
    const lastSent = canary?.kind === "neverSeen" ? -Infinity : (canary?.silentFrom ?? Infinity);
    if (verdict.at - lastSent > silenceSeenMs + this.#policy.settle) {
      this.#broken("silence is not health", `${id} was promoted long after its canary's last word`);
    }
    if (phase.phase !== "ending" && phase.phase !== "ended") {
      this.#broken("no promotion without proof", `${id} is promote and ${phase.phase}`);
    }
  }

  #commanded(commit: Commit, command: Command, before: readonly CommandRecord[]): void {
    const { analysis } = commit;
    const seen = this.#seen.get(analysis.id)!;
    const newest = this.#newest.get(command.service);
    if (newest !== undefined && newest.generation >= command.generation) {
      this.#broken("generations rise", `${command.id} has ${command.generation} after ${newest.generation}`);
    }
    if (command.kind === "step") this.#stepOfThePolicy(commit, command, before);
    else if (seen.commands.some(({ kind }) => kind !== "step" && kind !== command.kind)) {
      this.#broken("never both", `${analysis.id} commands promote and rollback`);
    }
    if (command.kind === "rollback" && command.canaryWeight !== 0) {
      this.#broken("rolled back means weight 0", `${command.id} asks for ${command.canaryWeight} %`);
    }
    seen.commands.push(command);
    this.#newest.set(command.service, command);
  }

  #stepOfThePolicy(commit: Commit, command: Command, before: readonly CommandRecord[]): void {
    const { steps } = this.#policy;
    const { id } = commit.analysis;
    const last = before.at(-1);
    const at =
      last === undefined ? -1 : steps.findIndex(({ weight }) => weight === last.command.canaryWeight);
    const expected = steps[at + 1]?.weight;
    if (command.canaryWeight !== expected) {
      this.#broken(
        "weights climb along the steps",
        `${id} asks for ${command.canaryWeight} %, the next step is ${expected ?? "none"}`,
      );
    }
    if (last === undefined) return;
    const dwell = steps[at]?.dwell ?? 0;
    const servedMs = last.confirmedAt === null ? 0 : this.#time.now - last.confirmedAt;
    if (last.status !== "confirmed" || servedMs < dwell) {
      this.#broken(
        "a weight is judged only while in force",
        `${id} climbs from ${last.command.canaryWeight} % which is ${last.status} and served ${servedMs} of ${dwell} ms`,
      );
    }
    const held = this.router.force(command.service).at(-1);
    if (
      !this.#liars &&
      held?.by !== null &&
      held !== undefined &&
      held.reading.canaryWeight !== last.command.canaryWeight
    ) {
      this.#broken(
        "a weight is judged only while in force",
        `${id} climbs while the router has ${held.reading.canaryWeight} %`,
      );
    }
  }

  #endedConfirmed({ id, phase }: Analysis, before: readonly CommandRecord[]): void {
    if (phase.phase !== "ended" || phase.as === "reported" || phase.as === "superseded") return;
    const last = before.at(-1);
    const kind = phase.as === "promoted" ? "promote" : "rollback";
    if (last?.status !== "confirmed" || last.command.kind !== kind) {
      this.#broken(
        "ended means confirmed",
        `${id} ended as ${phase.as} and its last command is ${last?.command.kind ?? "none"}, ${last?.status ?? "unknown"}`,
      );
    }
  }

  /** Spans that a verdict counts as "this weight was in force" against what the router really did. */
  #weightsInForce({ id, service, weights, terminal }: Analysis, before: readonly CommandRecord[]): void {
    const newest = before.at(-1);
    const open = weights.find(({ to }) => to === null);
    if (open !== undefined && terminal === null && newest !== undefined && newest.status !== "confirmed") {
      if (newest.confirmedAt !== null || newest.sentAt !== null) {
        this.#broken(
          "a weight is judged only while in force",
          `${id} counts ${open.canaryWeight} % as in force while its command ${newest.command.id} is ${newest.status}`,
        );
      }
    }
    if (this.#liars) return;
    const force = this.router.force(service);
    for (const { canaryWeight, from, to } of weights) {
      const held = force.filter(
        (one, at) => one.from <= from && (force[at + 1]?.from ?? Infinity) >= from - readingMs,
      );
      if (!held.some(({ reading }) => reading.canaryWeight === canaryWeight)) {
        this.#broken(
          "a weight is judged only while in force",
          `${id} counts ${canaryWeight} % from ${from - this.#start} ms on, the router had ${held.at(-1)?.reading.canaryWeight ?? 0} %`,
        );
      }
      const other = force.find(
        (one) =>
          one.by !== null &&
          one.from > from &&
          one.from < (to ?? this.#time.now) &&
          one.reading.canaryWeight !== canaryWeight,
      );
      if (other !== undefined) {
        this.#broken(
          "a weight is judged only while in force",
          `${id} counts ${canaryWeight} % until ${to === null ? "now" : to - this.#start}, the router has ${other.reading.canaryWeight} % since ${other.from - this.#start} ms`,
        );
      }
    }
  }

  /** A command came to the router. */
  arrived(command: Command): void {
    const saved = this.#control.command(command.id);
    this.note(
      `router: ${command.kind} ${command.canaryWeight} % (${command.generation}) for ${command.service}`,
    );
    if (saved === null) {
      this.#broken("saved before acted", `the router got ${command.id}, which is not in the store`);
      return;
    }
    if (saved.sentAt === null || saved.command.generation !== command.generation) {
      this.#broken("saved before acted", `the router got ${command.id} before it was written down as sent`);
    }
    const newest = this.#newest.get(command.service);
    if (newest !== undefined && newest.id !== command.id) {
      this.#broken(
        "a newer command takes the place of an older one",
        `${command.id} was sent after ${newest.id} was saved`,
      );
    }
  }

  /** A weight came into force. */
  changed(service: string, before: Force, after: Force): void {
    const { canaryWeight, generation } = after.reading;
    this.note(
      `in force: ${service} ${canaryWeight} % (${generation})${after.by === null ? ", nobody's command" : ""}`,
    );
    if (after.by === null) return;
    if (generation < before.reading.generation) {
      this.#broken(
        "a generation never goes down",
        `${service} went from ${before.reading.generation} to ${generation}`,
      );
    }
    const rolledBack = this.#rolledBack.get(service);
    if (rolledBack !== undefined && canaryWeight > 0) {
      this.#broken(
        "rolled back means weight 0",
        `${service} has ${canaryWeight} % after ${rolledBack} was rolled back`,
      );
    }
    if (after.by.kind === "rollback" && this.#newest.get(service)?.id === after.by.id) {
      this.#rolledBack.set(service, after.by.analysisId);
    }
  }

  /** After the faults are over: nothing may be left hanging. `lost`: services whose router forgot or was moved. */
  finish(lost: ReadonlySet<string>): void {
    for (const [id, { terminal, commands }] of this.#seen) {
      const analysis = this.#control.analysis(id)?.analysis;
      if (analysis?.phase.phase === "ended" && analysis.phase.as === "superseded") continue;
      if (terminal === null) this.#broken("every analysis ends", `${id} has no verdict`);
      if (analysis?.phase.phase === "ending" || analysis?.phase.phase === "moving")
        this.#broken("every command is confirmed", `${id} is still ${analysis.phase.phase}`);
      for (const { id: commandId } of commands) this.#settled(commandId);
    }
    for (const [service, command] of this.#newest) {
      const record = this.#control.command(command.id);
      const { canaryWeight } = this.router.reading(service);
      if (record?.status !== "confirmed" || lost.has(service)) continue;
      if (canaryWeight !== command.canaryWeight)
        this.#broken(
          "every command is confirmed",
          `${command.id} is confirmed and the router has ${canaryWeight} %`,
        );
    }
  }

  #settled(id: string): void {
    const record = this.#control.command(id);
    if (record === null) return;
    const { status, command } = record;
    const isNewest = this.#newest.get(command.service)?.id === id;
    const over = status === "confirmed" || status === "superseded" || status === "rejected" || !isNewest;
    if (!over && !(this.stalled.has(id) && status !== "acknowledged"))
      this.#broken("every command is confirmed", `${id} is ${status} long after the faults ended`);
    if (status === "rejected" && command.kind === "rollback")
      this.#broken("every command is confirmed", `the rollback ${id} was given up`);
  }
}
