import type { Histogram } from "#model/histogram.ts";
import { histogramCount } from "#model/merge-histogram.ts";
import { err, ok, type Result } from "#model/result.ts";
import { withOnsetRow } from "#analyzers/stats/late-onset.ts";
import { addMultiBin } from "#analyzers/stats/multi-bin.ts";
import { addRateLikelihood } from "#analyzers/stats/rate-likelihood.ts";
import { speedGrid } from "#analyzers/stats/speed-grid.ts";
import { emptyLike, totalLike } from "./arm-total.ts";
import { addBinned, frameOf } from "./duration-frame.ts";
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
    recent: frame.plainRow.map(() => []),
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
  /** Requests in the bins before each one, with one more place for all of them. */
  readonly before: Float64Array;
  readonly exposures: readonly InstanceExposure[];
}

function countsBefore(bins: Float64Array): Float64Array {
  const before = new Float64Array(bins.length + 1);
  for (let i = 0; i < bins.length; i += 1) before[i + 1] = (before[i] ?? 0) + (bins[i] ?? 0);
  return before;
}

/** Requests of an arm in bins from one on. */
function above({ n, before }: ArmBins, from: number): number {
  return n - (before[Math.min(from, before.length - 1)] ?? 0);
}

/** One arm of a tile in the bins of the frame; null where any of its histograms does not fit. */
function armBins(frame: DurationFrame, frozen: Histogram, arm: readonly DurationArm[]): ArmBins | null {
  const bins = new Float64Array(frame.bins);
  const exposures: InstanceExposure[] = [];
  let n = 0;
  for (const { instanceId, histogram } of arm) {
    const served = addBinned(bins, frame, frozen, histogram);
    if (served === null) return null;
    n += served;
    exposures.push({ instanceId, n: served });
  }
  return { n, before: countsBefore(bins), exposures };
}

function addExposures(
  known: readonly InstanceExposure[],
  added: readonly InstanceExposure[],
): readonly InstanceExposure[] {
  // The same instances as before, in the same order, are the usual case.
  if (
    added.length === known.length &&
    added.every(({ instanceId }, i) => known[i]?.instanceId === instanceId)
  )
    return known.map(({ instanceId, n }, i) => ({ instanceId, n: n + (added[i]?.n ?? 0) }));
  const sums = new Map(known.map(({ instanceId, n }) => [instanceId, n]));
  for (const { instanceId, n } of added) sums.set(instanceId, n + (sums.get(instanceId) ?? 0));
  return [...sums].map(([instanceId, n]) => ({ instanceId, n })).sort((a, b) => a.instanceId - b.instanceId);
}

/** Requests in bins from one on. */
export function countFrom(bins: ArrayLike<number>, from: number): number {
  let sum = 0;
  for (let i = from; i < bins.length; i += 1) sum += bins[i] ?? 0;
  return sum;
}

/**
 * Requests up to and with each super-bin, bin after bin, once for each shift: moved `shift` fine bins to the faster side, a
 * fractional shift split linearly.
 */
function cumulatedBins(cuts: Uint16Array, before: Float64Array, shifts: readonly number[]): Float64Array {
  const last = before.length - 1;
  const rows = shifts.length;
  const sums = new Float64Array((cuts.length + 1) * rows);
  shifts.forEach((shift, row) => {
    const whole = Math.floor(shift);
    const part = shift - whole;
    for (let k = 0; k < cuts.length; k += 1) {
      const border = (cuts[k] ?? 0) + whole;
      const near = before[Math.min(border, last)] ?? 0;
      const far = before[Math.min(border + 1, last)] ?? 0;
      sums[k * rows + row] = near * (1 - part) + far * part;
    }
    sums[cuts.length * rows + row] = before[last] ?? 0;
  });
  return sums;
}

const unshifted = [0];

/** Evidence for harm of one tile, added to that of each rung. */
function foldedHarm(
  { cuts, shifts, alternatives }: Extract<DurationFrame, { layout: "exponential" }>,
  harm: DurationEvidence["harm"],
  canary: ArmBins,
  baseline: ArmBins,
): DurationEvidence["harm"] {
  const sums = harm.map((row) => row.slice());
  addMultiBin(sums, alternatives, {
    canaries: cumulatedBins(cuts, canary.before, shifts),
    baseline: cumulatedBins(cuts, baseline.before, unshifted),
    canaryN: canary.n,
    baselineN: baseline.n,
  });
  return sums;
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
      canaryX: above(canary, row.canaryFrom),
      baselineN: baseline.n,
      baselineX: above(baseline, row.baselineFrom),
    });
    return sum;
  });
}

function foldedRecent(
  frame: DurationFrame,
  recent: DurationEvidence["recent"],
  at: number,
  [canary, baseline]: readonly [ArmBins, ArmBins],
): DurationEvidence["recent"] {
  return frame.plainRow.map((index, quantile) => {
    const known = recent[quantile] ?? [];
    const row = frame.rows[index];
    if (row === undefined) return known;
    return withOnsetRow(known, at, {
      canaryN: canary.n,
      canaryX: above(canary, row.canaryFrom),
      baselineN: baseline.n,
      baselineX: above(baseline, row.baselineFrom),
    });
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
  const total = (known: Histogram, arm: readonly DurationArm[]): Histogram =>
    totalLike(evidence.frozen, [known, ...arm.map(({ histogram }) => histogram)]);
  return {
    ...evidence,
    harm: frame.layout === "exponential" ? foldedHarm(frame, evidence.harm, canary, baseline) : evidence.harm,
    shares: foldedShares(frame.rows, evidence.shares, canary, baseline),
    recent:
      tile.at === null ? evidence.recent : foldedRecent(frame, evidence.recent, tile.at, [canary, baseline]),
    canary: addExposures(evidence.canary, canary.exposures),
    baseline: addExposures(evidence.baseline, baseline.exposures),
    canaryTotal: total(evidence.canaryTotal, tile.canary),
    baselineTotal: total(evidence.baselineTotal, tile.baseline),
    tilesUsed: evidence.tilesUsed + 1,
  };
}
