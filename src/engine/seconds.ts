import { keptScale } from "#model/histogram.ts";
import type { HistogramIncrement } from "./histogram-accumulator.ts";

/** Bounds that were converted before, so that one list is kept for all points that share it. */
const converted = new WeakMap<readonly number[], Map<number, readonly number[]>>();

function boundsInSeconds(bounds: readonly number[], secondsPerUnit: number): readonly number[] {
  const byUnit = converted.get(bounds) ?? new Map<number, readonly number[]>();
  converted.set(bounds, byUnit);
  const known = byUnit.get(secondsPerUnit);
  if (known !== undefined) return known;
  // Dividing by the whole number gives 0.005 for 5 ms; multiplying by 0.001 gives 0.005 plus a rounding.
  const unitsPerSecond = Math.round(1 / secondsPerUnit);
  const seconds = bounds.map((bound) => bound / unitsPerSecond);
  byUnit.set(secondsPerUnit, seconds);
  return seconds;
}

/** The increment at the kept scale or coarser, in a new array where it was finer. */
function coarsened(increment: HistogramIncrement): HistogramIncrement {
  if (increment.scale <= keptScale) return { ...increment };
  const width = 2 ** (increment.scale - keptScale);
  const offset = Math.floor(increment.offset / width);
  const last = Math.floor((increment.offset + increment.countsLength - 1) / width);
  const length = increment.countsLength === 0 ? 0 : last - offset + 1;
  const counts = new Float64Array(length);
  for (let i = 0; i < increment.countsLength; i += 1) {
    const at = Math.floor((increment.offset + i) / width) - offset;
    counts[at] = (counts[at] ?? 0) + (increment.counts[i] ?? 0);
  }
  return { ...increment, scale: keptScale, offset, counts, countsLength: length };
}

/**
 * A duration histogram in seconds. Explicit bounds convert exactly. Exponential buckets shift by the nearest whole number of
 * buckets, which moves values by at most half a bucket (2.2 % at the kept scale), alike for every sender of that unit.
 */
export function toSeconds(increment: HistogramIncrement, secondsPerUnit: number): HistogramIncrement {
  if (secondsPerUnit === 1) return increment;
  const sum = increment.sum * secondsPerUnit;
  if (increment.layout === "explicit")
    return { ...increment, sum, bounds: boundsInSeconds(increment.bounds, secondsPerUnit) };
  const kept = coarsened(increment);
  const shift = Math.round(Math.log2(secondsPerUnit) * 2 ** kept.scale);
  return { ...kept, sum, offset: kept.offset + shift };
}
