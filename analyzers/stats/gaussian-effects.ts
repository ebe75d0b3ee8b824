import { logAddExp, logSumExp } from "./log-sum-exp.ts";
import { normalLogSf, normalQuantile } from "./normal.ts";

/** An estimated difference d with its information 1 / Var(d), as a score: S = V d. */
export interface GaussianScore {
  readonly score: number;
  readonly information: number;
}

/** Null and harm of the Gaussian random-effects test. */
export interface GaussianEffects {
  /** Variance of the difference between equal deployments with these instances. */
  readonly tauSquared: number;
  /** Difference at which the null is centred. */
  readonly centre: number;
  /** Share of the null beyond the threshold of the truncated half. */
  readonly tailShare: number;
  /** Steps by which the other half shifts the null. */
  readonly steps: readonly number[];
}

/**
 * ln of the Gaussian random-effects e-value (E3) in closed form: the marginal of d under one half the null shifted by each step
 * and one half the null truncated beyond its 1 - tailShare quantile, over its marginal under the null N(centre, tau^2).
 * One-sided (large d). For a tau that is known; where it is estimated, use the t null on a grid (gauge evidence does).
 * Valid at any look where S has independent increments with variance V, as for sums and least squares.
 */
export function gaussianEffectsLogE(
  { score, information }: GaussianScore,
  { tauSquared, centre, tailShare, steps }: GaussianEffects,
): number {
  if (!(information > 0)) return 0;
  const total = tauSquared + 1 / information;
  const excess = score / information - centre;
  const shifted =
    logSumExp(steps.map((v) => (excess * v - (v * v) / 2) / total)) - Math.log(steps.length) - Math.LN2;
  if (tauSquared === 0) return shifted;
  const spread = Math.sqrt(tauSquared / (1 + tauSquared * information));
  const mean = (excess * tauSquared) / total;
  const threshold = -normalQuantile(tailShare) * Math.sqrt(tauSquared);
  const tail = normalLogSf((threshold - mean) / spread) - Math.log(tailShare) - Math.LN2;
  return logAddExp(shifted, tail);
}
