import { concludeDuration, type DurationConclusion } from "#analyzers/metrics/duration.ts";
import type { DurationPlan, QuantileConclusion } from "#analyzers/metrics/duration-plan.ts";
import {
  concludeShare,
  limitPart,
  sequentialPart,
  type ShareConclusion,
  type SharePlan,
} from "#analyzers/metrics/share.ts";
import type { Conclusion, Finding } from "#model/finding.ts";
import { formatDuration } from "#model/time.ts";
import { attemptFactor, durationPlan, sharePlan, type FoldContext } from "./fold.ts";
import type { Policy } from "./policy.ts";
import type { Signal, SignalState } from "./signal.ts";
import { durationTile, shareTile, type ArmRow } from "./tiles.ts";
import { sayCount, sayInterval, sayQuantile, sayRatio, sayShare, sayValue } from "./wording.ts";

/** Share of alpha that is kept for the one exact test at the deadline. */
export function deadlineShare({ errors }: Policy): number {
  return errors.limit === null ? 0.25 : 0.25 - limitPart;
}

/** A finding with what the verdict needs beside it. */
export interface Concluded {
  readonly finding: Finding;
  readonly signal: Signal;
  /** Natural log of the e-value against "no worse than the tolerance"; null while unknown. */
  readonly logHarm: number | null;
  readonly logSafe: number | null;
  readonly deadlineP: number | null;
  /** What is shown of the canary alone, where it breaks the policy's limit; else null. */
  readonly overLimit: string | null;
  /** What would let this guarded signal be proven, where its instances cannot resolve even the widest margin; else null. */
  readonly unprovable: string | null;
}

/** Log of the e-value at which all evidence together shows harm. */
export function harmThreshold(alpha: number, attempt: number): number {
  return -Math.log(sequentialPart * alpha * attemptFactor(attempt));
}

/** The conclusion on one signal, from its evidence and the late rows of both arms. */
export function concludeSignal(
  state: Exclude<SignalState, { test: "gauge" }>,
  lateRows: readonly ArmRow[],
  context: FoldContext,
): Concluded {
  const { signal } = state;
  const { policy, counts, attempt, deadline } = context;
  switch (state.test) {
    case "waiting":
      return unknown(
        signal,
        "waiting for enough baseline requests to fix where its distribution is cut",
        context,
      );
    case "unusable":
      return unknown(signal, state.why, context);
    case "share": {
      const late = lateRows.length === 0 ? null : shareTile(lateRows, signal, counts.source, null);
      const plan = { ...sharePlan(signal, policy, attempt, state.chance), deadline };
      return shareFinding(signal, concludeShare(state.evidence, late, plan), context, plan);
    }
    case "duration": {
      const late =
        lateRows.length === 0
          ? null
          : durationTile(lateRows, signal, counts.source, context.isWarm, null).tile;
      const plan = { ...durationPlan(signal, policy, attempt, state.chance), deadline };
      return durationFinding(signal, concludeDuration(state.evidence, late, plan), context, plan);
    }
  }
}

function shareFinding(
  signal: Signal,
  conclusion: ShareConclusion,
  context: FoldContext,
  limits: SharePlan,
): Concluded {
  const { canary, baseline } = conclusion;
  const hasEvidence = canary.n > 0 && baseline.n > 0;
  const result = concludes({
    hasEvidence,
    logHarm: conclusion.logHarm,
    logSafe: conclusion.logSafe,
    signal,
    context,
  });
  const overLimit = overLimitOf(conclusion, limits, context);
  const noun = nounOf(signal);
  const place = signal.operation === "" ? "the service" : signal.operation;
  const rates = `${sayShare(canary.n === 0 ? 0 : canary.x / canary.n)} of ${sayCount(canary.n, "canary request")} against ${sayShare(baseline.n === 0 ? 0 : baseline.x / baseline.n)} of ${sayCount(baseline.n, "baseline request")}`;
  const ratio = sayEffect(conclusion);
  const limit = `${sayRatio(conclusion.marginUsed)}${limits.ceiling === null ? "" : ` or ${sayShare(limits.ceiling)}`}`;
  const sentences: Record<Conclusion, string> = {
    worse: `${place}: ${noun} in ${rates}${ratio}; up to ${sayRatio(limits.tolerance)} is tolerated`,
    notWorse: `${place}: ${noun} in ${rates}; proven below ${limit}`,
    open: `${place}: ${noun} in ${rates}${ratio}; neither harm nor safety (${limit}) is proven yet`,
    unknown: `${place}: no ${canary.n === 0 ? "canary" : "baseline"} requests to compare yet`,
  };
  return {
    signal,
    logHarm: hasEvidence ? conclusion.logHarm : null,
    logSafe: hasEvidence ? conclusion.logSafe : null,
    deadlineP: conclusion.deadlineP,
    overLimit,
    unprovable: unprovableOf(signal, conclusion, limits.atMost),
    finding: {
      ...frame(signal),
      conclusion: overLimit === null ? result : "worse",
      why: overLimit ?? sentences[result],
      canary: reading(canary.n, canary.x, canary.instances),
      baseline: reading(baseline.n, baseline.x, baseline.instances),
      effect: conclusion.effect,
      interval: conclusion.interval,
      tolerance: limits.tolerance,
      margin: conclusion.marginUsed,
      // Before both arms have served, the margin of no instances says nothing.
      marginWhy: hasEvidence ? conclusion.marginWhy : null,
      evidence: evidenceOf(signal, context, {
        harm: hasEvidence ? conclusion.logHarm : null,
        safe: hasEvidence ? conclusion.logSafe : null,
        tiles: conclusion.tilesUsed,
      }),
    },
  };
}

