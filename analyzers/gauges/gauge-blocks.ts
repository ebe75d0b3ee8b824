/** Mean of a gauge (processor, memory, queue, time in garbage collection) of one instance in one block of time. */
export interface GaugePoint {
  readonly instanceId: number;
  /** Natural logarithm of the mean; per request where the gauge follows load. */
  readonly value: number;
}

/** One block of time, usually a minute: both arms. */
export interface GaugeBlock {
  /** Number of the block since the start of evidence. */
  readonly at: number;
  readonly canary: readonly GaugePoint[];
  readonly baseline: readonly GaugePoint[];
}

/** All blocks so far, ascending: plain data, the same in any order of folding. */
export interface GaugeEvidence {
  readonly blocks: readonly GaugeBlock[];
  /** Blocks in which an arm had no point. */
  readonly blocksSkipped: number;
  /** Blocks not taken up because `gaugeBlocksKept` were there. */
  readonly blocksBeyond: number;
}

/** Blocks kept: four hours of minutes, when instances limit the evidence and not time. */
export const gaugeBlocksKept = 240;

/** Evidence before the first block. */
export function emptyGauge(): GaugeEvidence {
  return { blocks: [], blocksSkipped: 0, blocksBeyond: 0 };
}

function finitePoints(points: readonly GaugePoint[]): readonly GaugePoint[] {
  return points.filter(({ value }) => Number.isFinite(value)).sort((a, b) => a.instanceId - b.instanceId);
}

/**
 * Adds one block; order does not matter, a block number may come once. Points that are no finite number are left out (the
 * logarithm of a zero gauge); a block in which one arm has none left is counted as skipped.
 */
export function foldGauge(evidence: GaugeEvidence, block: GaugeBlock): GaugeEvidence {
  const { blocks } = evidence;
  const canary = finitePoints(block.canary);
  const baseline = finitePoints(block.baseline);
  if (canary.length === 0 || baseline.length === 0 || blocks.some(({ at }) => at === block.at))
    return { ...evidence, blocksSkipped: evidence.blocksSkipped + 1 };
  if (blocks.length >= gaugeBlocksKept) return { ...evidence, blocksBeyond: evidence.blocksBeyond + 1 };
  const added = { at: block.at, canary, baseline };
  return { ...evidence, blocks: [...blocks, added].sort((a, b) => a.at - b.at) };
}

/** Mean over the points of one arm. */
export function armMean(points: readonly GaugePoint[]): number {
  let sum = 0;
  for (const { value } of points) sum += value;
  return sum / points.length;
}

/** Weight of a block for the difference of its arms: one over the variance, in units of one instance's. */
export function blockWeight({ canary, baseline }: GaugeBlock): number {
  return 1 / (1 / canary.length + 1 / baseline.length);
}
