import { createHash } from "node:crypto";
import type { OtlpLine } from "#cli/read-otlp-lines.ts";
import type { Replay, ReplayOptions } from "#cli/replay.ts";
import type { ReplayLook, ReplayOutput } from "#cli/replay-output.ts";
import { Accumulate } from "#engine/accumulate.ts";
import { whyNothingOpened } from "#engine/automatic.ts";
import { Ledger } from "#engine/ledger.ts";
import { defaultPolicy, type Policy } from "#engine/policy.ts";
import { resolveArm, sameService } from "#engine/resolve-arm.ts";
import { sayServicesSeen, sayVersionsSeen } from "#engine/say-seen.ts";
import { visitBody } from "#ingest/otlp/body.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Deployment } from "#model/deployment.ts";
import { BoundedInterner } from "#model/interner.ts";
import type { Result } from "#model/result.ts";
import { windowLengthMs, windowStart, type Instant } from "#model/time.ts";
import type { Reason } from "#model/verdict.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { openTelemetry, type Telemetry } from "#store/sqlite/open-telemetry.ts";
import { LineQueue, type TimedLine } from "./line-queue.ts";

/** A line that came twice within this event time counts once, as a retried body does. */
const retryMs = 600_000;

/**
 * The engine in virtual time over recorded lines: the same decoders, accumulation, stores and ledger as the server, with the
 * newest event time as the clock and no controller. The end of the lines is not taken for silence.
 */
export const replay: Replay = async (lines, options, output) => {
  const run = new ReplayRun(options, output);
  const queue = new LineQueue(run.policy.settle);
  try {
    for await (const line of lines) {
      for (const ready of queue.push(line)) run.take(ready);
    }
    for (const ready of queue.drain()) run.take(ready);
    run.finish();
  } finally {
    run.close();
  }
};

class ReplayRun {
  readonly policy: Policy;
  readonly #options: ReplayOptions;
  readonly #output: ReplayOutput;
  readonly #telemetry: Telemetry;
  readonly #control: ReturnType<typeof opened<ReturnType<typeof openControlStore>>>;
  readonly #accumulate: Accumulate;
  readonly #ledger: Ledger;
  readonly #tracked = new Map<string, Analysis>();
  readonly #told = new Set<string>();
  readonly #digests = new Map<string, Instant>();
  #forgotAt: Instant = -Infinity;
  #nextLook: Instant | null = null;
  #newest: Instant = -Infinity;

