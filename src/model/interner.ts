/** The text of everything that came after the table was full. */
export const overflowText = 1;
const firstText = 2;

/** Caps of the table. Past `texts` or `tableBytes` a new string becomes `overflowText`; a longer string is cut to `textBytes`. */
export interface InternerLimits {
  readonly texts: number;
  readonly textBytes: number;
  readonly tableBytes: number;
}

export const defaultInternerLimits: InternerLimits = {
  texts: 200_000,
  textBytes: 256,
  tableBytes: 32 * 1024 * 1024,
};

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/**
 * Strings as small integers, equal for equal UTF-8 bytes whether they came as bytes or as a string; the port `Interner`.
 * 0 is the empty string, 1 (`overflowText`) whatever came past a cap. Nothing is forgotten until `reset`, so a Text
 * compares as its string does while `generation` stands. Looking up a known string allocates nothing.
 */
export class BoundedInterner {
  generation = 1;
  /** How often a string became `overflowText`, and how often one was cut, since the start. */
  readonly counters = { overflowed: 0, cut: 0 };
  readonly #limits: InternerLimits;
  #count = firstText;
  /** Open addressing, linear probing, never more than half full; 0 is free. */
  #table = new Int32Array(1024);
  #hashes = new Int32Array(512);
  /** Text t is pool[starts[t], starts[t + 1]). */
  #starts = new Int32Array(513);
  #pool = new Uint8Array(16 * 1024);
  #poolView = new DataView(this.#pool.buffer);
  #strings: string[] = ["", "(overflow)"];
  readonly #scratch: Uint8Array;

  constructor(limits: InternerLimits = defaultInternerLimits) {
    this.#limits = limits;
    this.#scratch = new Uint8Array(limits.textBytes + 4);
  }

  /** How many distinct strings the table holds. */
  get size(): number {
    return this.#count - firstText;
  }

  fromBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.fromView(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), start, end);
  }

  fromView(view: DataView, start: number, end: number): number {
    if (end <= start) return 0;
    const stop = end - start > this.#limits.textBytes ? this.#cut(view, start) : end;
    const hash = hashOf(view, start, stop);
    const mask = this.#table.length - 1;
    let slot = hash & mask;
    for (;;) {
      const text = this.#table[slot] ?? 0;
      if (text === 0) break;
      if (this.#hashes[text] === hash && this.#equals(text, view, start, stop)) return text;
      slot = (slot + 1) & mask;
    }
    return this.#add(hash, slot, new Uint8Array(view.buffer, view.byteOffset + start, stop - start));
  }

  fromString(text: string): number {
    // The scratch has room for one more character than is kept, so a longer string is seen to be longer.
    return this.fromBytes(this.#scratch, 0, encoder.encodeInto(text, this.#scratch).written);
  }

  textOf(text: number): string {
    const known = this.#strings[text];
    if (known !== undefined) return known;
    if (text < 0 || text >= this.#count) throw new RangeError(`no text ${text} in this generation`);
    const decoded = decoder.decode(this.#pool.subarray(this.#starts[text] ?? 0, this.#starts[text + 1] ?? 0));
    this.#strings[text] = decoded;
    return decoded;
  }

  /** Empties the table; every Text from before is then meaningless. */
  reset(): void {
    this.generation += 1;
    this.#count = firstText;
    this.#table.fill(0);
    this.#strings = ["", "(overflow)"];
  }

  #equals(text: number, view: DataView, start: number, stop: number): boolean {
    const from = this.#starts[text] ?? 0;
    if ((this.#starts[text + 1] ?? 0) - from !== stop - start) return false;
    const pool = this.#poolView;
    const shift = from - start;
    let at = start;
    for (; at + 4 <= stop; at += 4)
      if (view.getInt32(at, true) !== pool.getInt32(at + shift, true)) return false;
    for (; at < stop; at += 1) if (view.getUint8(at) !== pool.getUint8(at + shift)) return false;
    return true;
  }

  /** End of the kept part of a string that is too long, never inside a UTF-8 sequence. */
  #cut(view: DataView, start: number): number {
    this.counters.cut += 1;
    let stop = start + this.#limits.textBytes;
    while (stop > start && (view.getUint8(stop) & 0xc0) === 0x80) stop -= 1;
    return stop;
  }

  #add(hash: number, slot: number, bytes: Uint8Array): number {
    const text = this.#count;
    const from = text === firstText ? 0 : (this.#starts[text] ?? 0);
    if (text - firstText >= this.#limits.texts || from + bytes.length > this.#limits.tableBytes) {
      this.counters.overflowed += 1;
      return overflowText;
    }
    this.#reserve(text, from + bytes.length);
    this.#pool.set(bytes, from);
    this.#starts[text] = from;
    this.#starts[text + 1] = from + bytes.length;
    this.#hashes[text] = hash;
    this.#table[slot] = text;
    this.#count += 1;
    if (this.#count * 2 > this.#table.length) this.#rehash();
    return text;
  }

  #reserve(text: number, poolBytes: number): void {
    if (text >= this.#hashes.length) {
      const hashes = new Int32Array(this.#hashes.length * 2);
      hashes.set(this.#hashes);
      this.#hashes = hashes;
      const starts = new Int32Array(hashes.length + 1);
      starts.set(this.#starts);
      this.#starts = starts;
    }
    if (poolBytes > this.#pool.length) {
      const pool = new Uint8Array(Math.max(poolBytes, this.#pool.length * 2));
      pool.set(this.#pool);
      this.#pool = pool;
      this.#poolView = new DataView(pool.buffer);
    }
  }

  #rehash(): void {
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let text = firstText; text < this.#count; text += 1) {
      let slot = (this.#hashes[text] ?? 0) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = text;
    }
    this.#table = table;
  }
}

function hashOf(view: DataView, start: number, stop: number): number {
  let hash = 0x811c9dc5 | 0;
  let at = start;
  for (; at + 4 <= stop; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x01000193);
    hash ^= hash >>> 15;
  }
  for (; at < stop; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