function durationFinding(
  signal: Signal,
  conclusion: DurationConclusion,
  context: FoldContext,
  limits: DurationPlan,
): Concluded {
  const { canary, baseline } = conclusion;
  const hasEvidence = canary.n > 0 && baseline.n > 0;
  const result = concludes({
    hasEvidence,
    logHarm: conclusion.logHarm,
    logSafe: conclusion.logSafe,
    signal,
    context,
  });
  const place =
    signal.operation === "" ? (signal.metric === "" ? "the service" : signal.metric) : signal.operation;
  const unit = conclusion.unit;
  const worst = conclusion.perQuantile.reduce<QuantileConclusion | null>(
    (top, one) => ((one.effect ?? 0) > (top?.effect ?? -1) ? one : top),
    null,
  );
  const shown = (value: number | null | undefined): string =>
    value === null || value === undefined ? "unknown" : sayValue(value, unit);
  const values = `${sayQuantile(worst?.q ?? 0.5)} ${shown(worst?.canaryValue)} in ${sayCount(canary.n, "canary request")} against ${shown(worst?.baselineValue)} in ${sayCount(baseline.n, "baseline request")}`;
  const ratio = sayEffect(conclusion);
  const margin = sayRatio(conclusion.marginUsed);
  const sentences: Record<Conclusion, string> = {
    worse: `${place} is slower: ${values}${ratio}; up to ${sayRatio(limits.tolerance)} is tolerated`,
    notWorse: `${place}: ${values}; proven below ${margin} at every guarded quantile`,
    open: `${place}: ${values}${ratio}; neither harm nor safety (${margin}) is proven yet`,
    unknown: `${place}: no durations of ${canary.n === 0 ? "the canary" : "the baseline"} to compare yet${sayWarmUp(context)}`,
  };
  return {
    signal,
    logHarm: hasEvidence ? conclusion.logHarm : null,
    logSafe: hasEvidence ? conclusion.logSafe : null,
    deadlineP: conclusion.deadlineP,
    overLimit: null,
    unprovable: unprovableOf(signal, conclusion, limits.atMost),
    finding: {
      ...frame(signal),
      conclusion: result,
      why: sentences[result],
      canary: { n: canary.n, value: canary.p50, unit, instances: canary.instances },
      baseline: { n: baseline.n, value: baseline.p50, unit, instances: baseline.instances },
      effect: conclusion.effect,
      interval: conclusion.interval,
      tolerance: limits.tolerance,
      margin: conclusion.marginUsed,
      // Before both arms have served, the margin of no instances says nothing.
      marginWhy: hasEvidence ? conclusion.marginWhy : null,
      evidence: evidenceOf(signal, context, {
        harm: hasEvidence ? conclusion.logHarm : null,
        safe: hasEvidence ? conclusion.logSafe : null,
        tiles: conclusion.tilesUsed,
      }),
    },
  };
}

