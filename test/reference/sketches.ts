/** Base of OpenTelemetry's buckets at a scale, and the largest relative error of a bucket's harmonic middle. */
export function exponentialBase(scale: number) {
  const logBase = Math.LN2 * 2 ** -scale;
  return { base: 2 ** (2 ** -scale), max_relative_error_midpoint: Math.tanh(logBase / 2) };
}

/** DDSketch (Masson, Rim and Lee 2019): bucket and estimate of a positive value. */
export function logarithmicBucket(alpha: number, value: number) {
  const gamma = (1 + alpha) / (1 - alpha);
  const index = Math.ceil(Math.log(value) / (Math.log1p(alpha) - Math.log1p(-alpha)));
  return { gamma, index, estimate: (2 * gamma ** index) / (gamma + 1) };
}

/** Exact and sketched values at the rank floor(q (n - 1)). */
export function sketchedQuantiles(values: readonly number[], alpha: number, quantiles: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = quantiles.map((q) => {
    const exact = sorted[Math.floor(q * (sorted.length - 1))]!;
    // The bucket of the value at a rank is the bucket at that rank: buckets keep the order.
    return [
      String(q),
      { exact_lower_rank: exact, sketch: logarithmicBucket(alpha, exact).estimate },
    ] as const;
  });
  return Object.fromEntries(at);
}

/** Half width of the band around a distribution function with Massart's constant. */
export function dkwHalfWidth(n: number, alpha: number): number {
  return Math.sqrt(Math.log(2 / alpha) / (2 * n));
}
