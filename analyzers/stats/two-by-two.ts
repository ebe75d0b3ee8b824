/** Outcomes of users or requests in one bucket of time: exposures and successes of both arms. */
export interface TwoByTwo {
  readonly canaryN: number;
  readonly canaryX: number;
  readonly baselineN: number;
  readonly baselineX: number;
}

/** One alternative: the shares of both arms, each in (0, 1), and the ratio at the edge of the null, p_c <= rho p_b. */
export interface SharePair {
  readonly canary: number;
  readonly baseline: number;
  readonly rho: number;
}

/**
 * The point (rho t, t) of the null p_c <= rho p_b that lies nearest to the alternative (reverse information projection):
 * the smaller root of rho (n_c + n_b) t^2 - [n_c (th_c + rho) + n_b (rho th_b + 1)] t + n_c th_c + n_b th_b = 0. With rho = 1
 * it is the pooled mean. Written as c / (larger half of b) so that a small t keeps its digits.
 */
export function nullPoint(canaryN: number, baselineN: number, { canary, baseline, rho }: SharePair): number {
  const a = rho * (canaryN + baselineN);
  const minusB = canaryN * (canary + rho) + baselineN * (rho * baseline + 1);
  const c = canaryN * canary + baselineN * baseline;
  return (2 * c) / (minusB + Math.sqrt(Math.max(0, minusB * minusB - 4 * a * c)));
}

function term(count: number, log: number): number {
  return count === 0 ? 0 : count * log;
}

/**
 * ln of the 2x2 e-variable (E2) of one bucket for one alternative. Its expectation is at most 1 for every p_c <= rho p_b: the log
 * of the expectation is concave in p_b with its maximum 0 at the null point. Requires that the alternative was fixed before
 * the bucket. 0 where an arm has no exposure. Source: Turner and Grünwald 2023 (arXiv 2302.11401), with a ratio margin.
 */
export function twoByTwoLogE(bucket: TwoByTwo, pair: SharePair): number {
  const { canaryN, canaryX, baselineN, baselineX } = bucket;
  if (canaryN <= 0 || baselineN <= 0) return 0;
  const t = nullPoint(canaryN, baselineN, pair);
  const atNull = pair.rho * t;
  return (
    term(canaryX, Math.log(pair.canary / atNull)) +
    term(canaryN - canaryX, Math.log1p((atNull - pair.canary) / (1 - atNull))) +
    term(baselineX, Math.log(pair.baseline / t)) +
    term(baselineN - baselineX, Math.log1p((t - pair.baseline) / (1 - t)))
  );
}
