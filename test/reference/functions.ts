import { exponentialIndex, downscale, emptyHistogram } from "#model/merge-histogram.ts";
import { closedWeightedMeans } from "#analyzers/stats/closed-weighted-mean.ts";
import { binomialAtLeast, incompleteBeta } from "#analyzers/stats/incomplete-beta.ts";
import { lowerGamma, poissonAtLeast, upperGamma } from "#analyzers/stats/incomplete-gamma.ts";
import { logBeta, logGamma } from "#analyzers/stats/log-gamma.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { multiBinLogIncrement } from "#analyzers/stats/multi-bin.ts";
import { normalCdf, normalLogCdf, normalQuantile } from "#analyzers/stats/normal.ts";
import { logRatioOfMarginals, randomEffectsPriors } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood, rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import { evenGrid, harmGrid, harmSteps } from "#analyzers/stats/ratio-grid.ts";
import { dirichletMultinomialLogE } from "#analyzers/stats/split-evidence.ts";
import { studentSf } from "#analyzers/stats/student-t.ts";

/** Input of a reference vector: numbers and lists of numbers by name. */
export type VectorInput = Readonly<Record<string, unknown>>;

function num(input: VectorInput, key: string): number {
  const value = input[key];
  if (typeof value !== "number") throw new Error(`vector input ${key} is not a number`);
  return value;
}

function list(input: VectorInput, key: string): number[] {
  const value = input[key];
  if (!Array.isArray(value)) throw new Error(`vector input ${key} is not a list`);
  return value.map(Number);
}

function buckets(input: VectorInput) {
  const [cn, bn, cx, bx] = [
    list(input, "canary_requests"),
    list(input, "baseline_requests"),
    list(input, "canary_errors"),
    list(input, "baseline_errors"),
  ];
  return cn.map((canaryN, i) => ({ canaryN, baselineN: bn[i]!, canaryX: cx[i]!, baselineX: bx[i]! }));
}

function randomEffects(input: VectorInput): number[] {
  const grid = evenGrid(-2, 0.1, 61);
  const priors = randomEffectsPriors(grid, {
    centre: Math.log(num(input, "theta0")),
    tau: num(input, "tau"),
    degrees: Infinity,
    sign: 1,
    tailShare: num(input, "alpha_c"),
    steps: harmSteps,
    edge: "whole",
  });
  const table = { logRatios: grid, ratios: grid.map(Math.exp) };
  const likelihood = grid.map(() => 0);
  return buckets(input).map((bucket) => {
    addRateLikelihood(likelihood, table, bucket);
    return logRatioOfMarginals(likelihood, priors);
  });
}

function mixture(input: VectorInput): number[] {
  const thetas = harmGrid(1);
  const sums = thetas.map(() => 0);
  return buckets(input).map((bucket) => {
    thetas.forEach((theta, i) => {
      sums[i] = sums[i]! + rateLogIncrement(bucket, { theta, theta0: 1, slack: 0 });
    });
    return logSumExp(sums) - Math.log(sums.length);
  });
}

function choose(n: number, k: number): number {
  return Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1));
}

/** Expectation of one E1 increment under binomial outcomes, by enumeration. */
function rateExpectation(input: VectorInput): number {
  const [nc, nb, pc, pb] = [num(input, "n_c"), num(input, "n_b"), num(input, "p_c"), num(input, "p_b")];
  let sum = 0;
  for (let x = 0; x <= nc; x += 1)
    for (let y = 0; y <= nb; y += 1) {
      const chance =
        choose(nc, x) * pc ** x * (1 - pc) ** (nc - x) * choose(nb, y) * pb ** y * (1 - pb) ** (nb - y);
      const bucket = { canaryN: nc, canaryX: x, baselineN: nb, baselineX: y };
      const alternative = { theta: num(input, "theta"), theta0: num(input, "theta0"), slack: 0 };
      sum += chance * Math.exp(rateLogIncrement(bucket, alternative));
    }
  return sum;
}

