import type { GaugePoint } from "./gauge-blocks.ts";

/** How instances differ in the level of a gauge. */
export interface GaugeSpread {
  /** Variance between instances of the mean over time of the log level. What noise adds to the means is in it. */
  readonly variance: number;
  readonly instances: number;
}

/** Blocks of one arm in time order, whatever instances each has. Null for fewer than two instances that are in every block. */
export function gaugeSpread(blocks: readonly (readonly GaugePoint[])[]): GaugeSpread | null {
  const sums = new Map<number, { blocks: number; sum: number }>();
  for (const points of blocks)
    for (const { instanceId, value } of points) {
      if (!Number.isFinite(value)) continue;
      const known = sums.get(instanceId) ?? { blocks: 0, sum: 0 };
      sums.set(instanceId, { blocks: known.blocks + 1, sum: known.sum + value });
    }
  const levels = [...sums.values()]
    .filter((one) => one.blocks === blocks.length)
    .map(({ sum, blocks: n }) => sum / n);
  if (levels.length < 2) return null;
  const mean = levels.reduce((total, level) => total + level, 0) / levels.length;
  const squares = levels.reduce((total, level) => total + (level - mean) ** 2, 0);
  return { variance: squares / (levels.length - 1), instances: levels.length };
}
