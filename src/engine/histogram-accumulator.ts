import { keptScale, type Histogram } from "#model/histogram.ts";
import { exponentialIndex, listOf, trimBuckets } from "#model/merge-histogram.ts";

/** What one metric point adds, after unrolling. Reused for every point: arrays are valid up to `countsLength`. */
export interface HistogramIncrement {
  layout: "exponential" | "explicit";
  /** Number of values. */
  count: number;
  sum: number;
  zeroCount: number;
  scale: number;
  offset: number;
  bounds: readonly number[];
  counts: Float64Array;
  countsLength: number;
}

const firstLength = 64;

/**
 * A histogram that grows in place: single values at the kept scale, and increments of either layout. Its parts are fields of
 * its own, not of an object inside: a record touches one of thousands, and each object on the way is a wait for memory.
 */
export class HistogramAccumulator {
  private layout: "none" | "exponential" | "explicit" = "none";
  private scale = keptScale;
  /** Bucket index of counts[0]. */
  private base = 0;
  private counts = new Float64Array(0);
  private zeroCount = 0;
  private sum = 0;
  private bounds: readonly number[] = [];
  private readonly unit: string;

  constructor(unit: string) {
    this.unit = unit;
  }

  /** Zero and below count as zeros. */
  addValue(value: number): void {
    if (this.layout === "none") this.layout = "exponential";
    this.sum += value;
    if (value <= 0) this.zeroCount += 1;
    else this.addBucket(exponentialIndex(value, this.scale), 1);
  }

  /** False where the layouts cannot be added; nothing is changed then. */
  addIncrement(increment: HistogramIncrement): boolean {
    if (this.layout === "none") this.adopt(increment);
    if (this.layout !== increment.layout) return false;
    if (increment.layout === "explicit") return this.addExplicit(increment);
    if (increment.scale < this.scale) this.coarsen(increment.scale);
    const width = 2 ** (increment.scale - this.scale);
    for (let i = 0; i < increment.countsLength; i += 1) {
      const count = increment.counts[i] ?? 0;
      const index = increment.offset + i;
      if (count !== 0) this.addBucket(width === 1 ? index : Math.floor(index / width), count);
    }
    this.zeroCount += increment.zeroCount;
    this.sum += increment.sum;
    return true;
  }

  private adopt(increment: HistogramIncrement): void {
    this.layout = increment.layout;
    this.scale = Math.min(increment.scale, keptScale);
    if (increment.layout === "explicit") {
      this.bounds = increment.bounds;
      this.counts = new Float64Array(increment.bounds.length + 1);
    }
  }

  private addExplicit(increment: HistogramIncrement): boolean {
    const { bounds, counts } = this;
    if (!sameBounds(bounds, increment.bounds)) return false;
    for (let i = 0; i < increment.countsLength; i += 1)
      counts[i] = (counts[i] ?? 0) + (increment.counts[i] ?? 0);
    this.sum += increment.sum;
    return true;
  }

  private addBucket(index: number, count: number): void {
    let at = index - this.base;
    if (at < 0 || at >= this.counts.length) {
      this.makeRoom(index);
      at = index - this.base;
    }
    this.counts[at] = (this.counts[at] ?? 0) + count;
  }

  private makeRoom(index: number): void {
    const { base, counts } = this;
    if (counts.length === 0) {
      this.counts = new Float64Array(firstLength);
      this.base = index - firstLength / 2;
      return;
    }
    const low = Math.min(base, index);
    const high = Math.max(base + counts.length, index + 1);
    const slack = (high - low) >> 1;
    const grown = new Float64Array(high - low + slack);
    const newBase = index < base ? low - slack : low;
    grown.set(counts, base - newBase);
    this.counts = grown;
    this.base = newBase;
  }

  private coarsen(scale: number): void {
    const { base, counts } = this;
    const width = 2 ** (this.scale - scale);
    this.scale = scale;
    this.counts = new Float64Array(0);
    counts.forEach((count, i) => {
      if (count !== 0) this.addBucket(Math.floor((base + i) / width), count);
    });
  }

  load(histogram: Histogram): void {
    const isExplicit = histogram.layout === "explicit";
    this.layout = histogram.layout;
    this.sum = histogram.sum;
    this.counts = Float64Array.from(histogram.counts);
    this.bounds = isExplicit ? histogram.bounds : [];
    this.scale = isExplicit ? keptScale : histogram.scale;
    this.base = isExplicit ? 0 : histogram.offset;
    this.zeroCount = isExplicit ? 0 : histogram.zeroCount;
  }

  toHistogram(): Histogram | null {
    const { layout, unit, counts, sum, scale, base, zeroCount, bounds } = this;
    if (layout === "none") return null;
    if (layout === "explicit") return { layout, unit, bounds, counts: listOf(counts, 0, counts.length), sum };
    return { layout, unit, scale, zeroCount, ...trimBuckets(base, counts), sum };
  }
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}
