import { spread } from "./text-hash.ts";

const least = 64;

/** Both halves of a key, mixed: keys that agree in their low bits still want different cells. */
function mixed(key: number): number {
  return spread(key ^ Math.imul(key / 2 ** 32, 0x9e3779b1));
}

/**
 * A map from hashes (whole numbers of up to 53 bits) to places (whole numbers from 0 on) in two flat arrays: growing moves no
 * objects and leaves nothing to collect, so that no single line pays for all before it. Linear probing, at most half full.
 */
export class NumberTable {
  #keys = new Float64Array(least);
  /** Place + 1; 0 where nothing is kept. */
  #values = new Int32Array(least);
  size = 0;

  /** The place under a hash; -1 where there is none. */
  get(key: number): number {
    return (this.#values[this.#find(key)] ?? 0) - 1;
  }

  set(key: number, place: number): void {
    if (2 * (this.size + 1) > this.#keys.length) this.#grow();
    const at = this.#find(key);
    if (this.#values[at] === 0) this.size += 1;
    this.#keys[at] = key;
    this.#values[at] = place + 1;
  }

  delete(key: number): void {
    let gap = this.#find(key);
    if (this.#values[gap] === 0) return;
    this.size -= 1;
    const mask = this.#keys.length - 1;
    // What was pushed on past the gap moves back into it, so that no search stops short (Knuth, TAOCP 3, 6.4, algorithm R).
    for (let at = (gap + 1) & mask; this.#values[at] !== 0; at = (at + 1) & mask) {
      const home = mixed(this.#keys[at] ?? 0) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#keys[gap] = this.#keys[at] ?? 0;
      this.#values[gap] = this.#values[at] ?? 0;
      gap = at;
    }
    this.#values[gap] = 0;
  }

  /** Where a hash is, or the free cell where it belongs. */
  #find(key: number): number {
    const mask = this.#keys.length - 1;
    let at = mixed(key) & mask;
    while (this.#values[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = new Float64Array(2 * keys.length);
    this.#values = new Int32Array(2 * keys.length);
    for (const [from, value] of values.entries()) {
      if (value === 0) continue;
      const key = keys[from] ?? 0;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = value;
    }
  }
}
