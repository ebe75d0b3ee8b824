import { exponentialIndex, downscale, emptyHistogram } from "#model/merge-histogram.ts";
import { closedWeightedMeans } from "#analyzers/stats/closed-weighted-mean.ts";
import { betweenInstanceVariance, equalExposureDispersion } from "#analyzers/stats/dispersion.ts";
import { eBenjaminiHochberg } from "#analyzers/stats/e-benjamini-hochberg.ts";
import { erfc } from "#analyzers/stats/error-function.ts";
import { binomialAtLeast, incompleteBeta, inverseIncompleteBeta } from "#analyzers/stats/incomplete-beta.ts";
import { lowerGamma, poissonAtLeast, upperGamma } from "#analyzers/stats/incomplete-gamma.ts";
import { logBeta, logGamma } from "#analyzers/stats/log-gamma.ts";
import { normalCdf, normalLogCdf, normalQuantile, normalSf } from "#analyzers/stats/normal.ts";
import { dirichletMultinomialLogE } from "#analyzers/stats/split-evidence.ts";
import { studentSf, studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import * as bounds from "./boundaries.ts";
import * as classical from "./classical-tests.ts";
import { evidenceFunctions } from "./evidence-functions.ts";
import { kayentaFunctions } from "./kayenta-functions.ts";
import { lambertMinusOne, noninferiorityRequests, waldBound } from "./planning.ts";
import { dkwHalfWidth, exponentialBase, logarithmicBucket, sketchedQuantiles } from "./sketches.ts";
import { list, num, type VectorInput } from "./vector-input.ts";

export type { VectorInput } from "./vector-input.ts";

type Functions = Readonly<Record<string, (input: VectorInput) => unknown>>;

const specialFunctions: Functions = {
  erfc: (v) => erfc(num(v, "x")),
  lgamma: (v) => logGamma(num(v, "x")),
  lbeta: (v) => logBeta(num(v, "a"), num(v, "b")),
  betainc_regularized: (v) => incompleteBeta(num(v, "a"), num(v, "b"), num(v, "x")),
  betainc_regularized_inverse: (v) => inverseIncompleteBeta(num(v, "a"), num(v, "b"), num(v, "p")),
  gammainc_lower_regularized: (v) => lowerGamma(num(v, "a"), num(v, "x")),
  gammainc_upper_regularized: (v) => upperGamma(num(v, "a"), num(v, "x")),
  normal_cdf: (v) => normalCdf(num(v, "z")),
  normal_sf: (v) => normalSf(num(v, "z")),
  normal_log_cdf: (v) => normalLogCdf(num(v, "z")),
  normal_quantile: (v) => normalQuantile(num(v, "p")),
  student_t_sf: (v) => studentSf(num(v, "t"), num(v, "df")),
  student_t_quantile: (v) => -studentUpperQuantile(num(v, "p"), num(v, "df")),
  chi2_sf: (v) => upperGamma(num(v, "df") / 2, num(v, "x") / 2),
  binomial_sf_inclusive: (v) => binomialAtLeast(num(v, "k"), num(v, "n"), num(v, "p")),
  poisson_sf_inclusive: (v) => poissonAtLeast(num(v, "k"), num(v, "mu")),
  lambert_w_minus1: (v) => lambertMinusOne(num(v, "x")),
  beta_binomial_pmf: (v) => {
    const [k, n, a, b] = [num(v, "k"), num(v, "n"), num(v, "a"), num(v, "b")];
    if (k < 0 || k > n) return 0;
    return Math.exp(-Math.log(n + 1) - logBeta(k + 1, n - k + 1) + logBeta(k + a, n - k + b) - logBeta(a, b));
  },
};

function table(v: VectorInput): readonly (readonly number[])[] {
  const rows = v["table"];
  if (!Array.isArray(rows)) throw new Error("vector input table is not a list of rows");
  return rows.map((row) => list({ row: row as unknown }, "row"));
}

const classicalFunctions: Functions = {
  mann_whitney_u_exact: (v) => classical.mannWhitneyExact(list(v, "x"), list(v, "y")),
  mann_whitney_u_asymptotic: (v) =>
    classical.mannWhitneyAsymptotic(list(v, "x"), list(v, "y"), v["continuity"] !== false),
  hodges_lehmann_shift: (v) => classical.hodgesLehmannShift(list(v, "x"), list(v, "y")),
  welch_t: (v) => classical.welch(classical.momentsOf(list(v, "x")), classical.momentsOf(list(v, "y"))),
  welch_t_from_moments: (v) =>
    classical.welch(
      { mean: num(v, "mean1"), sd: num(v, "sd1"), n: num(v, "n1") },
      { mean: num(v, "mean2"), sd: num(v, "sd2"), n: num(v, "n2") },
    ),
  ks_two_sample_exact: (v) => classical.ksExact(list(v, "x"), list(v, "y")),
  ks_two_sample_asymptotic: (v) => classical.ksAsymptotic(list(v, "x"), list(v, "y")),
  fisher_exact: (v) => classical.fisherExact(table(v)),
  benjamini_hochberg: (v) => ({ rejected: classical.benjaminiHochberg(list(v, "p"), num(v, "q")) }),
};

function tuning(v: VectorInput, absent?: number): bounds.Tuning {
  return { vOpt: num(v, "v_opt"), alphaOpt: num(v, "alpha_opt", absent ?? num(v, "alpha", 0.05)) };
}

function binary(v: VectorInput, oneSided: boolean): bounds.BinaryRange {
  return { g: num(v, "g"), h: num(v, "h"), oneSided };
}

function tunedTime(v: VectorInput) {
  return { tOpt: num(v, "t_opt"), alphaOpt: num(v, "alpha_opt", 0.05) };
}

function stitches(v: VectorInput): bounds.Stitches {
  return { s: num(v, "s", 1.4), eta: num(v, "eta", 2) };
}

function spread(v: VectorInput) {
  return { sd: num(v, "sd"), n: num(v, "n"), rho: num(v, "rho") };
}

/** A mixture in its one- and two-sided form: ln of the mixture at s, and the bound. */
function sides(oneSided: boolean): Functions {
  const side = oneSided ? "one_sided" : "two_sided";
  return {
    [`normal_mixture_rho_${side}`]: (v) => {
      const at = { vOpt: num(v, "v_opt"), alphaOpt: num(v, "alpha") };
      return oneSided ? bounds.rhoOneSided(at) : bounds.rhoTwoSided(at);
    },
    [`normal_log_mixture_${side}`]: (v) =>
      bounds.normalLogMixture(num(v, "s"), num(v, "v"), tuning(v), oneSided),
    [`normal_mixture_bound_${side}`]: (v) =>
      bounds.normalMixtureBound(num(v, "v"), num(v, "alpha"), tuning(v, 0.05), oneSided),
    [`beta_binomial_log_mixture_${side}`]: (v) =>
      bounds.betaBinomialLogMixture(num(v, "s"), num(v, "v"), binary(v, oneSided), tuning(v)),
    [`beta_binomial_mixture_bound_${side}`]: (v) =>
      bounds.betaBinomialBound(num(v, "v"), num(v, "alpha"), binary(v, oneSided), tuning(v, 0.05)),
    [`asymptotic_cs_halfwidth_${side}`]: (v) =>
      bounds.asymptoticHalfWidth(spread(v), num(v, "alpha"), oneSided),
  };
}

const boundaryFunctions: Functions = {
  ...sides(true),
  ...sides(false),
  gamma_exponential_log_mixture: (v) =>
    bounds.gammaExponentialLogMixture(num(v, "s"), num(v, "v"), num(v, "c"), tuning(v)),
  gamma_exponential_mixture_bound: (v) =>
    bounds.gammaExponentialBound(num(v, "v"), num(v, "alpha"), num(v, "c"), tuning(v, 0.05)),
  gamma_poisson_log_mixture: (v) =>
    bounds.gammaPoissonLogMixture(num(v, "s"), num(v, "v"), num(v, "c"), tuning(v)),
  gamma_poisson_mixture_bound: (v) =>
    bounds.gammaPoissonBound(num(v, "v"), num(v, "alpha"), num(v, "c"), tuning(v, 0.05)),
  poly_stitching_bound: (v) =>
    bounds.polynomialStitching(
      num(v, "v"),
      num(v, "alpha"),
      { vMin: num(v, "v_min"), c: num(v, "c", 0) },
      stitches(v),
    ),
  double_stitching_bound: (v) =>
    bounds.doubleStitching(num(v, "p"), num(v, "t"), num(v, "alpha"), {
      ...stitches(v),
      tOpt: num(v, "t_opt"),
      delta: num(v, "delta", 0.5),
    }),
  bernoulli_confidence_sequence: (v) =>
    bounds.bernoulliSequence(num(v, "successes"), num(v, "n"), num(v, "alpha"), tunedTime(v)),
  empirical_process_lil_bound: (v) =>
    bounds.bandHalfWidth(num(v, "t"), num(v, "alpha"), num(v, "t_min"), num(v, "A", 0.85)),
  empirical_process_lil_constant: (v) => bounds.bandConstant(num(v, "alpha"), num(v, "A", 0.85)),
  quantile_ab_p_value: (v) =>
    bounds.quantileAbPValue(list(v, "a"), list(v, "b"), num(v, "quantile"), tunedTime(v)),
  asymptotic_cs_rho: (v) => bounds.asymptoticRho(num(v, "alpha"), num(v, "t_opt")),
  asymptotic_cs_halfwidth: (v) => bounds.asymptoticHalfWidth(spread(v), num(v, "alpha"), false),
};

const multiplicityFunctions: Functions = {
  e_bh: (v) => eBenjaminiHochberg(list(v, "e").map(Math.log), num(v, "q")),
  closed_mean_e_values: (v) =>
    closedWeightedMeans(list(v, "e").map((e) => ({ logE: Math.log(e), weight: 1 }))).map(Math.exp),
  holm_on_anytime_p: (v) => classical.holm(list(v, "p"), num(v, "alpha")),
  sup_adjuster: (v) => {
    const e = num(v, "e_star");
    const log = Math.log(e);
    // The integral of k e^(1-k) over [0, 1]; near e = 1 by its series.
    if (Math.abs(log) < 1e-3) return 1 / 2 + log / 6 + (log * log) / 24;
    return (e - 1 - log) / (log * log);
  },
  dirichlet_multinomial_log_e: (v) =>
    dirichletMultinomialLogE(list(v, "counts"), list(v, "theta0"), num(v, "k")),
};

const sketchFunctions: Functions = {
  otel_exponential_base_and_error: (v) => exponentialBase(num(v, "scale")),
  otel_bucket_index: (v) => exponentialIndex(num(v, "value"), num(v, "scale")),
  otel_downscale: (v) => {
    const from = { ...emptyHistogram("s", 20), offset: num(v, "offset"), counts: list(v, "counts") };
    const { offset, counts } = downscale(from, 20 - num(v, "by"));
    return { offset, counts };
  },
  ddsketch_gamma_index_value: (v) => logarithmicBucket(num(v, "alpha"), num(v, "value")),
  ddsketch_quantiles: (v) =>
    sketchedQuantiles(
      list(v, "values"),
      num(v, "alpha"),
      v["quantiles"] === undefined ? [0.5, 0.95, 0.99] : list(v, "quantiles"),
    ),
  dkw_halfwidth: (v) => dkwHalfWidth(num(v, "n"), num(v, "alpha")),
};

const planningFunctions: Functions = {
  pearson_dispersion_equal_exposure: (v) => equalExposureDispersion(list(v, "counts")),
  between_pod_tau2: (v) =>
    betweenInstanceVariance(
      list(v, "counts").map((x) => ({ n: 1, x })),
      num(v, "phi", 1),
    ),
  wald_bound_errors: (v) => waldBound(num(v, "split"), num(v, "theta"), num(v, "alpha")),
  noninferiority_requests: (v) => noninferiorityRequests(num(v, "p"), num(v, "margin"), num(v, "beta")),
};

/**
 * The project's functions under the names that the reference vectors use: the one entry by which vectors are run. Input
 * and output have the vectors' shapes; numbers may be written as text ("inf"), lists as "1..1000".
 */
export const referenceFunctions: Functions = {
  ...specialFunctions,
  ...classicalFunctions,
  ...boundaryFunctions,
  ...evidenceFunctions,
  ...multiplicityFunctions,
  ...sketchFunctions,
  ...planningFunctions,
  ...kayentaFunctions,
};
