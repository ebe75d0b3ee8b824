import { NumberTable } from "./number-table.ts";

/** What a sequence met at one place: nothing yet, a known variable, or the siblings that now show one. */
export type Met =
  | { readonly tag: "open" }
  | { readonly tag: "known"; readonly pattern: number }
  | { readonly tag: "shown"; readonly members: readonly number[] };

const open: Met = { tag: "open" };
const least = 256;

/** An array as long as `from` or longer, with the same numbers at its beginning. */
function longer<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

/**
 * Watches sequences that differ in one word: so many siblings show that the word is a variable. Holds `capacity` places in a
 * ring, the oldest go first. Most places only ever see one sequence, so a place is a row of flat arrays.
 */
export class Siblings {
  readonly #capacity: number;
  readonly #rows = new NumberTable();
  /** Hash of each place, to forget it by. */
  #keys = new Float64Array(least);
  /** The sequence that came first. */
  #firsts = new Int32Array(least);
  /** The sequence with a variable in that place, once there were siblings enough; -1 before. */
  #patterns = new Int32Array(least);
  /** The siblings of the first, where there are some. */
  readonly #others = new Map<number, number[]>();
  #added = 0;
  /** Places that were forgotten before they showed anything. */
  forgotten = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The variable that is known at a place, or -1. */
  known(key: number): number {
    const row = this.#rows.get(key);
    return row < 0 ? -1 : (this.#patterns[row] ?? -1);
  }

  /** Adds a sequence at a place; `needed` of them show a variable. */
  add(key: number, sequence: number, needed: number): Met {
    const row = this.#rows.get(key);
    if (row < 0) {
      this.#open(key, sequence);
      return open;
    }
    const pattern = this.#patterns[row] ?? -1;
    if (pattern >= 0) return { tag: "known", pattern };
    const others = this.#others.get(row) ?? [];
    others.push(sequence);
    this.#others.set(row, others);
    if (others.length + 1 < needed) return open;
    return { tag: "shown", members: [this.#firsts[row] ?? 0, ...others] };
  }

  /** Sets the variable of a place that was shown. */
  settle(key: number, pattern: number): void {
    const row = this.#rows.get(key);
    if (row < 0) return;
    this.#others.delete(row);
    this.#patterns[row] = pattern;
  }

  #open(key: number, sequence: number): void {
    const row = this.#added % this.#capacity;
    if (this.#added >= this.#capacity) this.#forget(row);
    else if (row >= this.#keys.length) this.#grow();
    this.#added += 1;
    this.#rows.set(key, row);
    this.#keys[row] = key;
    this.#firsts[row] = sequence;
    this.#patterns[row] = -1;
  }

  #forget(row: number): void {
    this.#rows.delete(this.#keys[row] ?? 0);
    this.#others.delete(row);
    if ((this.#patterns[row] ?? -1) < 0) this.forgotten += 1;
  }

  #grow(): void {
    const length = 2 * this.#keys.length;
    this.#keys = longer(this.#keys, new Float64Array(length));
    this.#firsts = longer(this.#firsts, new Int32Array(length));
    this.#patterns = longer(this.#patterns, new Int32Array(length));
  }
}
