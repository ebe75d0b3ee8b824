import type { Instant } from "#model/time.ts";
import type { HistogramIncrement } from "./histogram-accumulator.ts";
import type { PointView } from "./ports.ts";
import type { StreamState } from "./stream-state.ts";
import type { TallyName } from "./tally-row.ts";

/**
 * What a point adds to its window. Reused for every point.
 * `count`: a number of events, in `value`. `level`: a reading, in `value`. `histogram`: values, in `histogram`.
 */
export interface Unrolled {
  use: "nothing" | "count" | "level" | "histogram";
  value: number;
  readonly histogram: HistogramIncrement;
  /** What is worth counting about this point. */
  tally: TallyName | null;
}

export function emptyUnrolled(): Unrolled {
  return {
    use: "nothing",
    value: 0,
    histogram: {
      layout: "explicit",
      count: 0,
      sum: 0,
      zeroCount: 0,
      scale: 0,
      offset: 0,
      bounds: [],
      counts: new Float64Array(0),
      countsLength: 0,
    },
    tally: null,
  };
}

function isHistogram(point: PointView): boolean {
  return point.type === "histogram" || point.type === "exponentialHistogram";
}

/** Number of values in the buckets of a histogram point; the sender's `count` where it sends no buckets. */
function valueCount(point: PointView): number {
  if (point.countsLength === 0 && point.type === "histogram") return point.count;
  let total = point.type === "exponentialHistogram" ? point.zeroCount : 0;
  for (let i = 0; i < point.countsLength; i += 1) total += point.counts[i] ?? 0;
  return total;
}

function flawOfBuckets(point: PointView): TallyName | null {
  for (let i = 0; i < point.countsLength; i += 1) {
    const count = point.counts[i] ?? 0;
    if (!Number.isFinite(count)) return "rejected.notFinite";
    if (count < 0) return "rejected.shape";
  }
  if (point.type === "histogram") return flawOfBounds(point);
  if (point.hasNegative || point.zeroCount < 0) return "rejected.shape";
  return Number.isInteger(point.scale) && point.scale >= -10 && point.scale <= 20 ? null : "rejected.shape";
}

function flawOfBounds(point: PointView): TallyName | null {
  if (point.countsLength !== 0 && point.countsLength !== point.boundsLength + 1) return "rejected.shape";
  for (let i = 0; i < point.boundsLength; i += 1) {
    const bound = point.bounds[i] ?? NaN;
    if (!Number.isFinite(bound)) return "rejected.notFinite";
    if (i > 0 && bound <= (point.bounds[i - 1] ?? 0)) return "rejected.shape";
  }
  return null;
}

/** Why a point cannot be used at all, as the tally under which it is counted; null where it can. */
export function flawOf(point: PointView): TallyName | null {
  if (point.type === "summary") return "ignored.summary";
  if (point.noRecordedValue) return "staleness";
  const events = point.type !== "gauge";
  if (events && point.temporality !== 1 && point.temporality !== 2) return "rejected.shape";
  return isHistogram(point) ? flawOfHistogram(point) : flawOfNumber(point);
}

function flawOfHistogram(point: PointView): TallyName | null {
  const infinite = point.sum === Infinity || point.sum === -Infinity;
  return infinite || !Number.isFinite(point.count) ? "rejected.notFinite" : flawOfBuckets(point);
}

function flawOfNumber(point: PointView): TallyName | null {
  if (!Number.isFinite(point.value)) return "rejected.notFinite";
  if (point.type !== "sum") return null;
  if (point.monotonic) return point.value < 0 ? "rejected.shape" : null;
  return point.temporality === 1 ? "ignored.nonMonotonicDelta" : null;
}

/** How a cumulative point continues what its stream showed. `base`: nothing is added, the next point counts from here. */
type Continuation = "whole" | "difference" | "base" | "duplicate" | "old";

