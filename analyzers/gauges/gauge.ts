import {
  concludeDifference,
  differenceGrid,
  type DifferenceConclusion,
} from "#analyzers/stats/difference-evidence.ts";
import { roundedUp } from "#analyzers/stats/effective-instances.ts";
import type { GaussianScore } from "#analyzers/stats/gaussian-effects.ts";
import { armMean, blockWeight, type GaugeBlock, type GaugeEvidence } from "./gauge-blocks.ts";
import { longRunVariance } from "./gauge-noise.ts";

/** How a gauge is judged. */
export interface GaugePlan {
  /** Error rate for false harm of this signal: alpha times what its weight and attempt leave. */
  readonly alphaUsed: number;
  readonly alpha: number;
  readonly beta: number;
  /** Which way is worse. */
  readonly worse: "higher" | "lower";
  /** Level: ln of the ratio that is not yet harm. Growth: difference per hour that is not. */
  readonly tolerance: number;
  /** What promotion must exclude, in the same unit; null where the gauge is not guarded. */
  readonly margin: number | null;
  /** Spread between healthy instances (of the log level, or of the growth per hour), and the degrees of freedom behind it. */
  readonly tau0: number;
  readonly tauDegrees: number;
}

/** What the blocks say. Differences are canary less baseline, in logarithms; of the growth per hour for a leak. */
export interface GaugeConclusion extends DifferenceConclusion {
  /** Null before there are enough blocks. */
  readonly effect: number | null;
  readonly tauE: number;
  readonly canaryInstances: number;
  readonly baselineInstances: number;
  readonly blocksUsed: number;
}

const grid = differenceGrid(0.01);

function instancesOf(blocks: readonly GaugeBlock[], arm: "canary" | "baseline"): number {
  return new Set(blocks.flatMap((block) => block[arm].map(({ instanceId }) => instanceId))).size;
}

function turned(interval: DifferenceConclusion["interval"], sign: 1 | -1): DifferenceConclusion["interval"] {
  return interval === null || sign === 1 ? interval : [-interval[1], -interval[0]];
}

/** Harm and safety of an estimate whose instances differ as the plan says. */
function concludeEstimate(
  blocks: readonly GaugeBlock[],
  { score, information }: GaussianScore,
  plan: GaugePlan,
): GaugeConclusion {
  const sign = plan.worse === "higher" ? 1 : -1;
  const canaryInstances = instancesOf(blocks, "canary");
  const baselineInstances = instancesOf(blocks, "baseline");
  const spread = Math.sqrt(1 / Math.max(1, canaryInstances) + 1 / Math.max(1, baselineInstances));
  const tauE = roundedUp(plan.tau0 * spread);
  const said = concludeDifference(
    grid,
    { score: sign * score, information },
    { ...plan, tau: tauE, degrees: plan.tauDegrees },
  );
  return {
    ...said,
    interval: turned(said.interval, sign),
    effect: information > 0 ? score / information : null,
    tauE,
    canaryInstances,
    baselineInstances,
    blocksUsed: blocks.length,
  };
}

/**
 * What the blocks say on the level of a gauge: the mean over blocks of canary less baseline, each block paired in time, so that
 * load and other shared noise cancel. Noise within an instance counts with its memory; persistent differences between
 * instances are the null's spread. Asymptotic in the number of blocks; a new instance that warms up is the caller's to cut.
 */
export function concludeGauge({ blocks }: GaugeEvidence, plan: GaugePlan): GaugeConclusion {
  const noise = longRunVariance(blocks, false);
  let score = 0;
  let weights = 0;
  for (const block of blocks) {
    const weight = blockWeight(block);
    score += weight * (armMean(block.canary) - armMean(block.baseline));
    weights += weight;
  }
  const sure = noise === null || noise <= 0 ? 0 : 1 / noise;
  return concludeEstimate(blocks, { score: score * sure, information: weights * sure }, plan);
}

/**
 * What the blocks say on the growth of a gauge (a leak): the slope over time of canary less baseline, per hour. Needs instances
 * of like age in both arms: young ones grow while caches fill. `blocksPerHour` = 60 for blocks of a minute.
 */
export function concludeLeak(
  { blocks }: GaugeEvidence,
  plan: GaugePlan,
  blocksPerHour: number,
): GaugeConclusion {
  const noise = longRunVariance(blocks, true);
  let weights = 0;
  let times = 0;
  for (const block of blocks) {
    weights += blockWeight(block);
    times += blockWeight(block) * block.at;
  }
  const middle = times / weights;
  let score = 0;
  let information = 0;
  for (const block of blocks) {
    const hours = (block.at - middle) / blocksPerHour;
    const weight = blockWeight(block) * hours;
    score += weight * (armMean(block.canary) - armMean(block.baseline));
    information += weight * hours;
  }
  const sure = noise === null || noise <= 0 ? 0 : 1 / noise;
  return concludeEstimate(blocks, { score: score * sure, information: information * sure }, plan);
}
