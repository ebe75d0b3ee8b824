import { keptScale, type Histogram } from "./histogram.ts";
import { err, ok, type Result } from "./result.ts";

/** Scales up to this one are decided exactly at every double; finer ones to within one rounding of the boundary. */
const exactScale = 10;

const scratch = new DataView(new ArrayBuffer(8));
const mantissaBits = 52;

/** True where m = mantissa / 2^52 in [1, 2) is at most 2^(k / 2^scale), decided in whole numbers: m^(2^scale) <= 2^k. */
function isAtMostBoundary(m: number, k: number, scale: number): boolean {
  const power = 2 ** scale;
  const mantissa = BigInt(m * 2 ** mantissaBits);
  return mantissa ** BigInt(power) <= 1n << BigInt(mantissaBits * power + k);
}

/** Compares a mantissa in [1, 2) with the boundary 2^(k / 2^scale); the close cases are settled without rounding. */
function isAbove(m: number, k: number, scale: number): boolean {
  const boundary = 2 ** (k / 2 ** scale);
  if (scale <= exactScale && Math.abs(m - boundary) <= 8 * Number.EPSILON)
    return !isAtMostBoundary(m, k, scale);
  return m > boundary;
}

/** The last double that is at most 2^(k / 2^scale), for k of the octave [1, 2]: what is above it is above the boundary. */
function lastBelow(k: number, scale: number): number {
  const near = 2 ** (k / 2 ** scale);
  const step = Number.EPSILON;
  if (!isAtMostBoundary(near, k, scale)) return near - step;
  return k < 2 ** scale && isAtMostBoundary(near + step, k, scale) ? near + step : near;
}

/** 2^(1023 - e) by biased exponent e: a normal double times it is its mantissa in [1, 2), without rounding. */
const inversePowers = Float64Array.from({ length: 2047 }, (_, biased) => 2 ** (1023 - biased));

const keptSteps = 2 ** keptScale;
const keptLasts = Float64Array.from({ length: keptSteps + 1 }, (_, k) => lastBelow(k, keptScale));
/** An octave in 64 equal cells, each narrower than a bucket of the kept scale: the last boundary at or below its begin. */
const cellBits = 6;
const firstOfCell = Uint8Array.from({ length: 2 ** cellBits }, (_, cell) =>
  Math.max(
    0,
    keptLasts.findLastIndex((last) => last <= 1 + cell / 2 ** cellBits),
  ),
);

/** `exponentialIndex` at the kept scale, where every single value comes through: one look-up and two comparisons. */
function keptIndex(m: number, high: number, exponent: number): number {
  const k = firstOfCell[(high >>> (20 - cellBits)) & (2 ** cellBits - 1)] ?? 0;
  const first = exponent * keptSteps + k;
  if (m > (keptLasts[k + 1] ?? 2)) return first + 1;
  return m > (keptLasts[k] ?? 1) ? first : first - 1;
}

/**
 * Index i of the OpenTelemetry exponential bucket that holds a positive value: base^i < value <= base^(i+1),
 * base = 2^(2^-scale). Upper bounds belong to their bucket, powers of two included. Scales -10 to 20, as OpenTelemetry allows.
 * Source: OpenTelemetry metrics data model, "Exponential Histogram".
 */
export function exponentialIndex(value: number, scale: number): number {
  if (!(value > 0 && value < Infinity))
    throw new RangeError(`exponentialIndex: value ${value} must be positive and finite`);
  let lift = 0;
  let normal = value;
  if (value < 2 ** -1022) {
    lift = -64;
    normal = value * 2 ** 64;
  }
  scratch.setFloat64(0, normal);
  const high = scratch.getUint32(0);
  const biased = (high >>> 20) & 0x7ff;
  const exponent = biased - 1023 + lift;
  const m = normal * (inversePowers[biased] ?? 0);
  if (scale === keptScale) return keptIndex(m, high, exponent);
  if (scale <= 0) {
    const atZero = m === 1 ? exponent - 1 : exponent;
    return Math.floor(atZero / 2 ** -scale);
  }
  const steps = 2 ** scale;
  if (m === 1) return exponent * steps - 1;
  let k = Math.floor(Math.log2(m) * steps);
  if (!isAbove(m, k, scale)) k -= 1;
  else if (isAbove(m, k + 1, scale)) k += 1;
  return exponent * steps + k;
}

export type ExponentialHistogram = Extract<Histogram, { layout: "exponential" }>;
export type ExplicitHistogram = Extract<Histogram, { layout: "explicit" }>;

/** Two histograms that cannot be added without inventing values. */
export interface LayoutsDiffer {
  readonly tag: "layoutsDiffer";
  readonly message: string;
}

/** The neutral element of merging for exponential histograms of one unit. */
export function emptyHistogram(unit: string, scale: number = keptScale): ExponentialHistogram {
  return { layout: "exponential", unit, scale, zeroCount: 0, offset: 0, counts: [], sum: 0 };
}

/** One value as a histogram; zero and negative values count as zeros. */
export function histogramOf(value: number, unit: string, scale: number = keptScale): ExponentialHistogram {
  if (value <= 0) return { ...emptyHistogram(unit, scale), zeroCount: 1, sum: value };
  return {
    ...emptyHistogram(unit, scale),
    offset: exponentialIndex(value, scale),
    counts: [1],
    sum: value,
  };
}

/** Number of values in a histogram. */
export function histogramCount(histogram: Histogram): number {
  let total = histogram.layout === "exponential" ? histogram.zeroCount : 0;
  for (const count of histogram.counts) total += count;
  return total;
}

