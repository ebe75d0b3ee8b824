import type { Histogram } from "#model/histogram.ts";

/** Requests of an instance from which their mean speed says something. */
const requestsNeeded = 30;

/** How instances differ in speed, from durations of equal deployments. */
export interface SpeedSpread {
  /** Variance of ln speed between instances beyond chance; 0 where chance explains all. */
  readonly variance: number;
  readonly instances: number;
}

interface LogMoments {
  readonly n: number;
  readonly mean: number;
  readonly variance: number;
}

/** Mean and variance of ln duration, a bucket taken at its middle; null for explicit bounds and for too few. */
function logMoments(histogram: Histogram): LogMoments | null {
  if (histogram.layout !== "exponential") return null;
  const width = Math.LN2 / 2 ** histogram.scale;
  let n = 0;
  let logs = 0;
  let squares = 0;
  histogram.counts.forEach((count, i) => {
    const log = (histogram.offset + i + 0.5) * width;
    n += count;
    logs += count * log;
    squares += count * log * log;
  });
  if (n < requestsNeeded) return null;
  const mean = logs / n;
  return { n, mean, variance: Math.max(0, squares / n - mean * mean) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Spread of ln speed between instances, one histogram each: variance of their mean ln durations, less what chance adds (moment estimate;
 * requests taken as independent, so that bursts count as a difference of instances). Instances with few requests are left out.
 * Null where fewer than two are left, and for explicit bounds, which are too wide to show a few percent.
 */
export function speedSpread(histograms: readonly Histogram[]): SpeedSpread | null {
  const moments = histograms.map(logMoments).filter((one) => one !== null);
  if (moments.length < 2) return null;
  const middle = mean(moments.map((one) => one.mean));
  const squares = moments.reduce((sum, one) => sum + (one.mean - middle) ** 2, 0);
  const chance = mean(moments.map(({ variance, n }) => variance / n));
  return { variance: Math.max(0, squares / (moments.length - 1) - chance), instances: moments.length };
}
