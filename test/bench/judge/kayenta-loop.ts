import { normalQuantile } from "#analyzers/stats/normal.ts";

const z98 = normalQuantile(0.99);
const tolerance = 0.25;

/** Standard deviation of the Mann-Whitney statistic with ties, over the square root of mn/12. */
function tieFactor(values: Float64Array): number {
  const total = values.length;
  const sorted = values.slice().sort();
  let ties = 0;
  for (let i = 0; i < total;) {
    let end = i + 1;
    while (end < total && sorted[end] === sorted[i]) end += 1;
    ties += (end - i) ** 3 - (end - i);
    i = end;
  }
  return total + 1 - ties / (total * (total - 1));
}

/**
 * Kayenta's label "High" of NetflixACAJudge on two series of points: the lower limit of the 98 % Hodges-Lehmann interval
 * is above a quarter of the estimated shift. By exact order statistics, which its own solver approximates.
 */
export function isHigh(experiment: Float64Array, control: Float64Array): boolean {
  const n = experiment.length;
  const m = control.length;
  if (n === 0 || m === 0) return false;
  const pooled = new Float64Array(n + m);
  pooled.set(experiment);
  pooled.set(control, n);
  const deviation = Math.sqrt(((n * m) / 12) * tieFactor(pooled));
  if (!(deviation > 0)) return false;
  // With very few points its interval is the whole range of differences.
  const rank = Math.max(1, Math.floor((n * m) / 2 - 0.5 - z98 * deviation));
  const differences = new Float64Array(n * m);
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j < m; j += 1) differences[i * m + j] = experiment[i]! - control[j]!;
  }
  differences.sort();
  const middle = differences.length >> 1;
  const shift =
    differences.length % 2 === 1
      ? differences[middle]!
      : (differences[middle - 1]! + differences[middle]!) / 2;
  return differences[rank - 1]! > tolerance * Math.abs(shift);
}

/** First look at which it fails is not before this minute: fewer points say little to it. */
const firstMinute = 10;

/**
 * The usual loop around it: a judgement each minute over all points so far, failed at the first High. Answers the minute,
 * or null. Points are NaN where a minute has no data.
 */
export function kayentaLoop(canary: Float64Array, baseline: Float64Array): number | null {
  for (let minute = firstMinute; minute <= canary.length; minute += 1) {
    const known = (points: Float64Array): Float64Array =>
      points.subarray(0, minute).filter((point) => !Number.isNaN(point));
    if (isHigh(known(canary), known(baseline))) return minute;
  }
  return null;
}
