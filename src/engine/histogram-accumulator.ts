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

interface Buckets {
  layout: "none" | "exponential" | "explicit";
  scale: number;
  /** Bucket index of counts[0]. */
  base: number;
  counts: Float64Array;
  zeroCount: number;
  sum: number;
  bounds: readonly number[];
}

const firstLength = 64;

/** A histogram that grows in place: single values at the kept scale, and increments of either layout. */
export class HistogramAccumulator {
  private buckets: Buckets = noBuckets();
  private readonly unit: string;

  constructor(unit: string) {
    this.unit = unit;
  }

  /** Zero and below count as zeros. */
  addValue(value: number): void {
    const { buckets } = this;
    if (buckets.layout === "none") {
      buckets.layout = "exponential";
      buckets.scale = keptScale;
    }
    buckets.sum += value;
    if (value <= 0) buckets.zeroCount += 1;
    else this.addBucket(exponentialIndex(value, buckets.scale), 1);
  }

  /** False where the layouts cannot be added; nothing is changed then. */
  addIncrement(increment: HistogramIncrement): boolean {
    const { buckets } = this;
    if (buckets.layout === "none") this.adopt(increment);
    if (buckets.layout !== increment.layout) return false;
    if (increment.layout === "explicit") return this.addExplicit(increment);
    if (increment.scale < buckets.scale) this.coarsen(increment.scale);
    const width = 2 ** (increment.scale - buckets.scale);
    for (let i = 0; i < increment.countsLength; i += 1) {
      const count = increment.counts[i] ?? 0;
      const index = increment.offset + i;
      if (count !== 0) this.addBucket(width === 1 ? index : Math.floor(index / width), count);
    }
    buckets.zeroCount += increment.zeroCount;
    buckets.sum += increment.sum;
    return true;
  }

  private adopt(increment: HistogramIncrement): void {
    this.buckets.layout = increment.layout;
    this.buckets.scale = Math.min(increment.scale, keptScale);
    if (increment.layout === "explicit") {
      this.buckets.bounds = increment.bounds;
      this.buckets.counts = new Float64Array(increment.bounds.length + 1);
    }
  }

  private addExplicit(increment: HistogramIncrement): boolean {
    const { bounds, counts } = this.buckets;
    if (!sameBounds(bounds, increment.bounds)) return false;
    for (let i = 0; i < increment.countsLength; i += 1)
      counts[i] = (counts[i] ?? 0) + (increment.counts[i] ?? 0);
    this.buckets.sum += increment.sum;
    return true;
  }

  private addBucket(index: number, count: number): void {
    const { buckets } = this;
    if (buckets.counts.length === 0) {
      buckets.counts = new Float64Array(firstLength);
      buckets.base = index - firstLength / 2;
    }
    let at = index - buckets.base;
    if (at < 0 || at >= buckets.counts.length) {
      this.grow(index);
      at = index - buckets.base;
    }
    buckets.counts[at] = (buckets.counts[at] ?? 0) + count;
  }

  private grow(index: number): void {
    const { base, counts } = this.buckets;
    const low = Math.min(base, index);
    const high = Math.max(base + counts.length, index + 1);
    const slack = (high - low) >> 1;
    const grown = new Float64Array(high - low + slack);
    const newBase = index < base ? low - slack : low;
    grown.set(counts, base - newBase);
    this.buckets.counts = grown;
    this.buckets.base = newBase;
  }

  private coarsen(scale: number): void {
    const { buckets } = this;
    const { base, counts } = buckets;
    const width = 2 ** (buckets.scale - scale);
    buckets.scale = scale;
    buckets.counts = new Float64Array(0);
    counts.forEach((count, i) => {
      if (count !== 0) this.addBucket(Math.floor((base + i) / width), count);
    });
  }

  load(histogram: Histogram): void {
    const { counts, sum } = histogram;
    const held = { ...noBuckets(), layout: histogram.layout, sum, counts: Float64Array.from(counts) };
    this.buckets =
      histogram.layout === "explicit"
        ? { ...held, bounds: histogram.bounds }
        : { ...held, scale: histogram.scale, base: histogram.offset, zeroCount: histogram.zeroCount };
  }

  toHistogram(): Histogram | null {
    const { layout, counts, sum, scale, base, zeroCount, bounds } = this.buckets;
    if (layout === "none") return null;
    if (layout === "explicit")
      return { layout, unit: this.unit, bounds, counts: listOf(counts, 0, counts.length), sum };
    return { layout, unit: this.unit, scale, zeroCount, ...trimBuckets(base, counts), sum };
  }
}

function noBuckets(): Buckets {
  return {
    layout: "none",
    scale: keptScale,
    base: 0,
    counts: new Float64Array(0),
    zeroCount: 0,
    sum: 0,
    bounds: [],
  };
}

function sameBounds(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((bound, i) => bound === b[i]);
}
