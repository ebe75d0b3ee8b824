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

/** Requests by bin of the frame; null where the layout is another one or coarser than the frozen one. */
export function binned(frame: DurationFrame, frozen: Histogram, histogram: Histogram): number[] | null {
  if (histogram.unit !== frozen.unit) return null;
  if (frame.layout === "explicit") {
    if (histogram.layout !== "explicit" || frozen.layout !== "explicit") return null;
    const same =
      histogram.bounds.length === frozen.bounds.length &&
      histogram.bounds.every((bound, i) => bound === frozen.bounds[i]);
    return same ? [...histogram.counts] : null;
  }
  if (histogram.layout !== "exponential" || histogram.scale < frame.scale) return null;
  const { offset, counts, zeroCount } = downscale(histogram, frame.scale);
  const into = new Array<number>(frame.bins).fill(0);
  into[0] = zeroCount;
  counts.forEach((count, i) => {
    const at = Math.min(frame.bins - 1, Math.max(0, offset + i - frame.first));
    into[at] = (into[at] ?? 0) + count;
  });
  return into;
}
