import type { AttributeSlots, Interner } from "#engine/ports.ts";
import type { OtlpLimits } from "#ingest/otlp/limits.ts";
import type { PairReader } from "./any-value.ts";
import { clearSlots } from "./attribute-slots.ts";
import { PairHash } from "./hash.ts";
import { hashPair } from "./hash-pair.ts";
import type { Wire } from "./wire.ts";

const firstBuckets = 256;
const firstBytes = 16 * 1024;
/** Words of a remembered set: hash of its bytes, where they stand in the pool and end, its two half hashes, and its slots. */
const words = { hash: 0, start: 1, end: 2, high: 3, low: 4, firstSlot: 5, endSlot: 6, each: 7 } as const;

/**
 * Attribute sets of metric points, by their bytes. A stream sends the same attributes with every export, so the pairs of a
 * set are read, interned and hashed once, and the set is recognised afterwards by comparing bytes. Kept in a few arrays
 * without an object for each; when full, all are forgotten, which costs a second reading and changes nothing.
 */
export class AttributeSets {
  readonly slots: AttributeSlots;
  /** Order-free hash of the set taken last, as the sum over its pairs. */
  high = 0;
  low = 0;
  readonly #wire: Wire;
  readonly #pairs: PairReader;
  readonly #interner: Interner;
  readonly #limits: Pick<OtlpLimits, "cachedAttributeSets" | "cachedAttributeSetBytes">;
  readonly #hash = new PairHash();
  #generation = 0;
  #count = 0;
  /** Number of a set plus one, open addressing, never more than half full; 0 is free. */
  #buckets = new Int32Array(firstBuckets);
  #sets = new Int32Array((firstBuckets / 2) * words.each);
  #pool = new Uint8Array(firstBytes);
  #poolView = new DataView(this.#pool.buffer);
  #poolEnd = 0;
  /** What the sets put into slots, one row for each slot that is filled. */
  #slotRows: { readonly slot: number; readonly text: number; readonly number: number }[] = [];
  /** One bit for each slot that is filled now. */
  #filled = 0;

  constructor(
    parts: {
      readonly wire: Wire;
      readonly pairs: PairReader;
      readonly interner: Interner;
      readonly limits: OtlpLimits;
    },
    slots: AttributeSlots,
  ) {
    this.slots = slots;
    this.#wire = parts.wire;
    this.#pairs = parts.pairs;
    this.#interner = parts.interner;
    this.#limits = parts.limits;
  }

