import type { ExponentialHistogram } from "#model/merge-histogram.ts";
import { ok, type Result } from "#model/result.ts";
import { monotoneLogRatios, multiBinTable } from "#analyzers/stats/multi-bin.ts";
import { binAtQuantile, slowDowns } from "#analyzers/stats/slow-downs.ts";
import { instanceLadder } from "#analyzers/stats/speed-grid.ts";
import { studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import { survivalCurve, type SurvivalCurve } from "#analyzers/stats/survival-curve.ts";
import type { DurationPlan, DurationRefusal } from "./duration-plan.ts";
import {
  alphaUsed,
  marginAt,
  shareRow,
  tooCoarse,
  type ExponentialFrame,
  type ShareRow,
} from "./frame-parts.ts";

const superQuantiles = [
  0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.9993,
];
/** Below this scale buckets are so wide (more than 19 %) that slow-downs hide in them. */
const coarsestScale = 2;
const binsBelow = 8;
const octavesAbove = 4;
const pseudoCount = 0.02;

/** Counts smoothed by a Gaussian over neighbouring bins; half of Silverman's width, so that two peaks stay two. */
function smoothed(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const mean = counts.reduce((sum, count, i) => sum + count * i, 0) / total;
  const variance = counts.reduce((sum, count, i) => sum + count * (i - mean) ** 2, 0) / total;
  const width = Math.max(0.3, 0.53 * Math.sqrt(variance) * total ** -0.2);
  const reach = Math.ceil(3 * width);
  const kernel = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / width) ** 2));
  const kernelSum = kernel.reduce((sum, value) => sum + value, 0);
  const last = counts.length - 1;
  const smooth = counts.map(() => pseudoCount);
  counts.forEach((count, i) => {
    if (count === 0) return;
    kernel.forEach((value, j) => {
      const to = Math.min(last, Math.max(0, i + j - reach));
      smooth[to] = (smooth[to] ?? 0) + (count * value) / kernelSum;
    });
  });
  const sum = smooth.reduce((a, b) => a + b, 0);
  return smooth.map((count) => count / sum);
}

/** Fine bins of the margin at each rung: the policy's rounded down, a widened one rounded up, never beyond the widest. */
function marginBins(plan: DurationPlan, logBase: number): { bins: number; margin: number }[] {
  const down = (factor: number): number => Math.max(1, Math.floor(Math.log(factor) / logBase + 1e-9));
  return instanceLadder.map((spread) => {
    const { margin } = marginAt(plan, spread);
    if (margin <= plan.margin) return { bins: down(plan.margin), margin: plan.margin };
    const widest = down(Math.max(plan.margin, plan.atMost));
    const bins = Math.min(widest, Math.ceil(Math.log(margin) / logBase));
    return { bins, margin: Math.exp(bins * logBase) };
  });
}

/** Places of the quantile cuts: the bin after the one that reaches the quantile, never the last. */
function cutAfter(shares: readonly number[], q: number): number {
  return Math.min(binAtQuantile(shares, q), shares.length - 2) + 1;
}

function fineCurve(shares: readonly number[], edge: (bin: number) => number): SurvivalCurve | null {
  let cumulated = 0;
  return survivalCurve(
    shares.map((share, i) => {
      cumulated += share;
      return { x: edge(i + 1), above: 1 - cumulated };
    }),
  );
}

/** Sums of fine bins by super-bin. */
function bySuperBin(superOf: readonly number[], fine: readonly number[]): number[] {
  const into = new Array<number>((superOf[superOf.length - 1] ?? 0) + 1).fill(0);
  fine.forEach((share, i) => {
    const k = superOf[i] ?? 0;
    into[k] = (into[k] ?? 0) + share;
  });
  return into;
}

/** Rows of the frame, each kept once: `place` answers its index. */
function rowKeeper(curve: SurvivalCurve, edge: (bin: number) => number, logBase: number) {
  const rows: ShareRow[] = [];
  const place = (from: number, marginWidth: number): number => {
    const known = rows.findIndex((row) => row.baselineFrom === from && row.canaryFrom === from + marginWidth);
    if (known !== -1) return known;
    const edges = {
      canaryFrom: from + marginWidth,
      baselineFrom: from,
      at: edge(from),
      factor: Math.exp(marginWidth * logBase),
    };
    return rows.push(shareRow(curve, edges)) - 1;
  };
  return { rows, place };
}

/** The frozen histogram in fine bins with room on both sides, smoothed to shares. */
function fineShares(frozen: ExponentialHistogram): readonly number[] {
  const bins = binsBelow + frozen.counts.length + octavesAbove * 2 ** frozen.scale;
  const counts = Array.from({ length: bins }, (_, i) => frozen.counts[i - binsBelow] ?? 0);
  counts[0] = frozen.zeroCount;
  return smoothed(counts);
}

/** Cut points, alternatives, shifts and rows of an exponential histogram. */
export function exponentialFrame(
  frozen: ExponentialHistogram,
  plan: DurationPlan,
): Result<ExponentialFrame, DurationRefusal> {
  const { scale } = frozen;
  if (scale < coarsestScale)
    return tooCoarse(
      `the exponential histogram has scale ${scale}, buckets too wide to see a slow-down; allow the sender more buckets (scale ${coarsestScale} or more)`,
    );
  const first = frozen.offset - binsBelow;
  const logBase = Math.LN2 / 2 ** scale;
  const shares = fineShares(frozen);
  const cuts = [...new Set(superQuantiles.map((q) => cutAfter(shares, q)))];
  const superOf = shares.map((_, i) => cuts.filter((cut) => cut <= i).length);
  const reference = bySuperBin(superOf, shares);
  const alternatives = slowDowns(shares, 2 ** (scale - 4));
  const edge = (bin: number): number => Math.exp((first + bin) * logBase);
  const curve = fineCurve(shares, edge);
  if (curve === null)
    return tooCoarse("all requests of the baseline fell into one bucket; send finer histograms");
  const { rows, place } = rowKeeper(curve, edge, logBase);
  const cutAt = plan.quantiles.map((q) => cutAfter(shares, q));
  const plainRow = cutAt.map((from) => place(from, 0));
  const margins = plan.guarded ? marginBins(plan, logBase) : [];
  const extra = studentUpperQuantile(alphaUsed(plan) / 4, plan.tauDegrees) * plan.tau0;
  return ok({
    layout: "exponential",
    scale,
    first,
    bins: shares.length,
    cuts: Uint16Array.from(cuts),
    shifts: instanceLadder.map((spread) => (Math.log(plan.tolerance) + extra * spread) / logBase),
    alternatives: multiBinTable(
      alternatives.map((slow) => monotoneLogRatios(bySuperBin(superOf, slow.shares), reference)),
    ),
    logWeights: alternatives.map((slow) => Math.log(slow.weight)),
    plainRow,
    marginRow: cutAt.map((from) => margins.map((m) => ({ row: place(from, m.bins), margin: m.margin }))),
    rows,
  });
}
