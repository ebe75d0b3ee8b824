import { memo } from "./memo.ts";
import {
  randomEffectsPriors,
  logRatioOfMarginals,
  type PriorPair,
  type RandomEffects,
} from "./random-effects.ts";

/** Spread, degrees and level of a confidence sequence for a log ratio. */
export interface SequencePlan {
  readonly tau: number;
  readonly degrees: number;
  /** Both sides together. */
  readonly alpha: number;
  readonly steps: readonly number[];
}

const priorsKept = memo<PriorPair>(4096);

/** The pair of priors for a test, remembered: pure in its arguments. `name` tells grids apart. */
export function rememberedPriors(name: string, grid: readonly number[], effects: RandomEffects): PriorPair {
  const { centre, tau, degrees, sign, tailShare, edge, steps } = effects;
  const key = `${name}|${centre}|${tau}|${degrees}|${sign}|${tailShare}|${edge}|${steps.length}|${steps[0] ?? 0}`;
  return priorsKept(key, () => randomEffectsPriors(grid, effects));
}

/**
 * Confidence sequence for the log ratio that deployments like these would show: every grid value that neither one-sided
 * random-effects test at alpha/2 has rejected. Valid at all looks together, instances that differ included. Null where
 * nothing is excluded. A bound at an end of the grid means "that far or further".
 */
export function ratioSequence(
  likelihood: readonly number[],
  grid: readonly number[],
  plan: SequencePlan,
): readonly [low: number, high: number] | null {
  const limit = Math.log(2 / plan.alpha);
  const excluded = (at: number, sign: 1 | -1): boolean => {
    const effects: RandomEffects = {
      centre: grid[at] ?? 0,
      tau: plan.tau,
      degrees: plan.degrees,
      sign,
      tailShare: plan.alpha / 8,
      steps: plan.steps,
      edge: "split",
    };
    return logRatioOfMarginals(likelihood, rememberedPriors("sequence", grid, effects)) >= limit;
  };
  const last = grid.length - 1;
  let low = 0;
  if (excluded(0, 1)) {
    let out = 0;
    let inside = last;
    while (inside - out > 1) {
      const middle = (out + inside) >> 1;
      if (excluded(middle, 1)) out = middle;
      else inside = middle;
    }
    low = inside;
  }
  let high = last;
  if (excluded(last, -1)) {
    let out = last;
    let inside = 0;
    while (out - inside > 1) {
      const middle = (out + inside) >> 1;
      if (excluded(middle, -1)) out = middle;
      else inside = middle;
    }
    high = inside;
  }
  if (low === 0 && high === last) return null;
  return [grid[Math.min(low, high)] ?? 0, grid[Math.max(low, high)] ?? 0];
}
