import type { Histogram } from "#model/histogram.ts";
import type { OnsetRow } from "#analyzers/stats/late-onset.ts";

/** The durations that one instance served in one tile. */
export interface DurationArm {
  readonly instanceId: number;
  readonly histogram: Histogram;
}

/** One bucket of time: both arms over the same windows. */
export interface DurationTile {
  /** Number of the tile from the start of evidence, so that a slow-down that begins late is found; null for late rows. */
  readonly at: number | null;
  readonly canary: readonly DurationArm[];
  readonly baseline: readonly DurationArm[];
}

/** How a distribution of durations is judged. Ratios are of speed: 1.2 = 20 % slower. */
export interface DurationPlan {
  /** Error rate of the whole analysis for false rollback. */
  readonly alpha: number;
  /** Error rate for false promotion. */
  readonly beta: number;
  /** Weight of this signal in the mean of all, fixed at the start. */
  readonly weight: number;
  /** alpha multiplier of the attempt: 2^(1 - attempt). */
  readonly attemptFactor: number;
  /** Slow-down that is not yet harm. */
  readonly tolerance: number;
  /** Slow-down that promotion must exclude, unless the instances cannot resolve it. */
  readonly margin: number;
  /** Widest margin allowed. */
  readonly atMost: number;
  /** Guarded and displayed quantiles, such as 0.5 and 0.95. */
  readonly quantiles: readonly number[];
  /** Spread of ln speed between healthy instances, and the degrees of freedom behind it. */
  readonly tau0: number;
  readonly tauDegrees: number;
  readonly guarded: boolean;
  /** True at the end of the horizon: only then the chance for the deadline test is worked out. */
  readonly deadline?: boolean;
}

/** Requests of one instance over the tiles that carried evidence. */
export interface InstanceExposure {
  readonly instanceId: number;
  readonly n: number;
}

/**
 * All that is kept of the tiles so far: plain data, additive, the same in any order of tiles. What is derived from
 * `frozen` and `plan` (cut points, alternatives, shifts) is recomputed from them and never stored.
 */
export interface DurationEvidence {
  readonly frozen: Histogram;
  readonly plan: DurationPlan;
  /** Log-likelihoods for harm: one row a rung of the instance ladder (exponential) or a usable bound (explicit). */
  readonly harm: readonly (readonly number[])[];
  /** Log-likelihoods of the share of requests above a cut point: one row a guarded quantile and margin. */
  readonly shares: readonly (readonly number[])[];
  /** Requests above each displayed quantile in the newest tiles, for a slow-down that begins late. */
  readonly recent: readonly (readonly OnsetRow[])[];
  readonly canary: readonly InstanceExposure[];
  readonly baseline: readonly InstanceExposure[];
  readonly canaryTotal: Histogram;
  readonly baselineTotal: Histogram;
  readonly tilesUsed: number;
  /** Tiles in which one arm had no request. */
  readonly tilesSkipped: number;
  /** Tiles whose layout cannot be merged with the frozen one. */
  readonly tilesUnusable: number;
}

/** Why durations cannot be judged. */
export interface DurationRefusal {
  readonly tag: "tooCoarse" | "tooFew";
  readonly message: string;
}

/** The conclusion at one quantile. Values are in the histogram's unit. */
export interface QuantileConclusion {
  readonly q: number;
  readonly baselineValue: number | null;
  readonly canaryValue: number | null;
  /** Most likely slow-down: the factor that explains the canary's share above the baseline's frozen quantile. */
  readonly effect: number | null;
  /** Anytime-valid interval at 1 - alpha for that factor; null while nothing is excluded. */
  readonly interval: readonly [low: number, high: number] | null;
  /** Null where not guarded. */
  readonly logSafe: number | null;
  /** The value above which requests are counted. */
  readonly at: number;
}

export interface DurationReading {
  readonly n: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly instances: number;
}

/** What the tiles so far say. `logHarm` and `logSafe` are natural logs of e-values. */
export interface DurationConclusion {
  readonly logHarm: number;
  /** The smallest over the guarded quantiles; null where the signal is not guarded. */
  readonly logSafe: number | null;
  readonly perQuantile: readonly QuantileConclusion[];
  /** Of the quantile that moved most to the worse. */
  readonly effect: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly marginUsed: number;
  readonly marginWhy: string | null;
  readonly provable: boolean;
  readonly smallestProvableRatio: number;
  readonly tauE: number;
  readonly canary: DurationReading;
  readonly baseline: DurationReading;
  readonly unit: string;
  readonly tilesUsed: number;
  readonly layout: Histogram["layout"];
  /** Upper bound on the chance of as slow a canary at the tolerance; null without requests and before the deadline. */
  readonly deadlineP: number | null;
}

/** Fewest baseline requests on which cut points may freeze (decision 19). */
export const frozenRequestsNeeded = 100;
