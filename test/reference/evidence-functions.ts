import { gaussianEffectsLogE } from "#analyzers/stats/gaussian-effects.ts";
import { logBeta } from "#analyzers/stats/log-gamma.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { multiBinLogIncrement } from "#analyzers/stats/multi-bin.ts";
import { logRatioOfMarginals, randomEffectsPriors } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood, rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import { harmGrid, harmSteps, logSpaced, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { studentMixtureLogE } from "#analyzers/stats/student-mixture.ts";
import { nullPoint, twoByTwoLogE } from "#analyzers/stats/two-by-two.ts";
import { gridList, list, num, numberOf, spacedList, type VectorInput } from "./vector-input.ts";

function buckets(input: VectorInput) {
  const [cn, bn, cx, bx] = [
    list(input, "canary_requests"),
    list(input, "baseline_requests"),
    list(input, "canary_errors"),
    list(input, "baseline_errors"),
  ];
  return cn.map((canaryN, i) => ({ canaryN, baselineN: bn[i]!, canaryX: cx[i]!, baselineX: bx[i]! }));
}

/** Sum of the increments of one alternative over all buckets. */
function rateLogRatio(input: VectorInput): number {
  const alternative = {
    theta: num(input, "theta"),
    theta0: num(input, "theta0", 1),
    slack: num(input, "a0", 0),
  };
  const phi = num(input, "phi", 1);
  return buckets(input).reduce((sum, bucket) => sum + rateLogIncrement(bucket, alternative), 0) / phi;
}

function gridOf(input: VectorInput): readonly number[] {
  const given = input["grid"];
  const tolerance = num(input, "theta0", 1);
  if (Array.isArray(given)) return given.map((theta) => numberOf(theta, "grid"));
  const { lo, hi, points } = (given ?? input) as VectorInput;
  return harmGrid(
    tolerance,
    numberOf(lo ?? 1.15, "lo"),
    numberOf(hi ?? 100, "hi"),
    numberOf(points ?? 24, "points"),
  );
}

/** Running ln E of the mixture after each bucket. */
function rateMixture(input: VectorInput): number[] {
  const thetas = gridOf(input);
  const sums = thetas.map(() => 0);
  const [theta0, slack, phi] = [num(input, "theta0", 1), num(input, "a0", 0), num(input, "phi", 1)];
  return buckets(input).map((bucket) => {
    thetas.forEach((theta, i) => {
      sums[i] = sums[i]! + rateLogIncrement(bucket, { theta, theta0, slack }) / phi;
    });
    return logSumExp(sums) - Math.log(sums.length);
  });
}

function rateRandomEffects(input: VectorInput): number[] {
  const grid = gridList(input, "u_grid", ratioGrid);
  const phi = num(input, "phi", 1);
  const priors = randomEffectsPriors(grid, {
    centre: Math.log(num(input, "theta0", 1)),
    tau: num(input, "tau"),
    degrees: num(input, "df", Infinity),
    sign: num(input, "sign", 1) < 0 ? -1 : 1,
    tailShare: num(input, "alpha_c", 0.0025),
    tailWeight: num(input, "w_tail", 0.5),
    steps: spacedList(input, "v", harmSteps),
    edge: "whole",
  });
  const table = { logRatios: grid, ratios: grid.map(Math.exp) };
  const likelihood = grid.map(() => 0);
  return buckets(input).map((bucket) => {
    addRateLikelihood(likelihood, table, bucket);
    return logRatioOfMarginals(
      likelihood.map((value) => value / phi),
      priors,
    );
  });
}

function choose(n: number, k: number): number {
  return Math.exp(-Math.log(n + 1) - logBeta(k + 1, n - k + 1));
}

/** Expectation of e^(log e) over binomial outcomes of both arms, by enumeration. */
function binomialExpectation(
  input: VectorInput,
  logE: (
    bucket: Readonly<Record<"canaryN" | "canaryX" | "baselineN" | "baselineX", number>>,
    v: VectorInput,
  ) => number,
): number {
  const [nc, nb, pc, pb] = [num(input, "n_c"), num(input, "n_b"), num(input, "p_c"), num(input, "p_b")];
  let sum = 0;
  for (let x = 0; x <= nc; x += 1)
    for (let y = 0; y <= nb; y += 1) {
      const chance =
        choose(nc, x) * pc ** x * (1 - pc) ** (nc - x) * choose(nb, y) * pb ** y * (1 - pb) ** (nb - y);
      if (chance > 0)
        sum += chance * Math.exp(logE({ canaryN: nc, canaryX: x, baselineN: nb, baselineX: y }, input));
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
    for (const baseline of outcomes(num(input, "n_b"), list(input, "p_b"))) {
      const chance = canary.chance * baseline.chance;
      const bucket = { canary: canary.counts, baseline: baseline.counts };
      if (chance > 0) sum += chance * Math.exp(multiBinLogIncrement(bucket, list(input, "theta")));
    }
  return sum;
}

function sharePair(v: VectorInput) {
  return { canary: num(v, "theta_c"), baseline: num(v, "theta_b"), rho: num(v, "rho", 1) };
}

/** The evidence functions under the names that the reference vectors use. */
export const evidenceFunctions: Readonly<Record<string, (input: VectorInput) => unknown>> = {
  e1_log_likelihood_ratio: rateLogRatio,
  e1_log_e_process: rateMixture,
  e1_harm_grid: gridOf,
  e1_random_effects_log_e: rateRandomEffects,
  e1_null_expectation: (input) =>
    binomialExpectation(input, (bucket, v) =>
      rateLogIncrement(bucket, {
        theta: num(v, "theta"),
        theta0: num(v, "theta0", 1),
        slack: num(v, "a0", 0),
      }),
    ),
  e2_ripr_point: (v) => nullPoint(num(v, "n_c"), num(v, "n_b"), sharePair(v)),
  e2_log_e: (v) =>
    twoByTwoLogE(
      {
        canaryN: num(v, "n_c"),
        canaryX: num(v, "x_c"),
        baselineN: num(v, "n_b"),
        baselineX: num(v, "x_b"),
      },
      sharePair(v),
    ),
  e2_null_expectation: (input) =>
    binomialExpectation(input, (bucket, v) => twoByTwoLogE(bucket, sharePair(v))),
  e4_log_e: (v) =>
    multiBinLogIncrement(
      { canary: list(v, "canary_bins"), baseline: list(v, "baseline_bins") },
      list(v, "theta"),
    ),
  e4_null_expectation: multiBinExpectation,
  gaussian_random_effects_log_e: (v) =>
    gaussianEffectsLogE(
      { score: num(v, "S"), information: num(v, "V") },
      {
        tauSquared: num(v, "tau2"),
        centre: num(v, "d0", 0),
        tailShare: num(v, "alpha_c", 0.0025),
        steps: spacedList(v, "v", logSpaced(0.02, 2, 24)),
      },
    ),
  log_t_e_process: (v) =>
    studentMixtureLogE({
      t: v["t2"] === undefined ? num(v, "t") : Math.sqrt(num(v, "t2")),
      degrees: num(v, "nu"),
      n: num(v, "n"),
      prior: num(v, "g"),
    }),
  msprt_normal: (v) => {
    const [variance, n, tau2] = [num(v, "pair_variance"), num(v, "n"), num(v, "tau2")];
    const total = variance + n * tau2;
    const exponent = (n * n * tau2 * num(v, "mean_diff") ** 2) / (2 * variance * total);
    return Math.sqrt(variance / total) * Math.exp(exponent);
  },
};
