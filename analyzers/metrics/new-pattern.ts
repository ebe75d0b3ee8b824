import { addRateLikelihood, type RateBucket } from "#analyzers/stats/rate-likelihood.ts";
import { logAddExp } from "#analyzers/stats/log-sum-exp.ts";
import { logRatioOf, relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { gridOfRatios } from "#analyzers/stats/ratio-sequence.ts";

/** Evidence on one pattern (a log signature, an exception, an edge of the call graph): additive, in any order. */
export interface PatternEvidence {
  /** Log-likelihood of the log rate ratio on `ratioGrid`. */
  readonly likelihood: readonly number[];
  /** ln of how much likelier the canary's hits are if the baseline has none at all than at ratio 1. */
  readonly atom: number;
  readonly canaryX: number;
  readonly baselineX: number;
}

const table = { logRatios: ratioGrid, ratios: ratioGrid.map(Math.exp) };
const ratios = gridOfRatios(ratioGrid, harmSteps);

export function emptyPattern(): PatternEvidence {
  return { likelihood: ratioGrid.map(() => 0), atom: 0, canaryX: 0, baselineX: 0 };
}

/**
 * Adds the hits of one bucket, once per trace; exposures are traces or requests. History of the baseline without the pattern is
 * exposure too: add half of it to `baselineN` of the first bucket, no more, because it is another time.
 */
export function foldPattern(evidence: PatternEvidence, bucket: RateBucket): PatternEvidence {
  const { canaryN, canaryX, baselineN, baselineX } = bucket;
  if (canaryN <= 0 || baselineN <= 0 || canaryX + baselineX === 0) return evidence;
  const likelihood = evidence.likelihood.slice();
  addRateLikelihood(likelihood, table, bucket);
  return {
    likelihood,
    atom: evidence.atom + canaryX * Math.log1p(baselineN / canaryN),
    canaryX: evidence.canaryX + canaryX,
    baselineX: evidence.baselineX + baselineX,
  };
}

/** Evidence on two patterns that turned out to be one: exact, because given the hits of a bucket its likelihood is linear in them. */
export function joinPatterns(a: PatternEvidence, b: PatternEvidence): PatternEvidence {
  return {
    likelihood: a.likelihood.map((value, i) => value + (b.likelihood[i] ?? 0)),
    atom: a.atom + b.atom,
    canaryX: a.canaryX + b.canaryX,
    baselineX: a.baselineX + b.baselineX,
  };
}

/** How a pattern is judged. */
export interface PatternPlan {
  readonly alphaUsed: number;
  /** Ratio that is not yet harm. */
  readonly tolerance: number;
  /** Spread of the log ratio between equal deployments with these instances, and its degrees of freedom. */
  readonly tau: number;
  readonly degrees: number;
  /** Dispersion of bursts: divides the evidence. */
  readonly phi: number;
}

/**
 * ln of the e-value against "the pattern is no likelier in the canary": ratio of marginals whose harm is one half the usual mixture
 * of ratios and one half an atom at "the baseline never does this", q0^-x_c while the baseline has no hit. With a tau near 0
 * and q0 = n_c / (n_c + n_b), k hits of a canary with 1 % of the traffic give about 0.5 * 100^k.
 */
export function patternLogE(evidence: PatternEvidence, plan: PatternPlan): number {
  if (evidence.canaryX + evidence.baselineX === 0) return 0;
  const likelihood = relativeLikelihood(evidence.likelihood.map((value) => value / plan.phi));
  const priors = ratios.priors({
    centre: Math.log(plan.tolerance),
    tau: plan.tau,
    degrees: plan.degrees,
    sign: 1,
    tailShare: plan.alphaUsed / 4,
  });
  const mixed = logRatioOf(likelihood, priors) - Math.LN2;
  if (evidence.baselineX > 0) return mixed;
  // The atom is relative to ratio 1, so it is held against what ratio 1 is worth under the null.
  const atOne = logRatioOf(likelihood, { ...priors, ...onlyRatioOne(priors) });
  return logAddExp(mixed, evidence.atom / plan.phi + atOne - Math.LN2);
}

function onlyRatioOne({ logNull, nullWeights }: ReturnType<typeof ratios.priors>) {
  const at = ratioGrid.findIndex((u) => u >= -1e-9);
  return {
    logHarm: logNull.map((_, i) => (i === at ? 0 : -Infinity)),
    harmWeights: nullWeights.map((_, i) => (i === at ? 1 : 0)),
  };
}
