import { listOf } from "#model/merge-histogram.ts";
import type { Instant } from "#model/time.ts";
import type { Changing } from "./dirty-list.ts";
import type { ServiceCounts } from "./instance-row.ts";
import type { NumberRow, NumberRows } from "./number-rows.ts";
import type { Outcome } from "./outcome.ts";
import type { CumulativeState, PointView } from "./ports.ts";
import type { SeriesSlot } from "./series-table.ts";

const rememberedTimes = 8;

/** Where the numbers of a stream stand in its row: the point seen last, the times seen last in turn, then its bucket counts. */
const place = {
  start: 0,
  time: 1,
  value: 2,
  sum: 3,
  zeroCount: 4,
  scale: 5,
  offset: 6,
  countsLength: 7,
  nextRecent: 8,
  recent: 9,
  counts: 9 + rememberedTimes,
} as const;

/** Where a stream of request durations is counted, and as what; good while operations have this epoch. */
export interface StreamUse {
  readonly slot: SeriesSlot;
  readonly outcome: Outcome;
  readonly epoch: number;
}

/**
 * What one metric stream (instance, metric, attributes, unit, type) showed last. A process holds hundreds of thousands, and a
 * point touches one of them at a place that no cache holds: so all its numbers lie side by side in one row.
 */
export class StreamState implements Changing {
  dirty = false;
  /** True once a point of it was found to be no probe's. */
  isTraffic = false;
  /** What its attributes mean, worked out at its first use: they are the same at every point. Null where not known yet. */
  use: StreamUse | null = null;
  private row: NumberRow;
  readonly key: string;
  readonly bounds: readonly number[];
  readonly group: ServiceCounts;
  private readonly rows: NumberRows;

  constructor(
    of: {
      readonly key: string;
      readonly bounds: readonly number[];
      /** The service that it is counted for. */
      readonly group: ServiceCounts;
    },
    rows: NumberRows,
  ) {
    this.key = of.key;
    this.bounds = of.bounds;
    this.group = of.group;
    this.rows = rows;
    this.row = rows.take(place.counts);
    this.row.numbers.fill(0, this.row.at, this.row.at + this.row.room);
    this.set(place.time, -Infinity);
    this.set(place.sum, NaN);
  }

  /** No point was seen yet. */
  get fresh(): boolean {
    return this.time === -Infinity;
  }
  get start(): Instant {
    return this.get(place.start);
  }
  get time(): Instant {
    return this.get(place.time);
  }
  get value(): number {
    return this.get(place.value);
  }
  get sum(): number {
    return this.get(place.sum);
  }
  get zeroCount(): number {
    return this.get(place.zeroCount);
  }
  get scale(): number {
    return this.get(place.scale);
  }
  get offset(): number {
    return this.get(place.offset);
  }
  get countsLength(): number {
    return this.get(place.countsLength);
  }
  /** The array that holds the bucket counts, from `countsFrom` on. */
  get numbers(): Float64Array {
    return this.row.numbers;
  }
  get countsFrom(): number {
    return this.row.at + place.counts;
  }

  /** True where one of the last points had this time: a retried export. */
  knowsTime(time: Instant): boolean {
    const { numbers, at } = this.row;
    for (let i = 0; i < rememberedTimes; i += 1) if (numbers[at + place.recent + i] === time) return true;
    return false;
  }

  /** Takes over what the point shows; an older point than the last is only remembered by its time. */
  remember(point: PointView, value: number): void {
    const next = this.get(place.nextRecent);
    this.set(place.recent + next, point.time);
    this.set(place.nextRecent, (next + 1) % rememberedTimes);
    if (point.time < this.time) return;
    this.reserve(point.countsLength);
    this.set(place.start, point.start);
    this.set(place.time, point.time);
    this.set(place.value, value);
    this.set(place.sum, point.sum);
    this.set(place.zeroCount, point.zeroCount);
    this.set(place.scale, point.scale);
    this.set(place.offset, point.offset);
    this.set(place.countsLength, point.countsLength);
    const { numbers, countsFrom } = this;
    for (let i = 0; i < point.countsLength; i += 1) numbers[countsFrom + i] = point.counts[i] ?? 0;
  }

  toStored(): CumulativeState {
    const { key, start, time, value, sum, offset, scale, countsLength, countsFrom } = this;
    const counts = countsLength === 0 ? null : listOf(this.numbers, countsFrom, countsFrom + countsLength);
    return { key, start, time, value, sum, counts, offset, scale };
  }

  load(stored: CumulativeState): void {
    const counts = stored.counts ?? [];
    const inBuckets = counts.reduce((total, count) => total + count, 0);
    this.reserve(counts.length);
    this.set(place.start, stored.start);
    this.set(place.time, stored.time);
    this.set(place.value, stored.value);
    this.set(place.sum, stored.sum);
    this.set(place.zeroCount, counts.length === 0 ? 0 : stored.value - inBuckets);
    this.set(place.scale, stored.scale);
    this.set(place.offset, stored.offset);
    this.set(place.countsLength, counts.length);
    this.set(place.recent, stored.time);
    this.set(place.nextRecent, 1);
    this.numbers.set(counts, this.countsFrom);
  }

  /** Gives its row back. Nobody may use the stream afterwards. */
  release(): void {
    this.rows.giveBack(this.row);
  }

  /** Moves to a longer row where so many counts have no room. */
  private reserve(countsLength: number): void {
    const { row } = this;
    if (place.counts + countsLength <= row.room) return;
    this.row = this.rows.take(place.counts + countsLength);
    this.row.numbers.set(row.numbers.subarray(row.at, row.at + place.counts), this.row.at);
    this.rows.giveBack(row);
  }

  private get(at: number): number {
    return this.row.numbers[this.row.at + at] ?? NaN;
  }

  private set(at: number, value: number): void {
    this.row.numbers[this.row.at + at] = value;
  }
}
