import { splitLogE } from "#analyzers/stats/split-evidence.ts";

export interface SplitQuestion {
  /** Requests of each arm over the windows in which one declared share was in force. */
  readonly canary: number;
  readonly baseline: number;
  /** Share of the traffic that the canary should have, in (0, 1). */
  readonly declaredCanaryShare: number;
  /** Part of the declared share by which a router may be off. */
  readonly tolerance?: number;
}

export interface SplitConclusion {
  /** Natural log of the e-value against "within the tolerance". */
  readonly logE: number;
  /** Observed canary share of requests; null without requests. */
  readonly effect: number | null;
  /** Shares that the tolerance allows. */
  readonly low: number;
  readonly high: number;
}

/** Routers keep a share only roughly: a point null trips on every real one. */
const defaultTolerance = 0.1;

/**
 * Did the traffic split as declared? e-values of spans with different declared shares multiply (add the logs).
 * A declared share of 0 or 1 leaves no split to test: evidence 0.
 */
export function concludeSplit(question: SplitQuestion): SplitConclusion {
  const { canary, baseline, declaredCanaryShare, tolerance = defaultTolerance } = question;
  const total = canary + baseline;
  const low = declaredCanaryShare * (1 - tolerance);
  const high = Math.min(1, declaredCanaryShare * (1 + tolerance));
  const testable = declaredCanaryShare > 0 && declaredCanaryShare < 1;
  return {
    logE: testable ? splitLogE(canary, baseline, low, high) : 0,
    effect: total > 0 ? canary / total : null,
    low,
    high,
  };
}
