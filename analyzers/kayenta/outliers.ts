/** Percentile by linear interpolation between order statistics (R's type 7), p in [0, 1]; `sorted` ascends and is not empty. */
export function percentile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1);
  const from = Math.floor(at);
  const low = sorted[from] ?? NaN;
  const high = sorted[Math.min(from + 1, sorted.length - 1)] ?? NaN;
  return at === from ? low : low + (at - from) * (high - low);
}

/** How far out a value must lie. */
export interface OutlierRule {
  /** Interquartile ranges beyond a quartile. */
  readonly factor: number;
  /** Moves the fences out to the 1 % and 99 % percentiles where those lie further. */
  readonly reduceSensitivity: boolean;
}

/** Which values lie beyond Tukey's fences; gaps (not-a-number) are none. */
export function outliers(
  values: readonly number[],
  { factor, reduceSensitivity }: OutlierRule,
): readonly boolean[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return values.map(() => false);
  const first = percentile(sorted, 0.25);
  const third = percentile(sorted, 0.75);
  const reach = factor * (third - first);
  let low = first - reach;
  let high = third + reach;
  if (reduceSensitivity) {
    low = Math.min(low, percentile(sorted, 0.01));
    high = Math.max(high, percentile(sorted, 0.99));
  }
  return values.map((value) => value < low || value > high);
}