/** Exponential buckets without empty ends, as the model keeps them. */
export function trimBuckets(
  offset: number,
  counts: readonly number[] | Float64Array,
): { offset: number; counts: number[] } {
  let first = 0;
  let end = counts.length;
  while (first < end && counts[first] === 0) first += 1;
  while (end > first && counts[end - 1] === 0) end -= 1;
  return first === end
    ? { offset: 0, counts: [] }
    : { offset: offset + first, counts: listOf(counts, first, end) };
}

/** A part of some counts as a plain list: `Array.from` walks a typed array by its iterator, which costs ten times as much. */
export function listOf(counts: readonly number[] | Float64Array, from: number, to: number): number[] {
  const list = new Array<number>(to - from);
  for (let i = from; i < to; i += 1) list[i - from] = counts[i] ?? 0;
  return list;
}

/**
 * The same histogram at a coarser scale: bucket i becomes bucket floor(i / 2^by). Exact, counts move whole.
 * A scale that is not coarser returns the histogram as it is: resolution cannot be made up.
 */
export function downscale(histogram: ExponentialHistogram, scale: number): ExponentialHistogram {
  if (scale >= histogram.scale) return histogram;
  const width = 2 ** (histogram.scale - scale);
  const { offset, counts } = histogram;
  if (counts.length === 0) return { ...histogram, scale };
  const newOffset = Math.floor(offset / width);
  const merged = new Array<number>(Math.floor((offset + counts.length - 1) / width) - newOffset + 1).fill(0);
  counts.forEach((count, i) => {
    const at = Math.floor((offset + i) / width) - newOffset;
    merged[at] = (merged[at] ?? 0) + count;
  });
  return { ...histogram, scale, ...trimBuckets(newOffset, merged) };
}

function mergeExponential(a: ExponentialHistogram, b: ExponentialHistogram): ExponentialHistogram {
  const scale = Math.min(a.scale, b.scale);
  const x = downscale(a, scale);
  const y = downscale(b, scale);
  const zeroCount = x.zeroCount + y.zeroCount;
  const sum = x.sum + y.sum;
  if (y.counts.length === 0) return { ...x, zeroCount, sum };
  if (x.counts.length === 0) return { ...y, zeroCount, sum };
  const offset = Math.min(x.offset, y.offset);
  const end = Math.max(x.offset + x.counts.length, y.offset + y.counts.length);
  const counts = new Array<number>(end - offset).fill(0);
  for (const part of [x, y]) {
    const from = part.offset - offset;
    part.counts.forEach((count, i) => {
      counts[from + i] = (counts[from + i] ?? 0) + count;
    });
  }
  return { ...x, zeroCount, sum, ...trimBuckets(offset, counts) };
}

function mergeExplicit(a: ExplicitHistogram, b: ExplicitHistogram): Result<ExplicitHistogram, LayoutsDiffer> {
  const same = a.bounds.length === b.bounds.length && a.bounds.every((bound, i) => bound === b.bounds[i]);
  if (!same)
    return err({
      tag: "layoutsDiffer",
      message: `explicit bounds differ: [${a.bounds.join(", ")}] and [${b.bounds.join(", ")}]; give both deployments the same bounds, or exponential histograms`,
    });
  const counts = a.counts.map((count, i) => count + (b.counts[i] ?? 0));
  return ok({ ...a, counts, sum: a.sum + b.sum });
}

/**
 * Adds two histograms. Counts are exact, associative and commutative; exponential ones meet at the coarser scale
 * (the sum of values is a double and rounds). Explicit ones need the same bounds. Units must agree.
 */
export function mergeHistograms(a: Histogram, b: Histogram): Result<Histogram, LayoutsDiffer> {
  if (a.unit !== b.unit)
    return err({
      tag: "layoutsDiffer",
      message: `units differ: "${a.unit}" and "${b.unit}"; convert one before merging`,
    });
  if (a.layout === "exponential" && b.layout === "exponential") return ok(mergeExponential(a, b));
  if (a.layout === "explicit" && b.layout === "explicit") return mergeExplicit(a, b);
  return err({
    tag: "layoutsDiffer",
    message:
      "one histogram is exponential and the other has explicit bounds; send one kind from both deployments",
  });
}

/** Bucket edges and counts from the smallest values up, zeros first. The last explicit bucket ends at +infinity. */
export function histogramBuckets(
  histogram: Histogram,
): readonly { readonly low: number; readonly high: number; readonly count: number }[] {
  if (histogram.layout === "explicit")
    return histogram.counts.map((count, i) => ({
      low: histogram.bounds[i - 1] ?? 0,
      high: histogram.bounds[i] ?? Infinity,
      count,
    }));
  const { zeroCount, offset, scale, counts } = histogram;
  const edge = (index: number): number => 2 ** (index / 2 ** scale);
  const positive = counts.map((count, i) => ({ low: edge(offset + i), high: edge(offset + i + 1), count }));
  return zeroCount > 0 ? [{ low: 0, high: 0, count: zeroCount }, ...positive] : positive;
}

/**
 * Value at quantile q in [0, 1], interpolated inside its bucket: geometrically between positive edges, linearly from zero.
 * The open last bucket answers its lower edge. Null for an empty histogram. Relative error at most the bucket's width.
 */
export function histogramQuantile(histogram: Histogram, q: number): number | null {
  const total = histogramCount(histogram);
  if (total === 0) return null;
  const rank = Math.min(Math.max(q, 0), 1) * total;
  let below = 0;
  let last: number | null = null;
  for (const { low, high, count } of histogramBuckets(histogram)) {
    if (count === 0) continue;
    if (below + count >= rank) {
      if (high === Infinity || high === low) return low;
      const share = (rank - below) / count;
      return low > 0 ? low * (high / low) ** share : high * share;
    }
    below += count;
    last = high === Infinity ? low : high;
  }
  return last;
}
