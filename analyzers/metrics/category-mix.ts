import { logAddExp, logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { logRatioOf, relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood } from "#analyzers/stats/rate-likelihood.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { gridOfRatios } from "#analyzers/stats/ratio-sequence.ts";

/** Outcomes by category (status codes, error types) of both arms in one bucket of time. */
export interface MixBucket {
  readonly canary: ReadonlyMap<string, number>;
  readonly baseline: ReadonlyMap<string, number>;
}

/** Evidence on a mix: one likelihood of the log ratio of shares by category, additive, in any order. */
export interface MixEvidence {
  readonly categories: ReadonlyMap<string, readonly number[]>;
}

/** Categories kept by name; what comes later counts as `otherCategory`. */
export const categoriesKept = 16;
export const otherCategory = "other";

const table = { logRatios: ratioGrid, ratios: ratioGrid.map(Math.exp) };
const ratios = gridOfRatios(ratioGrid, harmSteps);

export function emptyMix(): MixEvidence {
  return { categories: new Map() };
}

function totalOf(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}

/** Adds one bucket. Names are given out in the order in which both arms together bring them, ties by name. */
export function foldMix(evidence: MixEvidence, { canary, baseline }: MixBucket): MixEvidence {
  const canaryN = totalOf(canary);
  const baselineN = totalOf(baseline);
  if (canaryN === 0 || baselineN === 0) return evidence;
  const categories = new Map(evidence.categories);
  const counts = new Map<string, { canaryX: number; baselineX: number }>();
  for (const name of [...new Set([...canary.keys(), ...baseline.keys()])].sort()) {
    const kept = categories.has(name) || categories.size < categoriesKept;
    const key = kept ? name : otherCategory;
    if (!categories.has(key))
      categories.set(
        key,
        ratioGrid.map(() => 0),
      );
    const known = counts.get(key) ?? { canaryX: 0, baselineX: 0 };
    counts.set(key, {
      canaryX: known.canaryX + (canary.get(name) ?? 0),
      baselineX: known.baselineX + (baseline.get(name) ?? 0),
    });
  }
  for (const [key, count] of counts) {
    const likelihood = (categories.get(key) ?? []).slice();
    addRateLikelihood(likelihood, table, { canaryN, baselineN, ...count });
    categories.set(key, likelihood);
  }
  return { categories };
}

/** How a mix is judged. */
export interface MixPlan {
  readonly alphaUsed: number;
  /** Spread of the log ratio of one category between equal deployments with these instances, and its degrees of freedom. */
  readonly tau: number;
  readonly degrees: number;
}

/** ln of the e-value that one category's share moved, either way. */
function movedLogE(likelihood: readonly number[], { alphaUsed, tau, degrees }: MixPlan): number {
  const relative = relativeLikelihood(likelihood);
  const side = (sign: 1 | -1): number =>
    logRatioOf(relative, ratios.priors({ centre: 0, tau, degrees, sign, tailShare: alphaUsed / 8 }));
  return logAddExp(side(1), side(-1)) - Math.LN2;
}

/** What a mix says: evidence that it moved at all, and by category. */
export interface MixConclusion {
  readonly logE: number;
  readonly categories: ReadonlyMap<string, number>;
}

/**
 * Evidence that the mix of categories differs between the arms: one half the product over categories (many moved), one half their
 * mean (one moved). Each category is conditioned on its total in each bucket, so the shared mix may drift; the product's
 * expectation is at most 1 because per request the gains of all bins cancel (as in the multi-bin test, equal mixes being
 * the null). Two-sided: says that something changed, not that it is worse. With a spread the product takes categories as
 * differing independently between deployments.
 */
export function concludeMix({ categories }: MixEvidence, plan: MixPlan): MixConclusion {
  const logs = new Map([...categories].map(([name, likelihood]) => [name, movedLogE(likelihood, plan)]));
  const values = [...logs.values()];
  if (values.length === 0) return { logE: 0, categories: logs };
  const product = values.reduce((sum, log) => sum + log, 0);
  const mean = logSumExp(values) - Math.log(values.length);
  return { logE: logAddExp(product, mean) - Math.LN2, categories: logs };
}
