import type { Histogram } from "#model/histogram.ts";
import { emptyHistogram, histogramCount, mergeHistograms } from "#model/merge-histogram.ts";
import { err, ok, type Result } from "#model/result.ts";
import { addMultiBin } from "#analyzers/stats/multi-bin.ts";
import { addRateLikelihood } from "#analyzers/stats/rate-likelihood.ts";
import { speedGrid } from "#analyzers/stats/speed-grid.ts";
import { binned, frameOf } from "./duration-frame.ts";
import type { DurationFrame, ShareRow } from "./frame-parts.ts";
import {
  frozenRequestsNeeded,
  type DurationArm,
  type DurationEvidence,
  type DurationPlan,
  type DurationRefusal,
  type DurationTile,
  type InstanceExposure,
} from "./duration-plan.ts";

const frames = new WeakMap<Histogram, { readonly plan: DurationPlan; readonly frame: DurationFrame }>();

/** The frame of an evidence, derived once for each frozen histogram in memory. */
export function frameFor(evidence: Pick<DurationEvidence, "frozen" | "plan">): DurationFrame {
  const known = frames.get(evidence.frozen);
  if (known?.plan === evidence.plan) return known.frame;
  const derived = frameOf(evidence.frozen, evidence.plan);
  if (!derived.ok) throw new Error(`evidence whose frozen histogram is refused: ${derived.error.message}`);
  frames.set(evidence.frozen, { plan: evidence.plan, frame: derived.value });
  return derived.value;
}

function emptyLike(histogram: Histogram): Histogram {
  if (histogram.layout === "exponential") return emptyHistogram(histogram.unit, histogram.scale);
  return { ...histogram, counts: histogram.counts.map(() => 0), sum: 0 };
}

/**
 * Starts the evidence on durations. `frozen` is the baseline's histogram from before the canary came, at least 100
 * requests; cut points, alternatives and margins derive from it and from the plan, and never change.
 */
export function openDuration(
  frozen: Histogram,
  plan: DurationPlan,
): Result<DurationEvidence, DurationRefusal> {
  const requests = histogramCount(frozen);
  if (requests < frozenRequestsNeeded)
    return err({
      tag: "tooFew",
      message: `cut points need ${frozenRequestsNeeded} baseline requests, there are ${requests}; wait for more traffic`,
    });
  const derived = frameOf(frozen, plan);
  if (!derived.ok) return derived;
  const frame = derived.value;
  frames.set(frozen, { plan, frame });
  return ok({
    frozen,
    plan,
    harm: frame.layout === "exponential" ? frame.shifts.map(() => frame.logWeights.map(() => 0)) : [],
    shares: frame.rows.map(() => speedGrid.map(() => 0)),
    canary: [],
    baseline: [],
    canaryTotal: emptyLike(frozen),
    baselineTotal: emptyLike(frozen),
    tilesUsed: 0,
    tilesSkipped: 0,
    tilesUnusable: 0,
  });
}

interface ArmBins {
  readonly n: number;
  readonly bins: readonly number[];
  readonly total: Histogram;
  readonly exposures: readonly InstanceExposure[];
}

/** One arm of a tile in the bins of the frame; null where any of its histograms does not fit. */
function armBins(frame: DurationFrame, frozen: Histogram, arm: readonly DurationArm[]): ArmBins | null {
  const bins = new Array<number>(frame.bins).fill(0);
  let total = emptyLike(frozen);
  let n = 0;
  const exposures: InstanceExposure[] = [];
  for (const { instanceId, histogram } of arm) {
    const own = binned(frame, frozen, histogram);
    const merged = mergeHistograms(total, histogram);
    if (own === null || !merged.ok) return null;
    total = merged.value;
    let served = 0;
    own.forEach((count, i) => {
      bins[i] = (bins[i] ?? 0) + count;
      served += count;
    });
    n += served;
    exposures.push({ instanceId, n: served });
  }
  return { n, bins, total, exposures };
}

