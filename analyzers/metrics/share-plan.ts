/** How one share is judged. Ratios are canary / baseline. */
export interface SharePlan {
  /** Error rate of the whole analysis for false rollback. */
  readonly alpha: number;
  /** Error rate for false promotion. */
  readonly beta: number;
  /** Weight of this signal in the mean of all, fixed at the start. */
  readonly weight: number;
  /** alpha multiplier of the attempt: 2^(1 - attempt). */
  readonly attemptFactor: number;
  /** Ratio that is not yet harm. */
  readonly tolerance: number;
  /** Ratio that promotion must exclude, unless the instances cannot resolve it. */
  readonly margin: number;
  /** Widest margin allowed. */
  readonly atMost: number;
  /** Share below which the canary is good enough whatever the ratio; null = none. */
  readonly ceiling: number | null;
  /** Share above which the canary is harmful whatever the baseline has; null = none. */
  readonly limit: number | null;
  /** Relative spread of the share between healthy instances, and the degrees of freedom behind it. */
  readonly tau0: number;
  readonly tauDegrees: number;
  /** Dispersion of bursts: divides the evidence. */
  readonly phi: number;
  readonly guarded: boolean;
  /** True at the end of the horizon: only then the chance for the deadline test is worked out. */
  readonly deadline?: boolean;
}

/** Totals of one arm. */
export interface ShareReading {
  readonly n: number;
  readonly x: number;
  readonly instances: number;
}

/** What the tiles so far say. `logHarm` and `logSafe` are natural logs of e-values. */
export interface ShareConclusion {
  readonly logHarm: number;
  /** Null where the signal is not guarded. */
  readonly logSafe: number | null;
  /** ln of the e-value against "the canary's own share is at most the limit", over all that it served; null without a limit. */
  readonly overLimit: { readonly n: number; readonly x: number; readonly logE: number } | null;
  /** Most likely ratio; null without a baseline error. */
  readonly effect: number | null;
  /** Anytime-valid interval at 1 - alpha for the ratio; 0 and e^5 mean "or beyond"; null while nothing is excluded. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly marginUsed: number;
  readonly marginWhy: string | null;
  /** False where even `atMost` is narrower than what these instances can prove (a ceiling may still prove it). */
  readonly provable: boolean;
  readonly smallestProvableRatio: number;
  readonly tauE: number;
  readonly canary: ShareReading;
  readonly baseline: ShareReading;
  readonly tilesUsed: number;
  /** Upper bound on the chance of as many canary errors at the tolerance, given the total; null without errors and before the deadline. */
  readonly deadlineP: number | null;
}

/** The part of alpha that goes to a limit, where the policy sets one: it is taken from that of the deadline. */
export const limitPart = 0.1;

/** The part of alpha that goes to evidence of the whole run; 0.25 is kept for the deadline, 0.0975 goes to a harm that begins late. */
export const sequentialPart = 0.65;

/** alpha at which this signal alone would have to be shown worse. */
export function alphaUsed(plan: Pick<SharePlan, "alpha" | "attemptFactor" | "weight">): number {
  return sequentialPart * plan.alpha * plan.attemptFactor * plan.weight;
}
