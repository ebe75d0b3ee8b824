import { logBeta, logGamma } from "./log-gamma.ts";

/**
 * ln of the Dirichlet-multinomial e-value of counts against the point null `shares`, prior Dirichlet(k shares).
 * Source: Lindon and Malek 2022 (arXiv 2011.03567).
 */
export function dirichletMultinomialLogE(
  counts: readonly number[],
  shares: readonly number[],
  k: number,
): number {
  let logE = 0;
  let priorSum = 0;
  let posteriorSum = 0;
  counts.forEach((count, i) => {
    const share = shares[i] ?? 0;
    const prior = k * share;
    logE += logGamma(prior + count) - logGamma(prior) - (count === 0 ? 0 : count * Math.log(share));
    priorSum += prior;
    posteriorSum += prior + count;
  });
  return logE + logGamma(priorSum) - logGamma(posteriorSum);
}

/** Prior strength of the split test, in requests. */
const splitPrior = 100;

/**
 * ln of an e-value against "the canary's share of requests lies in [low, high]": the beta-binomial marginal around the
 * middle of the interval over the largest likelihood inside it. Dividing by the supremum keeps it valid for every
 * share of the null.
 */
export function splitLogE(canary: number, baseline: number, low: number, high: number): number {
  const total = canary + baseline;
  if (total === 0) return 0;
  const centre = (low + high) / 2;
  const a = splitPrior * centre;
  const b = splitPrior * (1 - centre);
  const best = Math.min(high, Math.max(low, canary / total));
  const marginal = logBeta(a + canary, b + baseline) - logBeta(a, b);
  const likeliest =
    (canary === 0 ? 0 : canary * Math.log(best)) + (baseline === 0 ? 0 : baseline * Math.log1p(-best));
  return marginal - likeliest;
}
