const firstSlots = 8;
const valuesEach = 3;

/**
 * Numbers by pairs of small integers, such as a method with a route. A Map would need one key of the two, which leaves the
 * range of small integers and so costs an object for every look-up; here a look-up is a few reads of one array. Open
 * addressing, never more than half full.
 */
export class PairTable {
  size = 0;
  /** First and second of the key, then the value plus one: 0 is free. */
  private rows = new Int32Array(firstSlots * valuesEach);

  /** The value of a pair, or -1. */
  get(first: number, second: number): number {
    const { rows } = this;
    const row = this.rowOf(rows, first, second);
    return (rows[row + 2] ?? 0) - 1;
  }

  /** Values are 0 or more. */
  set(first: number, second: number, value: number): void {
    if ((this.size + 1) * 2 * valuesEach > this.rows.length) this.grow();
    const { rows } = this;
    const row = this.rowOf(rows, first, second);
    if (rows[row + 2] === 0) this.size += 1;
    rows[row] = first;
    rows[row + 1] = second;
    rows[row + 2] = value + 1;
  }

  clear(): void {
    this.size = 0;
    this.rows = new Int32Array(firstSlots * valuesEach);
  }

  /** Where the pair stands, or the free row where it would. */
  private rowOf(rows: Int32Array, first: number, second: number): number {
    const mask = rows.length / valuesEach - 1;
    let slot = Math.imul(Math.imul(first, 0x9e3779b1) ^ second, 0x85ebca6b);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (;;) {
      const row = slot * valuesEach;
      if (rows[row + 2] === 0 || (rows[row] === first && rows[row + 1] === second)) return row;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const old = this.rows;
    const rows = new Int32Array(old.length * 2);
    for (let from = 0; from < old.length; from += valuesEach) {
      if (old[from + 2] === 0) continue;
      const to = this.rowOf(rows, old[from] ?? 0, old[from + 1] ?? 0);
      rows.set(old.subarray(from, from + valuesEach), to);
    }
    this.rows = rows;
  }
}
