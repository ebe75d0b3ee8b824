import { addLogs, numberBatch } from "./logs-in-place.ts";

/** Bad outcomes and exposures of both arms in one bucket of time. */
export interface RateBucket {
  readonly canaryN: number;
  readonly canaryX: number;
  readonly baselineN: number;
  readonly baselineX: number;
}

/** The ratios of a grid and their logarithms. */
export interface RatioTable {
  readonly ratios: readonly number[];
  readonly logRatios: readonly number[];
}

/** Exact test of one alternative: `theta` against "canary rate <= theta0 * baseline rate + slack" (slack 0 for theta < theta0). */
export interface RateAlternative {
  readonly theta: number;
  readonly theta0: number;
  readonly slack: number;
}

/** Working memory, overwritten by each use. */
let scratch = numberBatch(256);

/**
 * Log-likelihood of the log rate ratio u = ln(canary rate / baseline rate), relative to u = 0, given the bucket's total
 * of bad outcomes: x_c u - (x_c + x_b) ln((r e^u + 1)/(r + 1)), r = n_c / n_b. Conditioning on the total removes the
 * shared rate, whatever it does over time, and the traffic split. Added to `into` in place, one value a grid point.
 * Nothing is added where one arm has no exposure. Requests are taken as independent given the bucket; exact for
 * Poisson counts and conservative for Bernoulli ones.
 */
export function addRateLikelihood(into: number[], table: RatioTable, bucket: RateBucket): void {
  const { canaryN, canaryX, baselineN, baselineX } = bucket;
  const total = canaryX + baselineX;
  if (canaryN <= 0 || baselineN <= 0 || total === 0) return;
  const share = canaryN / (canaryN + baselineN);
  const { ratios, logRatios } = table;
  const points = ratios.length;
  if (points > scratch.values.length) scratch = numberBatch(points);
  const { values: grown } = scratch;
  for (let i = 0; i < points; i += 1) {
    grown[i] = 1 + share * ((ratios[i] ?? 1) - 1);
    into[i] = (into[i] ?? 0) + canaryX * (logRatios[i] ?? 0);
  }
  addLogs(into, scratch, -total);
}

/**
 * Increment of ln E for one alternative (E1). With B = (n_c theta0 + n_b)/(n_c theta + n_b) and A = theta B / theta0:
 * x_c ln A + x_b ln B - n_c slack (A - 1). The expectation of its exponential is at most 1 under the null at any
 * shared rate; enumeration in the tests shows it.
 */
export function rateLogIncrement(bucket: RateBucket, { theta, theta0, slack }: RateAlternative): number {
  const { canaryN, canaryX, baselineN, baselineX } = bucket;
  if (canaryN <= 0 || baselineN <= 0) return 0;
  const b = (canaryN * theta0 + baselineN) / (canaryN * theta + baselineN);
  const a = (theta / theta0) * b;
  const fromCanary = canaryX === 0 ? 0 : canaryX * Math.log(a);
  const fromBaseline = baselineX === 0 ? 0 : baselineX * Math.log(b);
  return fromCanary + fromBaseline - canaryN * slack * Math.max(a - 1, 0);
}
