import { armMean, type GaugeBlock, type GaugePoint } from "./gauge-blocks.ts";

/** Values of one series at block numbers, ascending. */
interface Series {
  readonly at: number[];
  readonly values: number[];
}

/** Deviations of each instance from its arm, block by block: what both arms share is gone. */
function deviations(blocks: readonly GaugeBlock[]): readonly Series[] {
  const byInstance = new Map<string, Series>();
  const add = (arm: string, at: number, points: readonly GaugePoint[]): void => {
    if (points.length < 2) return;
    const mean = armMean(points);
    // The deviation from a mean that holds the instance itself is too small by this factor.
    const widened = Math.sqrt(points.length / (points.length - 1));
    for (const { instanceId, value } of points) {
      const key = `${arm}${instanceId}`;
      const series = byInstance.get(key) ?? { at: [], values: [] };
      byInstance.set(key, series);
      series.at.push(at);
      series.values.push((value - mean) * widened);
    }
  };
  for (const { at, canary, baseline } of blocks) {
    add("canary", at, canary);
    add("baseline", at, baseline);
  }
  return [...byInstance.values()];
}

/** With one instance an arm only the difference of the two is left: it has the noise of both. */
function halvedDifference(blocks: readonly GaugeBlock[]): readonly Series[] {
  return [
    {
      at: blocks.map(({ at }) => at),
      values: blocks.map(({ canary, baseline }) => (armMean(canary) - armMean(baseline)) / Math.SQRT2),
    },
  ];
}

/** Residuals around the series' own mean, or around its own line over time. */
function residuals({ at, values }: Series, trend: boolean): number[] {
  const n = values.length;
  const meanAt = at.reduce((sum, t) => sum + t, 0) / n;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  let moment = 0;
  let square = 0;
  at.forEach((t, i) => {
    moment += (t - meanAt) * ((values[i] ?? 0) - mean);
    square += (t - meanAt) ** 2;
  });
  const slope = trend && square > 0 ? moment / square : 0;
  return values.map((value, i) => value - mean - slope * ((at[i] ?? 0) - meanAt));
}

/** Fewest blocks from which noise is estimated. */
export const leastBlocks = 5;

/** Short series hide their memory: an estimated correlation at lag 1 is low by about 4 / T where it is high. */
const hiddenMemory = 4;
const strongestMemory = 0.97;
/** Safety factor on the noise for being estimated. */
const estimated = 1.3;

/**
 * Long-run variance of one instance's noise per block: variance times (1 + phi)/(1 - phi) for a memory phi of one block
 * (AR(1)), from the deviations of instances from their arm, persistent differences (and trends) of instances taken out. Null
 * while there are too few blocks.
 */
export function longRunVariance(blocks: readonly GaugeBlock[], trend: boolean): number | null {
  if (blocks.length < leastBlocks) return null;
  const paired = deviations(blocks);
  let squares = 0;
  let degrees = 0;
  let lagged = 0;
  let used = 0;
  for (const series of paired.length > 0 ? paired : halvedDifference(blocks)) {
    const { length } = series.values;
    if (length < leastBlocks) continue;
    const rest = residuals(series, trend);
    used += 1;
    degrees += length - (trend ? 2 : 1);
    rest.forEach((value, i) => {
      squares += value * value;
      if (series.at[i + 1] === (series.at[i] ?? 0) + 1) lagged += value * (rest[i + 1] ?? 0);
    });
  }
  if (used === 0 || degrees <= 0) return null;
  const perSeries = degrees / used + (trend ? 2 : 1);
  const memory = squares > 0 ? lagged / squares + hiddenMemory / perSeries : 0;
  const phi = Math.min(strongestMemory, Math.max(0, memory));
  return ((squares / degrees) * estimated * (1 + phi)) / (1 - phi);
}
