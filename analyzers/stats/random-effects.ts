import { logAddExp, logSumExp, logSumExpOfSums } from "./log-sum-exp.ts";
import { studentLogKernel, studentUpperQuantile } from "./student-t.ts";

/** What the two priors of the random-effects test are made of. */
export interface RandomEffects {
  /** Log ratio at which the null is centred. */
  readonly centre: number;
  /** Spread of the log ratio between equal deployments with these instances. */
  readonly tau: number;
  /** Degrees of freedom of the null; infinite = normal, for a tau that is known. */
  readonly degrees: number;
  /** 1: evidence that the ratio is above the centre; -1: below. */
  readonly sign: 1 | -1;
  /** Share of the null beyond the threshold of the truncated half: the price of instances, paid once. */
  readonly tailShare: number;
  /** Steps by which the other half shifts the null. */
  readonly steps: readonly number[];
  /** Weight of the truncated half; one half unless given. */
  readonly tailWeight?: number;
  /** How the grid point at the threshold is counted: with its part beyond it, or whole. */
  readonly edge: "split" | "whole";
}

/** Logarithms of the two priors on the grid, each adding up to 1. */
export interface PriorPair {
  readonly logNull: readonly number[];
  readonly logHarm: readonly number[];
  /** The same, not as logarithms. */
  readonly nullWeights: Float64Array;
  readonly harmWeights: Float64Array;
}

const usualTailWeight = 0.5;

function normalised(logs: readonly number[]): number[] {
  const total = logSumExp(logs);
  return total === -Infinity ? [...logs] : logs.map((value) => value - total);
}

/** ln of how much more likely the shifted null is, made non-decreasing along the direction of harm. */
function shiftedRatio(distances: readonly number[], step: number, effects: RandomEffects): number[] {
  const { tau, degrees } = effects;
  const ratios = distances.map(
    (d) => studentLogKernel((d - step) / tau, degrees) - studentLogKernel(d / tau, degrees),
  );
  const order = effects.sign === 1 ? ratios : ratios.reverse();
  let top = -Infinity;
  const monotone = order.map((ratio) => (top = Math.max(top, ratio)));
  return effects.sign === 1 ? monotone : monotone.reverse();
}

/**
 * Null and harm prior on a grid of log ratios. Null: Student t with `degrees` around the centre. Harm: one half the null
 * truncated beyond its 1 - tailShare quantile, one half the null shifted by each step. harm/null never falls along
 * the direction of harm (the shifted t is made so, and renormalised, because its own ratio falls again in the far
 * tail), so the test is valid for every smaller ratio too. tau below one grid step counts as one step.
 * `coordinates` may be uneven: each point then stands for its stretch of the line.
 */
export function randomEffectsPriors(grid: readonly number[], effects: RandomEffects): PriorPair {
  const spacing = (grid[1] ?? 0) - (grid[0] ?? 0);
  const bounded = { ...effects, tau: Math.max(effects.tau, spacing) };
  const distances = grid.map((u) => effects.sign * (u - effects.centre));
  const logNull = normalised(distances.map((d) => studentLogKernel(d / bounded.tau, bounded.degrees)));
  const shifted = effects.steps.map((step) => {
    const ratio = shiftedRatio(distances, step, bounded);
    return normalised(ratio.map((value, i) => value + (logNull[i] ?? 0)));
  });
  const threshold = studentUpperQuantile(effects.tailShare, effects.degrees) * bounded.tau;
  const beyond = distances.map((d) =>
    effects.edge === "whole"
      ? d > threshold
        ? 1
        : 0
      : Math.min(1, Math.max(0, (d - threshold) / spacing + 0.5)),
  );
  const tail = normalised(beyond.map((part, i) => Math.log(part) + (logNull[i] ?? 0)));
  const { tailWeight = usualTailWeight } = effects;
  const logHarm = grid.map((_, i) => {
    const moved = logSumExp(shifted.map((prior) => prior[i] ?? -Infinity)) - Math.log(shifted.length);
    return logAddExp(Math.log(tailWeight) + (tail[i] ?? -Infinity), Math.log1p(-tailWeight) + moved);
  });
  return {
    logNull,
    logHarm,
    nullWeights: Float64Array.from(logNull, Math.exp),
    harmWeights: Float64Array.from(logHarm, Math.exp),
  };
}

/**
 * ln of the ratio of the marginal likelihoods under the two priors: the random-effects e-value. A martingale under the
 * null marginal, so valid at any look on average over deployments. As tau goes to 0 it becomes the exact test.
 */
export function logRatioOfMarginals(likelihood: readonly number[], priors: PriorPair): number {
  return logRatioOf(relativeLikelihood(likelihood), priors);
}

/** A likelihood as logarithms and as values relative to its top, for several ratios of marginals. */
export interface RelativeLikelihood {
  readonly logs: readonly number[];
  readonly values: Float64Array;
  /** Values outside [from, to) are 0. */
  readonly from: number;
  readonly to: number;
}

export function relativeLikelihood(logs: readonly number[]): RelativeLikelihood {
  let top = -Infinity;
  for (const value of logs) if (value > top) top = value;
  const values = new Float64Array(logs.length);
  let from = logs.length;
  let to = 0;
  for (let i = 0; i < values.length; i += 1) {
    const value = Math.exp((logs[i] ?? -Infinity) - top);
    if (value === 0) continue;
    values[i] = value;
    if (from > i) from = i;
    to = i + 1;
  }
  return { logs, values, from, to };
}

/** Sums below this have lost digits to underflow: then logarithms are used throughout. */
const smallestSum = 1e-280;

/** ln of the ratio of the marginals, for a likelihood that is used several times. */
export function logRatioOf({ logs, values, from, to }: RelativeLikelihood, priors: PriorPair): number {
  const { nullWeights, harmWeights } = priors;
  let underNull = 0;
  let underHarm = 0;
  for (let i = from; i < to; i += 1) {
    const value = values[i] ?? 0;
    underNull += value * (nullWeights[i] ?? 0);
    underHarm += value * (harmWeights[i] ?? 0);
  }
  if (underNull > smallestSum && underHarm > smallestSum) return Math.log(underHarm / underNull);
  return logSumExpOfSums(logs, priors.logHarm) - logSumExpOfSums(logs, priors.logNull);
}
