import { bins, binWidth, firstBin } from "./duration-shape.ts";
import { windows, type Stream } from "./stream.ts";
import type { Side } from "./scenario.ts";

const perMinute = 12;
export const minutes = windows / perMinute;

/** The points that a dashboard would show of one arm: one a minute, NaN where there was nothing. */
export interface MinutePoints {
  readonly errorShare: Float64Array;
  /** Seconds; null where the world has no durations. */
  readonly p99: Float64Array | null;
}

export function minutePoints(stream: Stream, side: Side): MinutePoints {
  const { n, x } = stream.counts[side];
  const errorShare = new Float64Array(minutes);
  const p99 = stream.histograms === null ? null : new Float64Array(minutes);
  for (let minute = 0; minute < minutes; minute += 1) {
    let served = 0;
    let bad = 0;
    for (let at = minute * perMinute; at < (minute + 1) * perMinute; at += 1) {
      served += n[at]!;
      bad += x[at]!;
    }
    errorShare[minute] = served === 0 ? Number.NaN : bad / served;
    if (p99 !== null && stream.histograms !== null)
      p99[minute] = quantileOf(stream.histograms[side], minute * perMinute * bins, 0.99);
  }
  return { errorShare, p99 };
}

/** A quantile of one minute's histogram, interpolated inside its bin; NaN without requests. */
function quantileOf(histograms: Float64Array, from: number, q: number): number {
  const sums = new Float64Array(bins);
  let total = 0;
  for (let i = 0; i < perMinute * bins; i += 1) {
    const count = histograms[from + i]!;
    sums[i % bins] = sums[i % bins]! + count;
    total += count;
  }
  let below = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const count = sums[bin]!;
    if (count > 0 && below + count >= q * total)
      return Math.exp((firstBin + bin + (q * total - below) / count) * binWidth);
    below += count;
  }
  return Number.NaN;
}