function addExposures(
  known: readonly InstanceExposure[],
  added: readonly InstanceExposure[],
): readonly InstanceExposure[] {
  const sums = new Map(known.map(({ instanceId, n }) => [instanceId, n]));
  for (const { instanceId, n } of added) sums.set(instanceId, n + (sums.get(instanceId) ?? 0));
  return [...sums].map(([instanceId, n]) => ({ instanceId, n })).sort((a, b) => a.instanceId - b.instanceId);
}

/** Requests in bins from one on. */
export function countFrom(bins: readonly number[], from: number): number {
  let sum = 0;
  for (let i = from; i < bins.length; i += 1) sum += bins[i] ?? 0;
  return sum;
}

/** The canary in super-bins, moved `shift` fine bins to the faster side; a fractional shift is split linearly. */
function shiftedSuperBins(
  frame: Extract<DurationFrame, { layout: "exponential" }>,
  bins: readonly number[],
  shift: number,
): number[] {
  const whole = Math.floor(shift);
  const part = shift - whole;
  const into = new Array<number>(frame.superBins).fill(0);
  for (let i = 0; i < bins.length; i += 1) {
    const count = bins[i] ?? 0;
    if (count === 0) continue;
    const near = frame.superOf[Math.max(0, i - whole)] ?? 0;
    const far = frame.superOf[Math.max(0, i - whole - 1)] ?? 0;
    into[near] = (into[near] ?? 0) + count * (1 - part);
    into[far] = (into[far] ?? 0) + count * part;
  }
  return into;
}

function foldedShares(
  rows: readonly ShareRow[],
  shares: DurationEvidence["shares"],
  canary: ArmBins,
  baseline: ArmBins,
): readonly (readonly number[])[] {
  return rows.map((row, i) => {
    const sum = (shares[i] ?? []).slice();
    addRateLikelihood(sum, row, {
      canaryN: canary.n,
      canaryX: countFrom(canary.bins, row.canaryFrom),
      baselineN: baseline.n,
      baselineX: countFrom(baseline.bins, row.baselineFrom),
    });
    return sum;
  });
}

/**
 * Adds one tile; order does not matter. A tile in which one arm served nothing carries no evidence and is counted as
 * skipped; one with a histogram that cannot be merged with the frozen layout is counted as unusable.
 */
export function foldDuration(evidence: DurationEvidence, tile: DurationTile): DurationEvidence {
  const frame = frameFor(evidence);
  const canary = armBins(frame, evidence.frozen, tile.canary);
  const baseline = armBins(frame, evidence.frozen, tile.baseline);
  if (canary === null || baseline === null) return { ...evidence, tilesUnusable: evidence.tilesUnusable + 1 };
  if (canary.n === 0 || baseline.n === 0) return { ...evidence, tilesSkipped: evidence.tilesSkipped + 1 };
  const canaryTotal = mergeHistograms(evidence.canaryTotal, canary.total);
  const baselineTotal = mergeHistograms(evidence.baselineTotal, baseline.total);
  if (!canaryTotal.ok || !baselineTotal.ok) return { ...evidence, tilesUnusable: evidence.tilesUnusable + 1 };
  let harm = evidence.harm;
  if (frame.layout === "exponential") {
    const sums = evidence.harm.map((row) => row.slice());
    const canaries = frame.shifts.map((shift) => shiftedSuperBins(frame, canary.bins, shift));
    addMultiBin(sums, frame.logRatios, canaries, shiftedSuperBins(frame, baseline.bins, 0));
    harm = sums;
  }
  return {
    ...evidence,
    harm,
    shares: foldedShares(frame.rows, evidence.shares, canary, baseline),
    canary: addExposures(evidence.canary, canary.exposures),
    baseline: addExposures(evidence.baseline, baseline.exposures),
    canaryTotal: canaryTotal.value,
    baselineTotal: baselineTotal.value,
    tilesUsed: evidence.tilesUsed + 1,
  };
}
