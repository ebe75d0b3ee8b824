import type { SourceOffset } from "#engine/ports.ts";
import type { OffsetMove } from "./handed-messages.ts";

type Place = Omit<SourceOffset, "next">;

/** A partition of a source as a key. */
export function placeKey({ source, topic, partition }: Place): string {
  return JSON.stringify([source, topic, partition]);
}

/**
 * How far each partition was taken, ahead of the store by what waits for its transaction. The one truth about what is a
 * redelivered message: brokers remember less reliably, and not in the transaction of the samples.
 */
export class TakenOffsets {
  private readonly byPlace = new Map<string, SourceOffset>();
  private readonly changed = new Map<string, SourceOffset>();

  constructor(stored: readonly SourceOffset[]) {
    for (const offset of stored) this.byPlace.set(placeKey(offset), offset);
  }

  /** The first offset that was not taken, or null for a partition that is not known. */
  nextOf(place: Place): number | null {
    return this.byPlace.get(placeKey(place))?.next ?? null;
  }

  advance(place: Place, next: number): void {
    const { source, topic, partition } = place;
    const offset = { source, topic, partition, next };
    const key = placeKey(place);
    this.byPlace.set(key, offset);
    this.changed.set(key, offset);
  }

  /** Does what still applies of the moves, and tells where each partition goes on. */
  move(moves: readonly OffsetMove[]): readonly SourceOffset[] {
    return moves.map((move) => {
      const standing = this.nextOf(move);
      if (standing === move.from) this.advance(move, move.next);
      const { source, topic, partition } = move;
      return { source, topic, partition, next: this.nextOf(move) ?? move.next };
    });
  }

  /** What changed since the last drain, for the transaction of the samples. */
  drain(): readonly SourceOffset[] {
    const changed = [...this.changed.values()];
    this.changed.clear();
    return changed;
  }
}
