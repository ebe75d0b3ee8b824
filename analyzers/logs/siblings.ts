/** Sequences that agree in all but one place. */
interface OpenHole {
  readonly members: number[];
  /** The sequence with a variable in that place, once there were siblings enough; -1 before. */
  pattern: number;
}

/** What a sequence met at one place: nothing yet, a known variable, or the siblings that now show one. */
export type Met =
  | { readonly tag: "open" }
  | { readonly tag: "known"; readonly pattern: number }
  | { readonly tag: "shown"; readonly members: readonly number[] };

const open: Met = { tag: "open" };

/** Watches sequences that differ in one word: so many siblings show that the word is a variable. Holds `capacity` places, the oldest go first. */
export class Siblings {
  readonly #capacity: number;
  readonly #holes = new Map<number, OpenHole>();
  /** Places that were forgotten before they showed anything. */
  forgotten = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The variable that is known at a place, or -1. */
  known(key: number): number {
    return this.#holes.get(key)?.pattern ?? -1;
  }

  /** Adds a sequence at a place; `needed` of them show a variable. */
  add(key: number, sequence: number, needed: number): Met {
    const hole = this.#holes.get(key);
    if (hole === undefined) {
      if (this.#holes.size >= this.#capacity) this.#forgetOldest();
      this.#holes.set(key, { members: [sequence], pattern: -1 });
      return open;
    }
    if (hole.pattern >= 0) return { tag: "known", pattern: hole.pattern };
    hole.members.push(sequence);
    return hole.members.length >= needed ? { tag: "shown", members: hole.members } : open;
  }

  /** Sets the variable of a place that was shown. */
  settle(key: number, pattern: number): void {
    const hole = this.#holes.get(key);
    if (hole === undefined) return;
    hole.members.length = 0;
    hole.pattern = pattern;
  }

  #forgetOldest(): void {
    for (const [key, hole] of this.#holes) {
      this.#holes.delete(key);
      if (hole.pattern < 0) this.forgotten += 1;
      return;
    }
  }
}
