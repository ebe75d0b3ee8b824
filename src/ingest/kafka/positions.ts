import type { SourceOffset } from "#engine/ports.ts";
import type { OffsetMove } from "#ingest/handed-messages.ts";
import type { Instant } from "#model/time.ts";
import { placeKey } from "#ingest/taken-offsets.ts";
import type { Partition, PartitionBounds, Position } from "./broker-client.ts";

/**
 * Why reading does not just go on. begins: the partition was never read here. removed: the broker deleted `lost` messages before
 * they were read. shrunk: the partition ends before the place where reading should go on, so it is another one of that name.
 */
export interface Correction {
  readonly why: "begins" | "removed" | "shrunk";
  readonly move: OffsetMove;
  readonly lost: number;
}

/** Looks in a row that must find a partition too short: after a change of leader it may seem so for a moment. */
const looksToBeSure = 2;

/** Where each partition of one source goes on, as told by the worker, beside what the broker has. */
export class Positions {
  private readonly source: string;
  private readonly next = new Map<string, SourceOffset>();
  private readonly high = new Map<string, number>();
  private readonly newestAt = new Map<string, Instant>();
  private readonly tooShort = new Map<string, number>();
  private assigned: ReadonlySet<string> = new Set();

  constructor(source: string, stored: readonly SourceOffset[]) {
    this.source = source;
    this.moved(stored.filter((offset) => offset.source === source));
  }

  nextOf(partition: Partition): number | null {
    return this.next.get(this.keyOf(partition))?.next ?? null;
  }

  /** The group gave these, and no others, to be read here. */
  assign(partitions: readonly Partition[]): void {
    this.assigned = new Set(partitions.map((partition) => this.keyOf(partition)));
  }

  moved(offsets: readonly SourceOffset[]): void {
    for (const offset of offsets) this.next.set(placeKey(offset), offset);
  }

  advance({ topic, partition, next }: Position, high: number, newestAt: Instant | null): void {
    this.moved([{ source: this.source, topic, partition, next }]);
    const key = this.keyOf({ topic, partition });
    this.high.set(key, high);
    if (newestAt !== null) this.newestAt.set(key, newestAt);
  }

  /** When the newest message was produced that was taken of the partition furthest behind; null where none lags, or none that lags tells. */
  behindSince(): Instant | null {
    const behind = this.lag()
      .filter(({ messages }) => messages > 0)
      .flatMap((partition) => this.newestAt.get(this.keyOf(partition)) ?? []);
    return behind.length === 0 ? null : Math.min(...behind);
  }

  knowsTopic(topic: string): boolean {
    return [...this.next.values()].some((offset) => offset.topic === topic);
  }

  /** Of the partitions that are read here. */
  standing(): readonly Position[] {
    return [...this.next].filter(([key]) => this.assigned.has(key)).map(([, position]) => position);
  }

  /** Messages that wait in the partitions that are read here. */
  lag(): readonly (Partition & { readonly messages: number })[] {
    return this.standing().flatMap(({ topic, partition, next }) => {
      const high = this.high.get(this.keyOf({ topic, partition }));
      return high === undefined ? [] : [{ topic, partition, messages: Math.max(0, high - next) }];
    });
  }

  /** What is to be put right, given what the broker has. `beginsAt` tells where a partition that was never read begins. */
  compare(
    bounds: readonly PartitionBounds[],
    beginsAt: (bounds: PartitionBounds) => number,
  ): readonly Correction[] {
    return bounds.flatMap((each): readonly Correction[] => {
      const { topic, partition, low, high } = each;
      const key = this.keyOf(each);
      this.high.set(key, high);
      const from = this.nextOf(each);
      const to = (next: number): OffsetMove => ({ source: this.source, topic, partition, from, next });
      if (from === null) return [{ why: "begins", move: to(beginsAt(each)), lost: 0 }];
      if (from < low) return [{ why: "removed", move: to(low), lost: low - from }];
      const looks = from > high ? (this.tooShort.get(key) ?? 0) + 1 : 0;
      this.tooShort.set(key, looks);
      return looks < looksToBeSure ? [] : [{ why: "shrunk", move: to(low), lost: 0 }];
    });
  }

  private keyOf({ topic, partition }: Partition): string {
    return placeKey({ source: this.source, topic, partition });
  }
}