/**
 * The table of cumulative streams. Same start and no fall: the difference. A start that moved past the last point: a true
 * reset, the whole value. A start equal to the point's own time is the sender's "unknown": nothing, but a base. No start at
 * all: a fall is a reset from zero, so the whole value. A start that moved into what was counted, or a fall under the same start,
 * are two writers of one stream: nothing can be said, a base. First sight: whole where it began at `wholeFrom` or later.
 * Source: OpenTelemetry metrics data model, "Resets and Gaps".
 */
function continuationOf(
  point: PointView,
  state: StreamState,
  fell: boolean,
  wholeFrom: Instant,
): Continuation {
  const { start, time } = point;
  if (state.fresh) return start !== 0 && start < time && start >= wholeFrom ? "whole" : "base";
  if (time === state.time) return "duplicate";
  if (time < state.time) return "old";
  if (start === state.start) {
    if (!fell) return "difference";
    return start === 0 ? "whole" : "base";
  }
  if (start === time || start === 0) return start === 0 && !fell ? "difference" : "base";
  return start >= state.time ? "whole" : "base";
}

const tallies: Readonly<Record<Continuation, TallyName | null>> = {
  whole: "resets",
  base: "resets",
  difference: null,
  duplicate: "duplicates",
  old: "outOfOrder",
};

/** Room for so many counts, whose content is yet to be written. */
function reserve(increment: HistogramIncrement, length: number): Float64Array {
  if (increment.counts.length < length) increment.counts = new Float64Array(2 * length);
  increment.countsLength = length;
  return increment.counts;
}

function wholeHistogram(point: PointView, state: StreamState, count: number, into: HistogramIncrement): void {
  into.layout = point.type === "histogram" ? "explicit" : "exponential";
  into.bounds = state.bounds;
  into.count = count;
  into.sum = Number.isNaN(point.sum) ? 0 : point.sum;
  into.zeroCount = point.zeroCount;
  into.scale = point.scale;
  into.offset = point.offset;
  if (point.countsLength === 0 && point.type === "histogram") {
    reserve(into, 1)[0] = point.count;
    return;
  }
  const counts = reserve(into, point.countsLength);
  for (let i = 0; i < point.countsLength; i += 1) counts[i] = point.counts[i] ?? 0;
}

/** Bucket by bucket; true where one fell. */
function takeExplicit(point: PointView, state: StreamState, into: HistogramIncrement): boolean {
  into.layout = "explicit";
  if (point.countsLength === 0) {
    const difference = point.count - state.value;
    reserve(into, 1)[0] = difference;
    return difference < 0;
  }
  const counts = reserve(into, point.countsLength);
  const { numbers, countsFrom, countsLength } = state;
  let fell = false;
  for (let i = 0; i < point.countsLength; i += 1) {
    // A last point without buckets had all its values in one.
    const before = i < countsLength ? (numbers[countsFrom + i] ?? 0) : state.value;
    const difference = (point.counts[i] ?? 0) - before;
    counts[i] = difference;
    if (difference < 0) fell = true;
  }
  return fell;
}

/** The bucket that holds bucket `index` where so many are put together in one. */
function coarser(index: number, width: number): number {
  return width === 1 ? index : Math.floor(index / width);
}

