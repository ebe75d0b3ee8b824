import type { GaussianScore } from "./gaussian-effects.ts";
import { logRatioOf, relativeLikelihood, type RelativeLikelihood } from "./random-effects.ts";
import { evenGrid, logSpaced } from "./ratio-grid.ts";
import { gridOfRatios, ratioSequence, type GridOfRatios } from "./ratio-sequence.ts";

/** A grid of differences with its spacing: estimates are never taken as sharper than one step. */
export interface DifferenceGrid {
  readonly step: number;
  readonly on: GridOfRatios;
}

/** Differences from 100 steps below 0 to 200 above. Harm is looked for 2 to 150 steps beyond the null, prior density 1/v. */
export function differenceGrid(step: number): DifferenceGrid {
  return { step, on: gridOfRatios(evenGrid(-100 * step, step, 301), logSpaced(2 * step, 150 * step, 20)) };
}

/** How a difference (canary less baseline, positive = worse) is judged. */
export interface DifferencePlan {
  /** Error rate for false harm of this signal, with its weight. */
  readonly alphaUsed: number;
  /** Error rate of the interval, both sides together. */
  readonly alpha: number;
  readonly beta: number;
  /** Difference that is not yet harm. */
  readonly tolerance: number;
  /** Difference that promotion must exclude; null where it need not. */
  readonly margin: number | null;
  /** Spread of the difference between equal deployments with these instances, and the degrees of freedom behind it. */
  readonly tau: number;
  readonly degrees: number;
}

/** What an estimated difference says. `logHarm` and `logSafe` are natural logs of e-values. */
export interface DifferenceConclusion {
  readonly logHarm: number;
  readonly logSafe: number | null;
  readonly interval: readonly [low: number, high: number] | null;
}

/** Gaussian log-likelihood on the grid; estimates beyond it are taken at its ends, and rounding to a step is noise. */
function likelihoodOn(
  { step, on }: DifferenceGrid,
  { score, information }: GaussianScore,
): RelativeLikelihood {
  const last = on.grid.length - 1;
  const estimate = Math.min(on.grid[last] ?? 0, Math.max(on.grid[0] ?? 0, score / information));
  const sharpness = 1 / (1 / information + step * step);
  return relativeLikelihood(on.grid.map((u) => -0.5 * sharpness * (estimate - u) ** 2));
}

/**
 * Evidence on a difference that is estimated with Gaussian noise (E3): ratios of marginals whose null lets deployments differ
 * by Student's t with spread tau. Valid at any look, on average over deployments, where the score has independent
 * increments with the stated information (sums, means and least squares over time; asymptotic where the noise is
 * estimated). The closed form for a normal null is `gaussianEffectsLogE`; the tests hold the two together.
 */
export function concludeDifference(
  grid: DifferenceGrid,
  estimate: GaussianScore,
  plan: DifferencePlan,
): DifferenceConclusion {
  const { alphaUsed, alpha, beta, tolerance, margin, tau, degrees } = plan;
  if (!(estimate.information > 0)) return { logHarm: 0, logSafe: margin === null ? null : 0, interval: null };
  const likelihood = likelihoodOn(grid, estimate);
  const test = (centre: number, sign: 1 | -1, tailShare: number): number =>
    logRatioOf(likelihood, grid.on.priors({ centre, tau, degrees, sign, tailShare }));
  return {
    logHarm: test(tolerance, 1, alphaUsed / 4),
    logSafe: margin === null ? null : test(margin, -1, beta / 4),
    interval: ratioSequence(likelihood, grid.on, { tau: Math.max(tau, grid.step), degrees, alpha }),
  };
}
