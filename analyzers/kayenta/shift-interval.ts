import { normalQuantile } from "#analyzers/stats/normal.ts";

/** By how much one sample lies above another: the median of all differences and an interval for it. */
export interface ShiftInterval {
  readonly low: number;
  readonly high: number;
  readonly estimate: number;
}

/** Infinite values rank beyond every other one; this stands for them in differences. */
const beyondAll = 1e300;

function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values, (value) => Math.min(beyondAll, Math.max(-beyondAll, value))).sort();
}

/** Number of differences x - y that are at most `limit`, and the smallest one above it; both samples ascend. */
function around(x: Float64Array, y: Float64Array, limit: number): { count: number; next: number } {
  let count = 0;
  let next = Infinity;
  // The y that are too small for x - y <= limit are a growing first part as x grows.
  let small = 0;
  for (const value of x) {
    while (small < y.length && value - (y[small] ?? 0) > limit) small += 1;
    count += y.length - small;
    const largest = y[small - 1];
    if (largest !== undefined) next = Math.min(next, value - largest);
  }
  return { count, next };
}

/** The k-th smallest difference x - y, k from 1, without making them all: their range is halved until one is left. */
function rankedDifference(x: Float64Array, y: Float64Array, k: number): number {
  let below = (x[0] ?? 0) - (y[y.length - 1] ?? 0);
  let seen = around(x, y, below);
  if (seen.count >= k) return below;
  let upTo = (x[x.length - 1] ?? 0) - (y[0] ?? 0);
  for (;;) {
    const candidate = seen.next;
    if (candidate >= upTo || around(x, y, candidate).count >= k) return candidate;
    const middle = below + (upTo - below) / 2;
    const trial = middle > candidate && middle < upTo ? middle : candidate;
    const there = around(x, y, trial);
    if (there.count >= k) upTo = trial;
    else {
      below = trial;
      seen = there;
    }
  }
}

function tieSum(sorted: Float64Array): number {
  let sum = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to] === sorted[from]) to += 1;
    const t = to - from;
    sum += t ** 3 - t;
    from = to;
  }
  return sum;
}

/**
 * Interval for the shift of x over y by inverting the Mann-Whitney test: normal approximation with continuity and tie
 * correction, as in R's wilcox.test(exact = FALSE). The test changes only where the shift passes a difference, so the limits
 * are ranked differences and the estimate is their median (Hodges and Lehmann): exact in any unit, where a root
 * finder with an absolute tolerance is not. Where the samples are too small for the confidence, the ends of all
 * differences are answered. Neither sample may be empty.
 */
export function shiftInterval(x: readonly number[], y: readonly number[], confidence: number): ShiftInterval {
  const a = ascending(x);
  const b = ascending(y);
  const pairs = a.length * b.length;
  const total = a.length + b.length;
  const ties = (tieSum(a) + tieSum(b)) / (total * (total - 1));
  const sd = Math.sqrt((pairs / 12) * Math.max(0, total + 1 - ties));
  const z = -normalQuantile((1 - confidence) / 2);
  const rank = Math.max(1, Math.floor(pairs / 2 - 0.5 - z * sd) + 1);
  const half = Math.floor((pairs + 1) / 2);
  const lower = rankedDifference(a, b, half);
  const upper = pairs % 2 === 1 ? lower : rankedDifference(a, b, half + 1);
  return {
    low: rankedDifference(a, b, rank),
    high: rankedDifference(a, b, pairs - rank + 1),
    estimate: lower + (upper - lower) / 2,
  };
}
