import type { Analysis } from "#model/analysis.ts";
import type { VerdictWord } from "#model/verdict.ts";
import type { SampleRow } from "#model/sample.ts";
import { look, type Judged } from "#engine/look.ts";
import { newAnalysis } from "#engine/new-analysis.ts";
import { parsePolicy, type Policy } from "#engine/policy.ts";
import type { SampleQuery, TelemetryReader } from "#engine/ports.ts";
import { emptyEngineState, type EngineState } from "#engine/signal.ts";
import { horizonSeconds, onset, windowIndex, type Stream } from "./stream.ts";

/** The verdict is polled this often. */
export const pollSeconds = 10;

/** What the engine said of one stream. Seconds from the onset. */
export interface HaldaneVerdict {
  readonly word: VerdictWord;
  readonly at: number;
  /** Reason codes of the last verdict. */
  readonly codes: readonly string[];
  /** First look at which everything guarded was proven and nothing blocked: there it would have promoted, had the policy not bid it wait. */
  readonly provenAt: number | null;
  /** The highest log e-value against "no harm" of all looks. */
  readonly peakLogHarm: number;
  /** Signals named at a rollback for harm. */
  readonly culprits: readonly string[];
  /** Highest lower and lowest upper end of the interval shown for the ratio of errors, over all looks. */
  readonly interval: readonly [low: number, high: number];
  /** The widest margins used at the end, by guarded signal. */
  readonly margins: Readonly<Record<string, number>>;
}

/** Reads a stream as the store would hold it at an instant. */
class StreamReader implements TelemetryReader {
  now = onset;
  readonly #stream: Stream;

  constructor(stream: Stream) {
    this.#stream = stream;
  }

  deployments(): Stream["deployments"] {
    return this.#stream.deployments;
  }

  patterns(): readonly [] {
    return [];
  }

  instances(deploymentIds: readonly number[]): Stream["instances"] {
    return this.#stream.instances.filter(({ deploymentId }) => deploymentIds.includes(deploymentId));
  }

  samples({ deploymentIds, from, to, late }: SampleQuery): readonly SampleRow[] {
    const side = deploymentIds[0] === 2 ? "canary" : "baseline";
    if (deploymentIds.length === 0) return [];
    if (late)
      return this.#stream.late
        .filter(
          (one) =>
            one.side === side && one.arrives <= this.now && one.row.window >= from && one.row.window < to,
        )
        .map(({ row }) => row);
    return this.#stream.rows[side].slice(Math.max(0, windowIndex(from)), Math.max(0, windowIndex(to))).flat();
  }

  tallies(): [] {
    return [];
  }

  activity(): [] {
    return [];
  }
}

export function policyOf(changes: Readonly<Record<string, unknown>>): Policy {
  const parsed = parsePolicy({ apiVersion: "haldane/v1", kind: "Policy", ...changes });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function openAt(policy: Policy): Analysis {
  const request = {
    service: "shop",
    environment: "prod",
    canary: "canary",
    baseline: "baseline",
    mode: "report",
    policy: policy.name,
    idempotencyKey: null,
    requestDigest: "",
    openedBy: "bench",
  } as const;
  return newAnalysis(
    { request, baseline: "baseline", policy, mode: "report", controller: null, attempt: 1 },
    onset,
  ).analysis;
}

/** True where only the policy's minimum stands between the evidence and a promotion. */
function isProven({ verdict, findings }: Analysis): boolean {
  if (verdict.word === "promote") return true;
  const guarded = findings.filter((finding) => finding.guarded);
  return (
    verdict.word === "continue" &&
    verdict.reasons.length === 1 &&
    verdict.reasons[0]?.code === "collecting" &&
    guarded.length > 0 &&
    guarded.every(({ conclusion }) => conclusion === "notWorse")
  );
}

/** What the interval of the service's errors leaves of those of earlier looks. */
function narrowed(
  [low, high]: HaldaneVerdict["interval"],
  { findings }: Analysis,
): HaldaneVerdict["interval"] {
  const shown = findings.find(({ signal }) => signal === "errors")?.interval;
  return [Math.max(low, shown?.[0] ?? 0), Math.min(high, shown?.[1] ?? Infinity)];
}

/** How a stream is played where it is not as usual. */
export interface Play {
  readonly signalCap?: number;
  readonly everySeconds?: number;
  readonly untilSecond?: number;
  /** Told the processor time of each look. */
  readonly onLook?: (tookMs: number) => void;
}

/** Plays one stream through the engine's own look, every ten seconds until a terminal verdict. */
export function playHaldane(stream: Stream, policy: Policy, play: Play = {}): HaldaneVerdict {
  const { signalCap = 200, everySeconds = pollSeconds, untilSecond = horizonSeconds + 60 } = play;
  const telemetry = new StreamReader(stream);
  let analysis = openAt(policy);
  let state: EngineState = emptyEngineState;
  let last: Judged | null = null;
  let provenAt: number | null = null;
  let peakLogHarm = 0;
  let second = 0;
  let culprits: readonly string[] = [];
  let interval: HaldaneVerdict["interval"] = [0, Infinity];
  while (analysis.terminal === null && second < untilSecond) {
    second += everySeconds;
    telemetry.now = onset + second * 1000;
    const started = process.cpuUsage();
    const outcome = look({
      analysis,
      state,
      policy,
      telemetry,
      deployments: stream.deployments,
      newest: null,
      now: telemetry.now,
      paceMs: everySeconds * 1000,
      frozen: false,
      stale: false,
      signalCap,
      sealedTo: null,
      last,
    });
    play.onLook?.(process.cpuUsage(started).user / 1000);
    analysis = outcome.analysis;
    state = outcome.state;
    last = outcome.judged;
    peakLogHarm = Math.max(peakLogHarm, last?.judgement.logHarm ?? 0);
    culprits = last?.judgement.culprits.map(({ signal }) => signal.id) ?? culprits;
    interval = narrowed(interval, analysis);
    if (provenAt === null && isProven(analysis)) provenAt = second;
  }
  return {
    word: analysis.verdict.word,
    at: second,
    codes: analysis.verdict.reasons.map(({ code }) => code),
    provenAt,
    peakLogHarm,
    culprits,
    interval,
    margins: Object.fromEntries(
      analysis.findings.flatMap(({ signal, guarded, margin }) =>
        guarded && margin !== null ? [[signal, margin]] : [],
      ),
    ),
  };
}