/** Both at the coarser scale, bucket by bucket; true where one fell. */
function takeExponential(point: PointView, state: StreamState, into: HistogramIncrement): boolean {
  const scale = Math.min(point.scale, state.scale);
  const pointWidth = 2 ** (point.scale - scale);
  const lastWidth = 2 ** (state.scale - scale);
  let low = Infinity;
  let end = -Infinity;
  if (point.countsLength > 0) {
    low = coarser(point.offset, pointWidth);
    end = coarser(point.offset + point.countsLength - 1, pointWidth) + 1;
  }
  if (state.countsLength > 0) {
    low = Math.min(low, coarser(state.offset, lastWidth));
    end = Math.max(end, coarser(state.offset + state.countsLength - 1, lastWidth) + 1);
  }
  if (low === Infinity) low = end = 0;
  const counts = reserve(into, end - low);
  counts.fill(0, 0, end - low);
  for (let i = 0; i < point.countsLength; i += 1) {
    const at = coarser(point.offset + i, pointWidth) - low;
    counts[at] = (counts[at] ?? 0) + (point.counts[i] ?? 0);
  }
  const { numbers, countsFrom, countsLength, offset } = state;
  for (let i = 0; i < countsLength; i += 1) {
    const at = coarser(offset + i, lastWidth) - low;
    counts[at] = (counts[at] ?? 0) - (numbers[countsFrom + i] ?? 0);
  }
  into.layout = "exponential";
  into.scale = scale;
  into.offset = low;
  into.zeroCount = point.zeroCount - state.zeroCount;
  let fell = into.zeroCount < 0;
  for (let at = 0; at < end - low; at += 1) if ((counts[at] ?? 0) < 0) fell = true;
  return fell;
}

/** Fills the increment with the difference to the last point, which had `count` values less; true where something fell. */
function takeHistogram(
  point: PointView,
  state: StreamState,
  count: number,
  into: HistogramIncrement,
): boolean {
  const fell =
    point.type === "histogram" ? takeExplicit(point, state, into) : takeExponential(point, state, into);
  into.bounds = state.bounds;
  into.count = count;
  into.sum = Number.isNaN(point.sum) || Number.isNaN(state.sum) ? 0 : point.sum - state.sum;
  return fell || count < 0;
}

function unrollCumulative(point: PointView, state: StreamState, wholeFrom: Instant, into: Unrolled): void {
  const histogram = isHistogram(point);
  const value = histogram ? valueCount(point) : point.value;
  const { fresh, value: lastValue } = state;
  const difference = value - lastValue;
  const fell =
    !fresh && (histogram ? takeHistogram(point, state, difference, into.histogram) : value < lastValue);
  const continuation = continuationOf(point, state, fell, wholeFrom);
  into.tally = fresh ? null : tallies[continuation];
  if (continuation === "duplicate" || continuation === "old") return;
  if (continuation !== "base") {
    into.use = histogram ? "histogram" : "count";
    into.value = continuation === "whole" ? value : difference;
    if (histogram && continuation === "whole") wholeHistogram(point, state, value, into.histogram);
  }
  state.remember(point, value);
}

function unrollDelta(point: PointView, state: StreamState, into: Unrolled): void {
  if (state.knowsTime(point.time)) {
    into.tally = "duplicates";
    return;
  }
  if (!state.fresh && point.start !== 0 && point.time > state.time) {
    if (point.start > state.time) into.tally = "gaps";
    else if (point.start < state.time) into.tally = "overlaps";
  }
  if (isHistogram(point)) {
    into.use = "histogram";
    wholeHistogram(point, state, valueCount(point), into.histogram);
  } else {
    into.use = "count";
    into.value = point.value;
  }
  state.remember(point, 0);
}

/**
 * The metric data model in one place: what a point without flaw (`flawOf`) adds to its window, given what its stream showed
 * before; `state` takes over what the point shows. `wholeFrom`: a cumulative stream seen first that began then or later
 * counts whole, so that a new instance's first errors are not lost. Windows are by the point's time.
 */
export function unroll(point: PointView, state: StreamState, wholeFrom: Instant, into: Unrolled): void {
  into.use = "nothing";
  into.tally = null;
  if (point.type === "gauge" || (point.type === "sum" && !point.monotonic)) {
    if (state.knowsTime(point.time)) {
      into.tally = "duplicates";
      return;
    }
    into.use = "level";
    into.value = point.value;
    state.remember(point, 0);
  } else if (point.temporality === 2) unrollCumulative(point, state, wholeFrom, into);
  else unrollDelta(point, state, into);
}
