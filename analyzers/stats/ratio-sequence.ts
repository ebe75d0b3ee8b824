import { memo } from "./memo.ts";
import {
  logRatioOf,
  randomEffectsPriors,
  type PriorPair,
  type RandomEffects,
  type RelativeLikelihood,
} from "./random-effects.ts";

/** A grid of log ratios with the steps that harm is looked for at; `priors` remembers what was worked out on it. */
export interface GridOfRatios {
  readonly grid: readonly number[];
  readonly steps: readonly number[];
  readonly priors: (effects: Omit<RandomEffects, "steps" | "edge">) => PriorPair;
  readonly family: (plan: SequencePlan) => Family;
}

/** Spread, degrees and level of a confidence sequence for a log ratio. */
export interface SequencePlan {
  readonly tau: number;
  readonly degrees: number;
  /** Both sides together. */
  readonly alpha: number;
}

/** Priors of one confidence sequence, as they are asked for: by grid index + 1, negative for tests from above. */
type Family = Map<number, PriorPair>;

/** A grid with its memory of priors: pure in what it answers. */
export function gridOfRatios(grid: readonly number[], steps: readonly number[]): GridOfRatios {
  const priorsKept = memo<PriorPair>(1024);
  const familiesKept = memo<Family>(128);
  return {
    grid,
    steps,
    priors: (effects) => {
      const { centre, tau, degrees, sign, tailShare } = effects;
      return priorsKept([tau, centre, sign, tailShare, degrees], () =>
        randomEffectsPriors(grid, { ...effects, steps, edge: "split" }),
      );
    },
    family: ({ tau, degrees, alpha }) => familiesKept([tau, degrees, alpha], () => new Map()),
  };
}

function priorsAt(family: Family, { grid, steps }: GridOfRatios, plan: SequencePlan, at: number): PriorPair {
  const known = family.get(at);
  if (known !== undefined) return known;
  const priors = randomEffectsPriors(grid, {
    centre: grid[Math.abs(at) - 1] ?? 0,
    tau: plan.tau,
    degrees: plan.degrees,
    sign: at > 0 ? 1 : -1,
    tailShare: plan.alpha / 8,
    steps,
    edge: "split",
  });
  family.set(at, priors);
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
 * nothing is excluded. A bound at an end of the grid means "that far or further".
 */
export function ratioSequence(
  likelihood: RelativeLikelihood,
  on: GridOfRatios,
  plan: SequencePlan,
): readonly [low: number, high: number] | null {
  const limit = Math.log(2 / plan.alpha);
  const family = on.family(plan);
  const rejected = (at: number): boolean => logRatioOf(likelihood, priorsAt(family, on, plan, at)) >= limit;
  const last = on.grid.length - 1;
  const low = border(0, last, (at) => rejected(at + 1));
  const high = border(last, 0, (at) => rejected(-(at + 1)));
  if (low === 0 && high === last) return null;
  return [on.grid[Math.min(low, high)] ?? 0, on.grid[Math.max(low, high)] ?? 0];
}