/** The canary alone against the policy's limit, whatever the baseline has or does not have. */
function overLimitOf(
  { overLimit }: ShareConclusion,
  { limit }: SharePlan,
  { policy, attempt }: FoldContext,
): string | null {
  if (limit === null || overLimit === null) return null;
  const { n, x, logE } = overLimit;
  if (logE < -Math.log(limitPart * policy.alpha * attemptFactor(attempt))) return null;
  return `the service: errors in ${sayShare(x / n)} of ${sayCount(n, "canary request")}; the policy allows ${sayShare(limit)} whatever the baseline has`;
}

/** Durations that are missing at the start are those of instances that warm up. */
function sayWarmUp({ policy }: FoldContext): string {
  return policy.warmUp === 0
    ? ""
    : `: those of an instance count once it is ${formatDuration(policy.warmUp)} old`;
}

/** Worse once this signal alone would decide; not worse once non-inferiority is proven; else open. Harm first. */
export function concludes(input: {
  readonly hasEvidence: boolean;
  readonly logHarm: number;
  readonly logSafe: number | null;
  readonly signal: Signal;
  readonly context: FoldContext;
}): Conclusion {
  const { policy, attempt } = input.context;
  if (!input.hasEvidence) return "unknown";
  if (input.logHarm >= harmThreshold(policy.alpha, attempt) - Math.log(input.signal.weight)) return "worse";
  return input.logSafe !== null && input.logSafe >= -Math.log(policy.beta) ? "notWorse" : "open";
}

function unknown(signal: Signal, why: string, context: FoldContext): Concluded {
  const place = signal.operation === "" ? "the service" : signal.operation;
  const nothing = { n: 0, value: null, unit: "", instances: 0 };
  return {
    signal,
    logHarm: null,
    logSafe: null,
    deadlineP: null,
    overLimit: null,
    unprovable: null,
    finding: {
      ...frame(signal),
      conclusion: "unknown",
      why: `${place}: ${signal.kind} unknown: ${why}`,
      canary: nothing,
      baseline: nothing,
      effect: null,
      interval: null,
      tolerance: null,
      margin: null,
      marginWhy: null,
      evidence: evidenceOf(signal, context, { harm: null, safe: null, tiles: 0 }),
    },
  };
}

/** What a finding has of its signal. */
export function frame(signal: Signal): Pick<Finding, "signal" | "kind" | "operation" | "guarded" | "weight"> {
  return {
    signal: signal.id,
    kind: signal.kind,
    operation: signal.operation,
    guarded: signal.guarded,
    weight: signal.weight,
  };
}

/** Evidence with what it must reach. */
export function evidenceOf(
  signal: Signal,
  { policy, counts, attempt }: FoldContext,
  evidence: { readonly harm: number | null; readonly safe: number | null; readonly tiles: number },
): Finding["evidence"] {
  return {
    ...evidence,
    harmNeeded: harmThreshold(policy.alpha, attempt) - Math.log(signal.weight),
    safeNeeded: signal.guarded ? -Math.log(policy.beta) : null,
    tileMs: counts.tileMs,
  };
}

/** ", 1.42x (interval 1.2x to 1.6x)", with what is known of the two. */
function sayEffect({ effect, interval }: Pick<ShareConclusion, "effect" | "interval">): string {
  if (interval === null) return effect === null ? "" : `, ${sayRatio(effect)}`;
  return effect === null
    ? `, ${sayInterval(interval)}`
    : `, ${sayRatio(effect)} (interval ${sayInterval(interval)})`;
}

function unprovableOf(
  signal: Signal,
  {
    provable,
    canary,
    baseline,
  }: Pick<ShareConclusion | DurationConclusion, "provable"> & {
    readonly canary: { readonly instances: number };
    readonly baseline: { readonly instances: number };
  },
  atMost: number,
): string | null {
  if (provable || !signal.guarded || canary.instances === 0 || baseline.instances === 0) return null;
  return `${signal.id}: ${sayCount(canary.instances, "canary instance")} against ${baseline.instances} cannot prove even ${sayRatio(atMost)}, with any traffic; more instances would${signal.kind === "errors" ? ", or a ceiling" : ", or a wider atMost"}`;
}

function reading(n: number, x: number, instances: number): Finding["canary"] {
  return { n, value: n === 0 ? null : x / n, unit: "share", instances };
}

function nounOf(signal: Signal): string {
  switch (signal.kind) {
    case "errors":
      return "errors";
    case "logs":
      return "logged errors";
    case "counter":
    case "gauge":
      return signal.metric;
    case "latency":
    case "histogram":
      return "durations";
  }
}