/** All ways to put n requests into k bins, with their multinomial chance. */
function outcomes(n: number, shares: readonly number[]): { counts: number[]; chance: number }[] {
  if (shares.length === 1) return [{ counts: [n], chance: shares[0]! ** n }];
  const all = [];
  for (let x = 0; x <= n; x += 1)
    for (const rest of outcomes(n - x, shares.slice(1)))
      all.push({ counts: [x, ...rest.counts], chance: choose(n, x) * shares[0]! ** x * rest.chance });
  return all;
}

/** Expectation of one E4 increment under multinomial outcomes, by enumeration. */
function multiBinExpectation(input: VectorInput): number {
  let sum = 0;
  for (const canary of outcomes(num(input, "n_c"), list(input, "p_c")))
    for (const baseline of outcomes(num(input, "n_b"), list(input, "p_b")))
      sum +=
        canary.chance *
        baseline.chance *
        Math.exp(
          multiBinLogIncrement({ canary: canary.counts, baseline: baseline.counts }, list(input, "theta")),
        );
  return sum;
}

/** The project's functions under the names that the reference vectors use. */
export const referenceFunctions: Readonly<Record<string, (input: VectorInput) => unknown>> = {
  lgamma: (v) => logGamma(num(v, "x")),
  lbeta: (v) => logBeta(num(v, "a"), num(v, "b")),
  betainc_regularized: (v) => incompleteBeta(num(v, "a"), num(v, "b"), num(v, "x")),
  gammainc_lower_regularized: (v) => lowerGamma(num(v, "a"), num(v, "x")),
  gammainc_upper_regularized: (v) => upperGamma(num(v, "a"), num(v, "x")),
  normal_cdf: (v) => normalCdf(num(v, "z")),
  normal_log_cdf: (v) => normalLogCdf(num(v, "z")),
  normal_quantile: (v) => normalQuantile(num(v, "p")),
  student_t_sf: (v) => studentSf(num(v, "t"), num(v, "df")),
  chi2_sf: (v) => upperGamma(num(v, "df") / 2, num(v, "x") / 2),
  binomial_sf_inclusive: (v) => binomialAtLeast(num(v, "k"), num(v, "n"), num(v, "p")),
  poisson_sf_inclusive: (v) => poissonAtLeast(num(v, "k"), num(v, "mu")),
  e1_log_likelihood_ratio: (v) =>
    buckets(v).reduce(
      (sum, bucket) =>
        sum +
        rateLogIncrement(bucket, { theta: num(v, "theta"), theta0: num(v, "theta0"), slack: num(v, "a0") }),
      0,
    ),
  e1_log_e_process: mixture,
  e1_harm_grid: (v) => harmGrid(1, num(v, "lo"), num(v, "hi"), num(v, "points")),
  e1_random_effects_log_e: randomEffects,
  e1_null_expectation: rateExpectation,
  e4_log_e: (v) =>
    multiBinLogIncrement(
      { canary: list(v, "canary_bins"), baseline: list(v, "baseline_bins") },
      list(v, "theta"),
    ),
  e4_null_expectation: multiBinExpectation,
  dirichlet_multinomial_log_e: (v) =>
    dirichletMultinomialLogE(list(v, "counts"), list(v, "theta0"), num(v, "k")),
  closed_mean_e_values: (v) =>
    closedWeightedMeans(list(v, "e").map((e) => ({ logE: Math.log(e), weight: 1 }))).map(Math.exp),
  otel_bucket_index: (v) => exponentialIndex(num(v, "value"), num(v, "scale")),
  otel_downscale: (v) => {
    const from = { ...emptyHistogram("s", 5), offset: num(v, "offset"), counts: list(v, "counts") };
    const { offset, counts } = downscale(from, 5 - num(v, "by"));
    return { offset, counts };
  },
};
