import { memo } from "./memo.ts";
import {
  logRatioOf,
  randomEffectsPriors,
  relativeLikelihood,
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

const priorsKept = memo<PriorPair>(1024);

/** The pair of priors for a test, remembered: pure in its arguments. `name` tells grids and steps apart. */
export function rememberedPriors(name: string, grid: readonly number[], effects: RandomEffects): PriorPair {
  const { centre, tau, degrees, sign, tailShare, edge } = effects;
  const key = `${name}|${centre}|${tau}|${degrees}|${sign}|${tailShare}|${edge}`;
  return priorsKept(key, () => randomEffectsPriors(grid, effects));
}

type Family = Map<number, PriorPair>;
const familiesKept = memo<Family>(128);

/** Priors centred at grid points, worked out as they are asked for. `direction` is 1 or -1 at `at + 1`. */
function priorsAt(family: Family, grid: readonly number[], plan: SequencePlan, direction: number): PriorPair {
  const known = family.get(direction);
  if (known !== undefined) return known;
  const priors = randomEffectsPriors(grid, {
    centre: grid[Math.abs(direction) - 1] ?? 0,
    tau: plan.tau,
    degrees: plan.degrees,
    sign: direction > 0 ? 1 : -1,
    tailShare: plan.alpha / 8,
    steps: plan.steps,
    edge: "split",
  });
  family.set(direction, priors);
  return priors;
}

/** The border between the excluded end and the rest: index of the first value that is not excluded, seen from `end`. */
function border(end: number, other: number, excluded: (at: number) => boolean): number {
  if (!excluded(end)) return end;
  let out = end;
  let inside = other;
  while (Math.abs(inside - out) > 1) {
    const middle = (out + inside) >> 1;
    if (excluded(middle)) out = middle;
    else inside = middle;
  }
  return inside;
}

/**
 * Confidence sequence for the log ratio that deployments like these would show: every grid value that neither one-sided
 * random-effects test at alpha/2 has rejected. Valid at all looks together, instances that differ included. Null where
 * nothing is excluded. A bound at an end of the grid means "that far or further". `name` tells grids and steps apart.
 */
export function ratioSequence(
  name: string,
  likelihood: readonly number[],
  grid: readonly number[],
  plan: SequencePlan,
): readonly [low: number, high: number] | null {
  const limit = Math.log(2 / plan.alpha);
  const family = familiesKept(`${name}|${plan.tau}|${plan.degrees}|${plan.alpha}`, () => new Map());
  const relative = relativeLikelihood(likelihood);
  const rejected = (direction: number): boolean =>
    logRatioOf(relative, priorsAt(family, grid, plan, direction)) >= limit;
  const last = grid.length - 1;
  const low = border(0, last, (at) => rejected(at + 1));
  const high = border(last, 0, (at) => rejected(-(at + 1)));
  if (low === 0 && high === last) return null;
  return [grid[Math.min(low, high)] ?? 0, grid[Math.max(low, high)] ?? 0];
}
