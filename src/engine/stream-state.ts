import { listOf } from "#model/merge-histogram.ts";
import type { Instant } from "#model/time.ts";
import type { Changing } from "./dirty-list.ts";
import type { Outcome } from "./outcome.ts";
import type { CumulativeState, PointView } from "./ports.ts";
import type { SeriesSlot } from "./series-table.ts";

const rememberedTimes = 8;

interface Last {
  fresh: boolean;
  start: Instant;
  time: Instant;
  value: number;
  sum: number;
  zeroCount: number;
  scale: number;
  offset: number;
  countsLength: number;
  recentAt: number;
}

/** Where a stream of request durations is counted, and as what; good while operations have this epoch. */
export interface StreamUse {
  readonly slot: SeriesSlot;
  readonly outcome: Outcome;
  readonly epoch: number;
}

/** What one metric stream (instance, metric, attributes, unit, type) showed last. */
export class StreamState implements Changing {
  dirty = false;
  last: Last = {
    fresh: true,
    start: 0,
    time: -Infinity,
    value: 0,
    sum: NaN,
    zeroCount: 0,
    scale: 0,
    offset: 0,
    countsLength: 0,
    recentAt: 0,
  };
  counts = new Float64Array(0);
  private readonly recent = new Float64Array(rememberedTimes);
  /** True once a point of it was found to be no probe's. */
  isTraffic = false;
  /** What its attributes mean, worked out at its first use: they are the same at every point. Null where not known yet. */
  use: StreamUse | null = null;
  readonly key: string;
  readonly bounds: readonly number[];

  constructor(key: string, bounds: readonly number[]) {
    this.key = key;
    this.bounds = bounds;
  }

  /** True where one of the last points had this time: a retried export. */
  knowsTime(time: Instant): boolean {
    for (let i = 0; i < rememberedTimes; i += 1) if (this.recent[i] === time) return true;
    return false;
  }

  /** Takes over what the point shows; an older point than the last is only remembered by its time. */
  remember(point: PointView, value: number): void {
    const { last } = this;
    this.recent[last.recentAt] = point.time;
    last.recentAt = (last.recentAt + 1) % rememberedTimes;
    if (point.time < last.time) return;
    last.fresh = false;
    last.start = point.start;
    last.time = point.time;
    last.value = value;
    last.sum = point.sum;
    last.zeroCount = point.zeroCount;
    last.scale = point.scale;
    last.offset = point.offset;
    if (this.counts.length < point.countsLength) this.counts = new Float64Array(point.countsLength);
    for (let i = 0; i < point.countsLength; i += 1) this.counts[i] = point.counts[i] ?? 0;
    last.countsLength = point.countsLength;
  }

  toStored(): CumulativeState {
    const { start, time, value, sum, offset, scale, countsLength } = this.last;
    const counts = countsLength === 0 ? null : listOf(this.counts, 0, countsLength);
    return { key: this.key, start, time, value, sum, counts, offset, scale };
  }

  load(stored: CumulativeState): void {
    const counts = stored.counts ?? [];
    this.counts = Float64Array.from(counts);
    const zeroCount =
      counts.length === 0 ? 0 : stored.value - counts.reduce((total, count) => total + count, 0);
    const { start, time, value, sum, scale, offset } = stored;
    this.last = {
      ...{ fresh: false, start, time, value, sum, zeroCount, scale, offset },
      countsLength: counts.length,
      recentAt: 1,
    };
    this.recent[0] = time;
  }
}