  /** To be called before each body: texts may have lost their meaning. */
  startBody(): void {
    if (this.#generation === this.#interner.generation) return;
    this.#generation = this.#interner.generation;
    this.#forget();
  }

  /** A record without attributes. */
  takeNone(): void {
    clearSlots(this.slots, this.#filled);
    this.#filled = 0;
    this.high = 0;
    this.low = 0;
  }

  /** Takes the attributes from the tag of the first to the end of the last, where nothing else stands between them. */
  take(attributeTag: number, start: number, end: number): void {
    const { view } = this.#wire;
    const hash = hashOf(view, start, end);
    const mask = this.#buckets.length - 1;
    let bucket = hash & mask;
    for (;;) {
      const set = (this.#buckets[bucket] ?? 0) - 1;
      if (set < 0) break;
      const row = set * words.each;
      if (this.#sets[row] === hash && this.#equals(row, start, end)) {
        this.#recall(row);
        return;
      }
      bucket = (bucket + 1) & mask;
    }
    this.read(attributeTag, start, end);
    this.#remember(hash, start, end);
  }

  /** Reads the attributes in [start, end), where other fields may stand between them, without remembering them. */
  read(attributeTag: number, start: number, end: number): void {
    const wire = this.#wire;
    this.takeNone();
    wire.at = start;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== attributeTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      const stop = wire.at + length;
      this.#pairs.pair(stop);
      this.#filled |= this.#pairs.fill(this.slots, this.#interner);
      hashPair(this.#pairs, wire, this.#hash);
      this.high = (this.high + this.#hash.high) | 0;
      this.low = (this.low + this.#hash.low) | 0;
      wire.at = stop;
    }
  }

  #equals(row: number, start: number, end: number): boolean {
    const from = this.#sets[row + words.start] ?? 0;
    if ((this.#sets[row + words.end] ?? 0) - from !== end - start) return false;
    const { view } = this.#wire;
    const pool = this.#poolView;
    const shift = from - start;
    let at = start;
    for (; at + 4 <= end; at += 4)
      if (view.getInt32(at, true) !== pool.getInt32(at + shift, true)) return false;
    for (; at < end; at += 1) if (view.getUint8(at) !== pool.getUint8(at + shift)) return false;
    return true;
  }

  #recall(row: number): void {
    const { slots } = this;
    clearSlots(slots, this.#filled);
    this.high = this.#sets[row + words.high] ?? 0;
    this.low = this.#sets[row + words.low] ?? 0;
    const end = this.#sets[row + words.endSlot] ?? 0;
    let filled = 0;
    for (let at = this.#sets[row + words.firstSlot] ?? 0; at < end; at += 1) {
      const filling = this.#slotRows[at];
      if (filling === undefined) break;
      slots.texts[filling.slot] = filling.text;
      slots.numbers[filling.slot] = filling.number;
      filled |= 1 << filling.slot;
    }
    this.#filled = filled;
  }

  #remember(hash: number, start: number, end: number): void {
    const { cachedAttributeSets, cachedAttributeSetBytes } = this.#limits;
    const length = end - start;
    if (length > cachedAttributeSetBytes) return;
    if (this.#count >= cachedAttributeSets || this.#poolEnd + length > cachedAttributeSetBytes)
      this.#forget();
    this.#reserve(length);
    const row = this.#count * words.each;
    const firstSlot = this.#slotRows.length;
    for (let rest = this.#filled; rest !== 0;) {
      const slot = 31 - Math.clz32(rest);
      const { texts, numbers } = this.slots;
      this.#slotRows.push({ slot, text: texts[slot] ?? 0, number: numbers[slot] ?? NaN });
      rest ^= 1 << slot;
    }
    this.#pool.set(this.#wire.bytes.subarray(start, end), this.#poolEnd);
    const { high, low } = this;
    const ends = [this.#poolEnd, this.#poolEnd + length];
    this.#sets.set([hash, ...ends, high, low, firstSlot, this.#slotRows.length], row);
    this.#poolEnd += length;
    this.#count += 1;
    this.#file(this.#count, hash);
  }

  #file(numberPlusOne: number, hash: number): void {
    const mask = this.#buckets.length - 1;
    let bucket = hash & mask;
    while (this.#buckets[bucket] !== 0) bucket = (bucket + 1) & mask;
    this.#buckets[bucket] = numberPlusOne;
  }

  /** Makes room for one more set of `length` bytes. */
  #reserve(length: number): void {
    if ((this.#count + 1) * words.each > this.#sets.length) {
      const sets = new Int32Array(this.#sets.length * 2);
      sets.set(this.#sets);
      this.#sets = sets;
      this.#buckets = new Int32Array(this.#buckets.length * 2);
      for (let set = 0; set < this.#count; set += 1) this.#file(set + 1, sets[set * words.each] ?? 0);
    }
    if (this.#poolEnd + length > this.#pool.length) {
      const pool = new Uint8Array(Math.max(this.#poolEnd + length, this.#pool.length * 2));
      pool.set(this.#pool);
      this.#pool = pool;
      this.#poolView = new DataView(pool.buffer);
    }
  }

  #forget(): void {
    this.#count = 0;
    this.#poolEnd = 0;
    this.#buckets.fill(0);
    this.#slotRows = [];
  }
}

function hashOf(view: DataView, start: number, end: number): number {
  let hash = end - start;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; at < end; at += 1) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
