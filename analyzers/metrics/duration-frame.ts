import type { Histogram } from "#model/histogram.ts";
import { downscale } from "#model/merge-histogram.ts";
import type { Result } from "#model/result.ts";
import type { DurationPlan, DurationRefusal } from "./duration-plan.ts";
import { explicitFrame } from "./explicit-frame.ts";
import { exponentialFrame } from "./exponential-frame.ts";
import type { DurationFrame } from "./frame-parts.ts";

/** Derives cut points, alternatives and rows; refuses where the histogram cannot show a slow-down. */
export function frameOf(frozen: Histogram, plan: DurationPlan): Result<DurationFrame, DurationRefusal> {
  return frozen.layout === "exponential" ? exponentialFrame(frozen, plan) : explicitFrame(frozen, plan);
}

/**
 * Adds a histogram to the bins of the frame, in place, and answers how many requests it holds; null where the layout is another
 * one or coarser than the frozen one.
 */
export function addBinned(
  into: Float64Array,
  frame: DurationFrame,
  frozen: Histogram,
  histogram: Histogram,
): number | null {
  if (histogram.unit !== frozen.unit) return null;
  if (frame.layout === "explicit") {
    if (histogram.layout !== "explicit" || frozen.layout !== "explicit") return null;
    const { bounds } = frozen;
    const same =
      histogram.bounds === bounds ||
      (histogram.bounds.length === bounds.length &&
        histogram.bounds.every((bound, i) => bound === bounds[i]));
    return same ? addCounts(into, histogram.counts, 0) : null;
  }
  if (histogram.layout !== "exponential" || histogram.scale < frame.scale) return null;
  const { offset, counts, zeroCount } = downscale(histogram, frame.scale);
  into[0] = (into[0] ?? 0) + zeroCount;
  return zeroCount + addCounts(into, counts, offset - frame.first);
}

/** Adds counts from a place on; what lies outside goes to the nearest bin. */
function addCounts(into: Float64Array, counts: readonly number[], from: number): number {
  const last = into.length - 1;
  let added = 0;
  for (let i = 0; i < counts.length; i += 1) {
    const count = counts[i] ?? 0;
    const at = Math.min(last, Math.max(0, from + i));
    into[at] = (into[at] ?? 0) + count;
    added += count;
  }
  return added;
}

/** Requests by bin of the frame; null where `addBinned` answers so. */
export function binned(frame: DurationFrame, frozen: Histogram, histogram: Histogram): Float64Array | null {
  const into = new Float64Array(frame.bins);
  return addBinned(into, frame, frozen, histogram) === null ? null : into;
}
