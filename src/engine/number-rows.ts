const firstChunk = 1024;
const largestChunk = 65_536;
const roundTo = 8;

/** A row of doubles: `numbers[at]` up to `numbers[at + room - 1]`. What stands in a new row is undefined. */
export interface NumberRow {
  readonly numbers: Float64Array;
  readonly at: number;
  readonly room: number;
}

/**
 * Rows of doubles inside a few large arrays. A typed array for each row would cost more than its numbers (two objects and a
 * block of memory that the collector has to watch), and its numbers would lie far from one another.
 */
export class NumberRows {
  private chunk = new Float64Array(firstChunk);
  private used = 0;
  private readonly free = new Map<number, NumberRow[]>();

  take(length: number): NumberRow {
    const room = Math.ceil(length / roundTo) * roundTo;
    const again = this.free.get(room)?.pop();
    if (again !== undefined) return again;
    if (this.used + room > this.chunk.length) {
      this.chunk = new Float64Array(Math.max(room, Math.min(largestChunk, this.chunk.length * 2)));
      this.used = 0;
    }
    const row = { numbers: this.chunk, at: this.used, room };
    this.used += room;
    return row;
  }

  /** The row is no more used by whoever took it. */
  giveBack(row: NumberRow): void {
    const alike = this.free.get(row.room);
    if (alike === undefined) this.free.set(row.room, [row]);
    else alike.push(row);
  }
}
