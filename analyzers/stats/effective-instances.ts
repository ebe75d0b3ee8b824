/** Number of equal instances that would spread the traffic as these did: (sum n)^2 / sum n^2; 1 where nothing was served. */
export function effectiveInstances(exposures: readonly number[]): number {
  let sum = 0;
  let squares = 0;
  for (const n of exposures) {
    sum += n;
    squares += n * n;
  }
  return squares > 0 ? (sum * sum) / squares : 1;
}

/** Spread of a difference of two arm means when single instances differ by 1: sqrt(1/G_c + 1/G_b). */
export function instanceSpread(canary: readonly number[], baseline: readonly number[]): number {
  return Math.sqrt(1 / effectiveInstances(canary) + 1 / effectiveInstances(baseline));
}

/** Rounds up to three significant digits, so that priors can be kept and the spread is never understated. */
export function roundedUp(value: number): number {
  if (!(value > 0)) return value;
  const unit = 10 ** (Math.floor(Math.log10(value)) - 2);
  return Math.ceil(value / unit - 1e-9) * unit;
}
