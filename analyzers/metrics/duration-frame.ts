import type { Histogram } from "#model/histogram.ts";
import { downscale, histogramCount, type ExponentialHistogram } from "#model/merge-histogram.ts";
import { err, ok, type Result } from "#model/result.ts";
import { monotoneLogRatios } from "#analyzers/stats/multi-bin.ts";
import { binAtQuantile, slowDowns } from "#analyzers/stats/slow-downs.ts";
import { instanceLadder, speedGrid, speedSteps } from "#analyzers/stats/speed-grid.ts";
import { studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import { survivalCurve, type SurvivalCurve } from "#analyzers/stats/survival-curve.ts";
import { provableLogMargin } from "#analyzers/stats/widened-margin.ts";
import type { DurationPlan, DurationRefusal } from "./duration-plan.ts";

/** The part of alpha that goes to evidence looked at all the time. */
const sequentialPart = 0.65;

/** alpha at which this signal alone would have to be shown worse. */
export function alphaUsed(plan: DurationPlan): number {
  return sequentialPart * plan.alpha * plan.attemptFactor * plan.weight;
}

/** Requests above an edge of each arm, and the ratio of their shares at every slow-down of the grid. */
export interface ShareRow {
  /** Requests in bins from this one on are above. */
  readonly canaryFrom: number;
  readonly baselineFrom: number;
  /** The baseline's edge, in the unit of the histogram. */
  readonly at: number;
  /** canary edge / baseline edge. */
  readonly factor: number;
  readonly ratios: readonly number[];
}

interface MarginRung {
  readonly margin: number;
  readonly smallest: number;
  readonly provable: boolean;
}

/** The widened margin of one instance spread (decision 17). */
export function marginAt(plan: DurationPlan, spread: number): MarginRung {
  const smallest = Math.exp(
    provableLogMargin({
      tau: plan.tau0 * spread,
      degrees: plan.tauDegrees,
      tailShare: plan.beta / 4,
      needed: 1 / plan.beta,
      steps: speedSteps,
    }),
  );
  const widest = Math.max(plan.margin, plan.atMost);
  return {
    margin: Math.min(widest, Math.max(plan.margin, smallest)),
    smallest,
    provable: smallest <= widest,
  };
}

/** What is derived from the frozen histogram and the plan. */
export type DurationFrame = ExponentialFrame | ExplicitFrame;

export interface ExponentialFrame {
  readonly layout: "exponential";
  readonly scale: number;
  /** Index of the first fine bin. */
  readonly first: number;
  readonly bins: number;
  readonly superOf: readonly number[];
  readonly superBins: number;
  /** Shift of the canary in fine bins, one a rung of the ladder. */
  readonly shifts: readonly number[];
  readonly logRatios: readonly (readonly number[])[];
  readonly logWeights: readonly number[];
  readonly rows: readonly ShareRow[];
  /** Row without margin, one a quantile. */
  readonly plainRow: readonly number[];
  /** Row and margin used, by quantile and rung; empty where not guarded. */
  readonly marginRow: readonly (readonly { readonly row: number; readonly margin: number }[])[];
}

export interface ExplicitFrame {
  readonly layout: "explicit";
  readonly bins: number;
  /** Usable bounds. */
  readonly rows: readonly ShareRow[];
  /** Row of the bound nearest to each quantile. */
  readonly plainRow: readonly number[];
}

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

/** Ratio of the canary's share above its edge to the baseline's above its own, at every slow-down of the grid. */
function ratiosAt(curve: SurvivalCurve, at: number, factor: number): number[] {
  const reference = curve.above(at);
  return speedGrid.map((s) => Math.max(curve.above((at * factor) / Math.exp(s)), 1e-12) / reference);
}

function tooCoarse(message: string): Result<never, DurationRefusal> {
  return err({ tag: "tooCoarse", message });
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

function exponentialFrame(
  frozen: ExponentialHistogram,
  plan: DurationPlan,
): Result<ExponentialFrame, DurationRefusal> {
  const { scale } = frozen;
  if (scale < coarsestScale)
    return tooCoarse(
      `the exponential histogram has scale ${scale}, buckets too wide to see a slow-down; allow the sender more buckets (scale ${coarsestScale} or more)`,
    );
  const first = frozen.offset - binsBelow;
  const bins = binsBelow + frozen.counts.length + octavesAbove * 2 ** scale;
  const logBase = Math.LN2 / 2 ** scale;
  const counts = Array.from({ length: bins }, (_, i) => frozen.counts[i - binsBelow] ?? 0);
  counts[0] = frozen.zeroCount;
  const shares = smoothed(counts);
  const cuts = [...new Set(superQuantiles.map((q) => Math.min(binAtQuantile(shares, q), bins - 2) + 1))];
  const superOf = shares.map((_, i) => cuts.filter((cut) => cut <= i).length);
  const aggregate = (fine: readonly number[]): number[] => {
    const into = new Array<number>(cuts.length + 1).fill(0);
    fine.forEach((share, i) => {
      const k = superOf[i] ?? 0;
      into[k] = (into[k] ?? 0) + share;
    });
    return into;
  };
  const reference = aggregate(shares);
  const alternatives = slowDowns(shares, 2 ** (scale - 4));
  const edge = (bin: number): number => Math.exp((first + bin) * logBase);
  let cumulated = 0;
  const points = shares.map((share, i) => {
    cumulated += share;
    return { x: edge(i + 1), above: 1 - cumulated };
  });
  const curve = survivalCurve(points);
  if (curve === null)
    return tooCoarse("all requests of the baseline fell into one bucket; send finer histograms");
  const rows: ShareRow[] = [];
  const rowOf = (from: number, marginWidth: number): number => {
    const known = rows.findIndex((row) => row.baselineFrom === from && row.canaryFrom === from + marginWidth);
    if (known !== -1) return known;
    const at = edge(from);
    const factor = Math.exp(marginWidth * logBase);
    const ratios = ratiosAt(curve, at, factor);
    return rows.push({ canaryFrom: from + marginWidth, baselineFrom: from, at, factor, ratios }) - 1;
  };
  const cutAt = plan.quantiles.map((q) => Math.min(binAtQuantile(shares, q), bins - 2) + 1);
  const margins = marginBins(plan, logBase);
  const extra = studentUpperQuantile(alphaUsed(plan) / 4, plan.tauDegrees) * plan.tau0;
  return ok({
    layout: "exponential",
    scale,
    first,
    bins,
    superOf,
    superBins: cuts.length + 1,
    shifts: instanceLadder.map((spread) => (Math.log(plan.tolerance) + extra * spread) / logBase),
    logRatios: alternatives.map((slow) => monotoneLogRatios(aggregate(slow.shares), reference)),
    logWeights: alternatives.map((slow) => Math.log(slow.weight)),
    plainRow: cutAt.map((from) => rowOf(from, 0)),
    marginRow: plan.guarded
      ? cutAt.map((from) => margins.map((m) => ({ row: rowOf(from, m.bins), margin: m.margin })))
      : [],
    rows,
  });
}

/** Shares above a bound between which it says something about speed. */
const usableAbove = { least: 0.001, most: 0.9 };

function explicitFrame(
  frozen: Extract<Histogram, { layout: "explicit" }>,
  plan: DurationPlan,
): Result<ExplicitFrame, DurationRefusal> {
  const total = histogramCount(frozen);
  let below = 0;
  const points = frozen.bounds.map((x, i) => {
    below += frozen.counts[i] ?? 0;
    return { x, above: (total - below + 0.5) / (total + 1), bin: i + 1 };
  });
  const curve = survivalCurve(points);
  const usable = points.filter(
    ({ x, above }) => x > 0 && above >= usableAbove.least && above <= usableAbove.most,
  );
  const bounds = frozen.bounds.join(", ");
  if (curve === null || usable.length === 0)
    return tooCoarse(
      `no bound of [${bounds}] splits the baseline's requests (between 0.1 % and 90 % above it); add bounds around the usual duration, or send exponential histograms`,
    );
  const rows = usable.map(({ x, bin }) => ({
    canaryFrom: bin,
    baselineFrom: bin,
    at: x,
    factor: 1,
    ratios: ratiosAt(curve, x, 1),
  }));
  const plainRow = plan.quantiles.map((q) => {
    let best = 0;
    let nearest = Infinity;
    usable.forEach(({ above }, i) => {
      const distance = Math.abs(logit(above) - logit(1 - q));
      if (distance < nearest) {
        nearest = distance;
        best = i;
      }
    });
    return best;
  });
  return ok({ layout: "explicit", bins: frozen.counts.length, rows, plainRow });
}

function logit(share: number): number {
  return Math.log(share / (1 - share));
}

/** Derives cut points, alternatives and rows; refuses where the histogram cannot show a slow-down. */
export function frameOf(frozen: Histogram, plan: DurationPlan): Result<DurationFrame, DurationRefusal> {
  return frozen.layout === "exponential" ? exponentialFrame(frozen, plan) : explicitFrame(frozen, plan);
}

/** Requests by bin of the frame; null where the layout is another one or coarser than the frozen one. */
export function binned(frame: DurationFrame, frozen: Histogram, histogram: Histogram): number[] | null {
  if (histogram.unit !== frozen.unit) return null;
  if (frame.layout === "explicit") {
    if (histogram.layout !== "explicit" || frozen.layout !== "explicit") return null;
    const same =
      histogram.bounds.length === frozen.bounds.length &&
      histogram.bounds.every((bound, i) => bound === frozen.bounds[i]);
    return same ? [...histogram.counts] : null;
  }
  if (histogram.layout !== "exponential" || histogram.scale < frame.scale) return null;
  const { offset, counts, zeroCount } = downscale(histogram, frame.scale);
  const into = new Array<number>(frame.bins).fill(0);
  into[0] = zeroCount;
  counts.forEach((count, i) => {
    const at = Math.min(frame.bins - 1, Math.max(0, offset + i - frame.first));
    into[at] = (into[at] ?? 0) + count;
  });
  return into;
}
