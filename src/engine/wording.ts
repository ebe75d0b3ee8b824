/** Numbers as people read them: three significant digits at most, never an exponent. */
export function sayNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const magnitude = Math.abs(value);
  if (magnitude === 0) return "0";
  if (magnitude >= 100) return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const digits = Math.max(0, 2 - Math.floor(Math.log10(magnitude)));
  return String(Number(value.toFixed(Math.min(digits, 8))));
}

/** A share as percent: "2.1 %", "0.08 %". */
export function sayShare(share: number): string {
  return `${sayNumber(Number((share * 100).toPrecision(2)))} %`;
}

/** A ratio: "1.42x". */
export function sayRatio(ratio: number): string {
  return `${sayNumber(ratio)}x`;
}

/** Past these the interval is open: the grids on which ratios are judged end there. */
const lowestRatio = 0.08;
const highestRatio = 148;

/** An interval of ratios: "1.2x to 1.6x", or one-sided where nothing bounds the other side. */
export function sayInterval(interval: readonly [number, number]): string {
  const [low, high] = interval;
  if (high >= highestRatio) return `at least ${sayRatio(low)}`;
  return low <= lowestRatio ? `at most ${sayRatio(high)}` : `${sayRatio(low)} to ${sayRatio(high)}`;
}

/** A duration in its sender's unit, seconds shown as milliseconds below one second. */
export function sayValue(value: number, unit: string): string {
  if (unit === "s" && value < 1) return `${sayNumber(value * 1000)} ms`;
  return unit === "" || unit === "1" ? sayNumber(value) : `${sayNumber(value)} ${unit}`;
}

export function sayCount(count: number, noun: string): string {
  return `${sayNumber(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** "the median" or "p95". */
export function sayQuantile(q: number): string {
  return q === 0.5 ? "median" : `p${sayNumber(q * 100)}`;
}
