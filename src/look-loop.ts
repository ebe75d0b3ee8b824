import { setImmediate as nextTurn } from "node:timers/promises";
import { trace } from "@opentelemetry/api";
import type { Logger } from "pino";
import type { Ledger } from "#engine/ledger.ts";
import type { Clock, ControlStore } from "#engine/ports.ts";
import type { IngestClient } from "#ingest/worker-client.ts";
import type { Steps } from "#engine/steps.ts";
import { windowStart, type Instant } from "#model/time.ts";

/** Retention runs this often, and again soon after while there is still something to merge. */
const retainEveryMs = 60_000;
const retainAgainMs = 2_000;
const checkpointEveryMs = 2_000;
/** The readiness check fails when no look has ended for this long. */
const lookOverdueMs = 15_000;

/** A source that lags holds sealing back for so long; beyond it, windows seal and nothing is promoted (decision 6). */
const heldBackAtMostMs = 60_000;

/** A look is interrupted after this long, so that requests are answered: judging hundreds of signals takes a second. */
const sliceMs = 1;

/** Runs steps to their end, answering whatever waits after each slice. */
async function inSlices<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const until = performance.now() + sliceMs;
    do {
      const step = steps.next();
      if (step.done === true) return step.value;
    } while (performance.now() < until);
    await nextTurn();
  }
}

export interface LookLoopTools {
  readonly ledger: Ledger;
  readonly worker: IngestClient;
  /** Metrics that any policy names. */
  readonly namedMetrics: readonly string[];
  readonly control: ControlStore;
  readonly clock: Clock;
  readonly log: Logger;
  /** Up to when every source was read; sealing waits for it. */
  readonly readUpTo: (now: Instant) => Instant;
  readonly everyMs: number;
  readonly poke: () => void;
}

/** The heartbeat of the service: seals in the worker, then looks at every open analysis, once each `everyMs`. One look at a time. */
export class LookLoop {
  readonly #tools: LookLoopTools;
  readonly #tracer = trace.getTracer("haldane");
  #timer: NodeJS.Timeout | null = null;
  #underWay: Promise<void> = Promise.resolve();
  #stopped = false;
  #lastLook: Instant;
  #lastRetain: Instant = 0;
  #lastWindow: Instant = 0;
  #lastCheckpoint: Instant = 0;
  #settings = "";
  readonly counters = { looks: 0, failedLooks: 0, lastLookMs: 0 };

  constructor(tools: LookLoopTools) {
    this.#tools = tools;
    this.#lastLook = tools.clock.now();
  }

  /** Seals what the last look before a restart had sealed, so that windows already judged take only late rows. */
  async resume(): Promise<void> {
    const { ledger, worker } = this.#tools;
    const lastJudged = ledger.openAnalyses().reduce((last, { verdict }) => Math.max(last, verdict.at), 0);
    this.#sendSettings();
    if (lastJudged > 0) await worker.seal(lastJudged);
  }

  start(): void {
    const { everyMs } = this.#tools;
    const next = (): void => {
      if (this.#stopped) return;
      this.#timer = setTimeout(() => {
        this.#underWay = this.#beat().finally(next);
      }, everyMs);
    };
    next();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#underWay;
  }

  /** The next beat tells the worker which settle allowances open analyses ask for. */
  settingsChanged(): void {
    this.#settings = "";
  }

  check(now: Instant): { readonly name: string; readonly ok: boolean; readonly detail: string } {
    const ageMs = now - this.#lastLook;
    const ok = ageMs < lookOverdueMs;
    return {
      name: "looks",
      ok,
      detail: ok ? "looking" : `no look has ended for ${Math.round(ageMs / 1000)} s`,
    };
  }

  async #beat(): Promise<void> {
    const { worker, log, clock } = this.#tools;
    try {
      this.#sendSettings();
      const now = clock.now();
      const behindMs = Math.max(0, now - this.#tools.readUpTo(now));
      const heldBackMs = Math.min(behindMs, heldBackAtMostMs);
      await worker.seal(now - heldBackMs);
      await this.#look(now, { heldBackMs, stale: behindMs > heldBackAtMostMs });
      await this.#keepHouse(now);
    } catch (error) {
      this.counters.failedLooks += 1;
      log.error({ err: error }, "a look failed; the next one tries again");
    }
  }

  async #look(now: Instant, lag: { readonly heldBackMs: number; readonly stale: boolean }): Promise<void> {
    const { ledger, poke, log, clock } = this.#tools;
    await this.#tracer.startActiveSpan("haldane.look", async (span) => {
      try {
        this.#openAutomatic(now);
        const onFault = (analysisId: string, error: unknown): void => {
          this.counters.failedLooks += 1;
          log.error({ err: error, analysisId }, "a look at one analysis failed; the next one tries again");
        };
        if ((await inSlices(ledger.lookInSteps(now, { ...lag, onFault }))) > 0) poke();
        this.counters.looks += 1;
        this.#lastLook = clock.now();
        this.counters.lastLookMs = this.#lastLook - now;
      } finally {
        span.end();
      }
    });
  }

  /** Versions that emit at once are looked for once each window: the question reads a minute of samples. */
  #openAutomatic(now: Instant): void {
    const { ledger, log } = this.#tools;
    if (windowStart(now) === this.#lastWindow) return;
    this.#lastWindow = windowStart(now);
    for (const analysis of ledger.openAutomatic(now)) {
      const { id, service, environment, canary, baseline } = analysis;
      log.info(
        { id, service, environment, canary: canary.asked, baseline: baseline.asked },
        "analysis opened by itself, report only",
      );
      this.settingsChanged();
    }
  }

  #sendSettings(): void {
    const { ledger, worker, namedMetrics } = this.#tools;
    const settle = ledger.settleAllowances();
    const text = JSON.stringify(settle);
    if (text === this.#settings) return;
    worker.settings({ namedMetrics, settle });
    this.#settings = text;
  }

  async #keepHouse(now: Instant): Promise<void> {
    const { worker, control, ledger } = this.#tools;
    if (now - this.#lastCheckpoint >= checkpointEveryMs) {
      this.#lastCheckpoint = now;
      control.checkpoint("passive");
    }
    if (now - this.#lastRetain < retainEveryMs) return;
    const { merged } = await worker.retain(now, ledger.pinnedFrom());
    this.#lastRetain = merged > 0 ? now - retainEveryMs + retainAgainMs : now;
  }
}
