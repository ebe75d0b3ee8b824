import type { Histogram } from "#model/histogram.ts";
import { downscale, emptyHistogram, trimBuckets } from "#model/merge-histogram.ts";

/** A histogram of the same layout without any value. */
export function emptyLike(histogram: Histogram): Histogram {
  if (histogram.layout === "exponential") return emptyHistogram(histogram.unit, histogram.scale);
  return { ...histogram, counts: histogram.counts.map(() => 0), sum: 0 };
}

function addInto(sums: number[], counts: readonly number[], from: number): void {
  for (let i = 0; i < counts.length; i += 1) sums[from + i] = (sums[from + i] ?? 0) + (counts[i] ?? 0);
}

/**
 * Sum of histograms that are known to fit the frozen layout (its unit, its bounds, its scale or a finer one), as merging one
 * after the other would give, in one pass.
 */
export function totalLike(frozen: Histogram, histograms: readonly Histogram[]): Histogram {
  let sum = 0;
  for (const histogram of histograms) sum += histogram.sum;
  if (frozen.layout === "explicit") {
    const counts = new Array<number>(frozen.counts.length).fill(0);
    for (const histogram of histograms) addInto(counts, histogram.counts, 0);
    return { ...frozen, counts, sum };
  }
  const parts = histograms.flatMap((each) =>
    each.layout === "exponential" ? [downscale(each, frozen.scale)] : [],
  );
  let first = Infinity;
  let end = -Infinity;
  let zeroCount = 0;
  for (const { offset, counts, zeroCount: zeros } of parts) {
    zeroCount += zeros;
    if (counts.length === 0) continue;
    first = Math.min(first, offset);
    end = Math.max(end, offset + counts.length);
  }
  const total = { ...emptyHistogram(frozen.unit, frozen.scale), zeroCount, sum };
  if (end < first) return total;
  const sums = new Array<number>(end - first).fill(0);
  for (const { offset, counts } of parts) addInto(sums, counts, offset - first);
  return { ...total, ...trimBuckets(first, sums) };
}
