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

/** Brings an increment to the kept scale where it is finer. A bucket never moves up, so its counts are put together in place. */
function coarsen(increment: HistogramIncrement): void {
  if (increment.scale <= keptScale) return;
  const { counts, countsLength } = increment;
  const width = 2 ** (increment.scale - keptScale);
  const offset = Math.floor(increment.offset / width);
  let length = 0;
  for (let i = 0; i < countsLength; i += 1) {
    const at = Math.floor((increment.offset + i) / width) - offset;
    const count = counts[i] ?? 0;
    counts[at] = at < length ? (counts[at] ?? 0) + count : count;
    length = at + 1;
  }
  increment.scale = keptScale;
  increment.offset = offset;
  increment.countsLength = length;
}

/**
 * Turns a duration histogram into seconds, in place. Explicit bounds convert exactly. Exponential buckets shift by the nearest
 * whole number of buckets, which moves values by at most half a bucket (2.2 % at the kept scale), alike for every sender of
 * that unit.
 */
export function turnToSeconds(increment: HistogramIncrement, secondsPerUnit: number): void {
  if (secondsPerUnit === 1) return;
  increment.sum *= secondsPerUnit;
  if (increment.layout === "explicit") {
    increment.bounds = boundsInSeconds(increment.bounds, secondsPerUnit);
    return;
  }
  coarsen(increment);
  increment.offset += Math.round(Math.log2(secondsPerUnit) * 2 ** increment.scale);
}
