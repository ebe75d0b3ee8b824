import { normalCdf, normalQuantile } from "#analyzers/stats/normal.ts";

/** How the canary's durations differ from the baseline's. */
export type Slowness =
  | { readonly kind: "none" }
  /** Everything slower by this part. */
  | { readonly kind: "scale"; readonly by: number }
  /** Only the slowest 5 % are stretched, so that p99 is slower by this part. */
  | { readonly kind: "tail"; readonly by: number }
  /** A part of all requests takes five seconds. */
  | { readonly kind: "timeOuts"; readonly part: number }
  /** The median falls by a part while the slowest 5 % are stretched as by `tail`. */
  | { readonly kind: "mixed"; readonly faster: number; readonly by: number };

/** ln of the median in seconds and spread of ln: p50 100 ms, p99 400 ms. */
const centre = Math.log(0.1);
export const spread = Math.log(4) / normalQuantile(0.99);
const z95 = normalQuantile(0.95);
const z99 = normalQuantile(0.99);

/** Width of a bucket of scale 4 in ln seconds. */
export const binWidth = Math.LN2 / 16;
/** OpenTelemetry index of the first bin; durations outside fall into the first and last. */
export const firstBin = -124;
export const bins = 190;

function tailFactor(by: number): number {
  return (spread * (z99 - z95) + Math.log1p(by)) / (spread * (z99 - z95));
}

/** P(duration <= e^edge) with all durations moved by `shift` in ln. */
function cdf(edge: number, slowness: Slowness, shift: number): number {
  const y = (edge - shift - centre) / spread;
  const unstretched = (z: number, by: number): number => (z > z95 ? z95 + (z - z95) / tailFactor(by) : z);
  switch (slowness.kind) {
    case "none":
      return normalCdf(y);
    case "scale":
      return normalCdf(y - Math.log1p(slowness.by) / spread);
    case "tail":
      return normalCdf(unstretched(y, slowness.by));
    case "timeOuts": {
      const late = edge >= Math.log(5) + shift ? 1 : 0;
      return (1 - slowness.part) * normalCdf(y) + slowness.part * late;
    }
    case "mixed": {
      const below = normalCdf(y - Math.log1p(-slowness.faster) / spread);
      const stretched = normalCdf(unstretched(y, slowness.by));
      return y > z95 ? stretched : Math.max(Math.min(below, 0.95), stretched);
    }
  }
}

const fineSteps = 16;
const fineFrom = firstBin - 64;
const finePoints = (bins + 128) * fineSteps + 1;

const fineCurves = new Map<string, Float64Array>();

function fineCurve(slowness: Slowness): Float64Array {
  const key = JSON.stringify(slowness);
  const known = fineCurves.get(key);
  if (known !== undefined) return known;
  const curve = Float64Array.from({ length: finePoints }, (_, i) =>
    cdf((fineFrom + i / fineSteps) * binWidth, slowness, 0),
  );
  fineCurves.set(key, curve);
  return curve;
}

/** Shares of requests by bin, adding up to 1, for durations moved by `shift` in ln. Read from a curve 16 times finer. */
export function binShares(slowness: Slowness, shift: number): Float64Array {
  const curve = fineCurve(slowness);
  const shares = new Float64Array(bins);
  let below = 0;
  for (let bin = 0; bin < bins; bin += 1) {
    const place = (firstBin + bin + 1 - shift / binWidth - fineFrom) * fineSteps;
    const at = Math.min(finePoints - 2, Math.max(0, Math.floor(place)));
    const part = Math.min(1, Math.max(0, place - at));
    const upTo = bin === bins - 1 ? 1 : curve[at]! + part * (curve[at + 1]! - curve[at]!);
    shares[bin] = Math.max(0, upTo - below);
    below = upTo;
  }
  return shares;
}

/** A table from which a bin is drawn with one uniform number (Walker 1977, Vose 1991). */
export interface AliasTable {
  readonly keep: Float64Array;
  readonly other: Int32Array;
}

export function aliasTable(shares: Float64Array): AliasTable {
  const size = shares.length;
  const keep = new Float64Array(size);
  const other = new Int32Array(size);
  const scaled = shares.map((share) => share * size);
  const small: number[] = [];
  const large: number[] = [];
  scaled.forEach((value, i) => (value < 1 ? small : large).push(i));
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large[large.length - 1]!;
    keep[low] = scaled[low]!;
    other[low] = high;
    scaled[high] = scaled[high]! + scaled[low]! - 1;
    if (scaled[high] < 1) small.push(large.pop()!);
  }
  for (const i of [...small, ...large]) keep[i] = 1;
  return { keep, other };
}

export function drawBin({ keep, other }: AliasTable, uniform: number): number {
  const place = uniform * keep.length;
  const at = Math.floor(place);
  return place - at < keep[at]! ? at : other[at]!;
}
