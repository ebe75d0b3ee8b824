import type { Analysis } from "#model/analysis.ts";
import type { Instance } from "#model/deployment.ts";
import type { FindingKind } from "#model/finding.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import type { SampleRow } from "#model/sample.ts";
import type { Instant } from "#model/time.ts";
import { concludeVerdict } from "./conclude-verdict.ts";
import { judge } from "./judge.ts";
import { newAnalysis } from "./new-analysis.ts";
import type { Policy } from "./policy.ts";
import { emptyEngineState, type EngineState } from "./signal.ts";
import type { ArmName, ArmRow } from "./tiles.ts";

/** One version compared with itself: some of its instances play the canary over a stretch of its history. */
export interface TrialInput {
  /** Rows of one deployment in [from - before, to), ascending by window. */
  readonly rows: readonly SampleRow[];
  readonly instances: readonly Instance[];
  readonly patterns: readonly LogPattern[];
  readonly asCanary: ReadonlySet<number>;
  readonly policy: Policy;
  readonly from: Instant;
  readonly to: Instant;
  /** Time between two looks. */
  readonly everyMs: number;
  readonly signalCap: number;
}

/** What a comparison of equals showed. Anything but `rolledBack: false` and no alarm is a false alarm. */
export interface Trial {
  readonly rolledBack: boolean;
  /** Kinds of signals that alone would have been taken for worse at some look. */
  readonly alarms: ReadonlySet<FindingKind>;
  /** Kinds of signals that were judged at all. */
  readonly judged: ReadonlySet<FindingKind>;
}

/** Baseline history before the canary that a look reads. */
export const beforeMs = 600_000;

/** Plays one comparison with the engine's own verbs, look by look, to the end of its stretch and the test of the deadline. */
export function playTrial(input: TrialInput): Trial {
  const { from, to, everyMs, policy } = input;
  const armed = input.rows.map((row): ArmRow => ({ arm: armOf(row, input.asCanary), row }));
  const before = armed.filter(
    ({ arm, row }) => arm === "baseline" && row.window >= from - beforeMs && row.window < from,
  );
  const analysis = analysisOf(policy, from);
  const alarms = new Set<FindingKind>();
  const judged = new Set<FindingKind>();
  let state: EngineState & { readonly evidenceFrom: Instant } = { ...emptyEngineState, evidenceFrom: from };
  for (let now = from + everyMs; ; now += everyMs) {
    const sealedTo = Math.min(now, to);
    const last = sealedTo === to;
    const since = foldedTo(state);
    const judgement = judge({
      analysis,
      policy,
      state,
      rows: armed.filter(({ row }) => row.window >= since && row.window < sealedTo),
      lateRows: [],
      before: state.counts === null ? before : [],
      instances: input.instances,
      patterns: input.patterns,
      sealedTo,
      deadline: last,
      signalCap: input.signalCap,
    });
    for (const { finding } of judgement.concluded) {
      if (finding.conclusion !== "unknown") judged.add(finding.kind);
      if (finding.conclusion === "worse") alarms.add(finding.kind);
    }
    const ending = last ? from + policy.horizon : sealedTo;
    const { verdict } = concludeVerdict({
      analysis,
      policy,
      judgement,
      sealedTo,
      now: ending,
      frozen: true,
      stale: false,
    });
    if (verdict.word === "rollback") return { rolledBack: true, alarms, judged };
    if (last) return { rolledBack: false, alarms, judged };
    state = { ...judgement.state, evidenceFrom: from };
  }
}

function analysisOf(policy: Policy, from: Instant): Analysis {
  const request = {
    service: "",
    environment: "",
    canary: "",
    baseline: null,
    mode: "report" as const,
    policy: null,
    idempotencyKey: null,
    requestDigest: "",
    openedBy: "calibrate",
  };
  const given = { request, baseline: "", policy, mode: "report" as const, controller: null, attempt: 1 };
  return newAnalysis(given, from).analysis;
}

function armOf({ instanceId }: SampleRow, asCanary: ReadonlySet<number>): ArmName {
  return asCanary.has(instanceId) ? "canary" : "baseline";
}

/** The oldest window that some signal has not folded. */
function foldedTo({
  counts,
  signals,
  integrity,
  evidenceFrom,
}: EngineState & { readonly evidenceFrom: Instant }): Instant {
  if (counts === null) return evidenceFrom;
  return Math.min(integrity.foldedTo ?? evidenceFrom, ...signals.map((signal) => signal.foldedTo));
}