  constructor(options: ReplayOptions, output: ReplayOutput) {
    this.#options = options;
    this.#output = output;
    this.policy = options.policy ?? defaultPolicy;
    this.#telemetry = opened(openTelemetry(":memory:"));
    this.#control = opened(openControlStore(":memory:"));
    const { writer, reader } = this.#telemetry;
    this.#accumulate = new Accumulate({
      interner: new BoundedInterner(),
      loadSample: (series, window, late) => writer.sample(series, window, late),
      namedMetrics: new Set(this.policy.metrics.map(({ name }) => name)),
    });
    this.#ledger = new Ledger(
      {
        policies: new Map([["default", this.policy]]),
        bindings: [],
        automatic: options.canary === null,
        openAnalyses: 100_000,
        signalsPerAnalysis: 200,
        paceMs: options.everyMs,
        storeEveryMs: Infinity,
      },
      { telemetry: reader, control: this.#control },
    );
  }

  take({ line, oldest, newest }: TimedLine): void {
    if (oldest !== null) this.#advance(oldest);
    if (this.#isRetry(line, newest)) return;
    this.#accumulate.begin(newest ?? this.#newest);
    const visited = visitBody(
      { signal: line.signal, format: "json", bytes: Buffer.from(line.text) },
      this.#accumulate,
    );
    if (!visited.ok) this.#output.badLine({ file: line.file, line: line.line, why: visited.error.message });
    if (newest !== null) this.#newest = Math.max(this.#newest, newest);
  }

  #isRetry(line: OtlpLine, newest: Instant | null): boolean {
    const digest = createHash("sha256").update(line.text).digest("base64");
    const before = this.#digests.get(digest);
    if (newest === null) return false;
    if (before !== undefined && newest - before <= retryMs) return true;
    this.#digests.set(digest, newest);
    if (newest - this.#forgotAt > retryMs) {
      for (const [known, at] of this.#digests) if (newest - at > retryMs) this.#digests.delete(known);
      this.#forgotAt = newest;
    }
    return false;
  }

  /** Looks at every pace up to `now`: all records before it have been taken. */
  #advance(now: Instant): void {
    const { everyMs } = this.#options;
    this.#nextLook ??= (Math.floor(now / everyMs) + 1) * everyMs;
    while (this.#nextLook <= now) {
      this.#flush();
      this.#accumulate.seal(this.#nextLook);
      this.#look(this.#nextLook, null);
      this.#nextLook += everyMs;
    }
  }

  #flush(): void {
    const batch = this.#accumulate.drain();
    for (const { service, environment } of batch.deployments) {
      this.#accumulate.setSettle(service, environment, this.policy.settle);
    }
    this.#telemetry.writer.commit({ ...batch, digests: [] });
  }

  #look(now: Instant, sealedTo: Instant | null): void {
    this.#openWhatIsDue(now);
    this.#ledger.look(now, { sealedTo });
    for (const before of [...this.#tracked.values()]) {
      if (this.#told.has(before.id)) continue;
      const analysis = this.#ledger.analysis(before.id) ?? before;
      this.#tracked.set(before.id, analysis);
      this.#output.look(lookOf(analysis));
      if (analysis.terminal !== null) this.#told.add(analysis.id);
    }
  }

  #openWhatIsDue(now: Instant): void {
    const { canary } = this.#options;
    if (canary === null) {
      for (const analysis of this.#ledger.openAutomatic(now)) this.#track(analysis);
      return;
    }
    for (const { service, environment } of this.#services()) {
      if (
        [...this.#tracked.values()].some((one) => one.service === service && one.environment === environment)
      ) {
        continue;
      }
      const found = resolveArm(this.#telemetry.reader.deployments(), { service, environment }, canary);
      if (!found.ok && found.error.tag === "notSeen") continue;
      const opened = this.#ledger.open(
        {
          service,
          environment,
          canary,
          baseline: this.#options.baseline,
          mode: "report",
          policy: null,
          idempotencyKey: null,
          requestDigest: "",
          openedBy: "replay",
        },
        now,
      );
      if (opened.ok) this.#track(opened.value.analysis);
    }
  }

  #track(analysis: Analysis): void {
    if (this.#isAskedFor(analysis.service)) this.#tracked.set(analysis.id, analysis);
  }

  #isAskedFor(service: string): boolean {
    return this.#options.service === null || sameService(this.#options.service, service);
  }

  /** Services and environments asked for, in order of name. */
  #services(): readonly {
    readonly service: string;
    readonly environment: string;
    readonly group: readonly Deployment[];
  }[] {
    const groups = new Map<string, Deployment[]>();
    for (const deployment of this.#telemetry.reader.deployments()) {
      if (!this.#isAskedFor(deployment.service)) continue;
      const key = JSON.stringify([deployment.service, deployment.environment]);
      groups.set(key, [...(groups.get(key) ?? []), deployment]);
    }
    return [...groups.entries()]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([, group]) => {
        const [first] = group;
        return first === undefined ? [] : [{ service: first.service, environment: first.environment, group }];
      });
  }

  /** The clock stops at the last record plus the settle allowance; the window of that record is the last one judged. */
  finish(): void {
    this.#flush();
    if (Number.isFinite(this.#newest)) {
      const end = Math.max(this.#newest + this.policy.settle, (this.#nextLook ?? 0) - this.#options.everyMs);
      this.#accumulate.seal(end);
      this.#look(end, windowStart(this.#newest) + windowLengthMs);
    }
    for (const { service, environment, group } of this.#services()) {
      const analyses = [...this.#tracked.values()].filter(
        (one) => one.environment === environment && sameService(one.service, service),
      );
      const newest = analyses.reduce<Analysis | null>(
        (last, one) => (last === null || one.opened >= last.opened ? one : last),
        null,
      );
      const last = newest === null ? this.#nothingOpened(service, environment, group) : lookOf(newest);
      const missing = sayVersionsSeen(group, { ...this.#options, service });
      const why = newest === null && missing.length > 0 ? [] : last.reasons;
      this.#output.final({ ...last, reasons: [...missing.map(waiting), ...why] });
    }
    if (this.#services().length === 0 && this.#options.service !== null) {
      const seen = sayServicesSeen(this.#options.service, this.#telemetry.reader.deployments());
      const last = this.#nothingOpened(this.#options.service, "", []);
      this.#output.final({ ...last, reasons: [waiting(seen)] });
    }
  }

  #nothingOpened(service: string, environment: string, group: readonly Deployment[]): ReplayLook {
    const { canary, baseline } = this.#options;
    const instances = this.#telemetry.reader.instances(group.map(({ id }) => id));
    const text = whyNothingOpened(group.length === 0 ? 0 : 1, group.length, instances);
    return {
      service,
      environment,
      canary: canary ?? "",
      baseline: baseline ?? "",
      verdict: "continue",
      at: Number.isFinite(this.#newest) ? this.#newest : 0,
      elapsedMs: 0,
      reasons: [waiting(text)],
      findings: [],
    };
  }

  close(): void {
    this.#telemetry.close();
    this.#control.close();
  }
}

function waiting(text: string): Reason {
  return { code: "waiting", text };
}

function lookOf(analysis: Analysis): ReplayLook {
  const { service, environment, canary, baseline, verdict, opened: since, findings } = analysis;
  return {
    service,
    environment,
    canary: canary.label,
    baseline: baseline.label,
    verdict: verdict.word,
    at: verdict.at,
    elapsedMs: Math.max(0, verdict.at - since),
    reasons: verdict.reasons,
    findings,
  };
}

/** A database in memory opens or the process is broken. */
function opened<R extends Result<unknown, { readonly message: string }>>(
  result: R,
): Extract<R, { readonly ok: true }>["value"] {
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}
