import { readAttributes, type AttributeSlots } from "#engine/ports.ts";

const encoder = new TextEncoder();
const keys = readAttributes.map((name) => encoder.encode(name));
const keyViews = keys.map((key) => new DataView(key.buffer, key.byteOffset, key.byteLength));
const shortest = Math.min(...keys.map((key) => key.length));
const longest = Math.max(...keys.map((key) => key.length));
const bucketBits = 8;

/** Words of each key, eight a slot, and its length. The last word may overlap the one before. */
const wordsEach = 8;
const words = new Int32Array(keys.length * wordsEach);
const lengths = Uint8Array.from(keys, (key) => key.length);
keyViews.forEach((view, slot) => {
  for (let at = 0; at < view.byteLength - 4; at += 4)
    words[slot * wordsEach + (at >> 2)] = view.getInt32(at, true);
});

function bucketOf(lastWord: number, length: number, factor: number): number {
  return Math.imul(lastWord + length, factor) >>> (32 - bucketBits);
}

interface SlotTable {
  readonly factor: number;
  /** Slot of the only key in a bucket, or -1. */
  readonly slots: Int8Array;
  /** Last four bytes of each key. */
  readonly lastWords: Int32Array;
}

/** The first factor that gives each key a bucket of its own. */
function perfectTable(): SlotTable {
  const lastWords = Int32Array.from(keyViews, (view) => view.getInt32(view.byteLength - 4, true));
  for (let factor = 0x9e3779b1; ; factor += 2) {
    const slots = new Int8Array(1 << bucketBits).fill(-1);
    const alone = keyViews.every((view, slot) => {
      const bucket = bucketOf(lastWords[slot] ?? 0, view.byteLength, factor);
      const isFree = slots[bucket] === -1;
      slots[bucket] = slot;
      return isFree;
    });
    if (alone) return { factor, slots, lastWords };
  }
}

const table = perfectTable();

/** The slot of an attribute key in `readAttributes`, or -1 for one that Haldane does not read. */
export function slotOf(view: DataView, start: number, end: number): number {
  const length = end - start;
  if (length < shortest || length > longest) return -1;
  const lastWord = view.getInt32(end - 4, true);
  const slot = table.slots[bucketOf(lastWord, length, table.factor)] ?? -1;
  if (slot < 0 || lengths[slot] !== length || table.lastWords[slot] !== lastWord) return -1;
  const word = slot * wordsEach;
  for (let at = 0; at < length - 4; at += 4)
    if (view.getInt32(start + at, true) !== words[word + (at >> 2)]) return -1;
  return slot;
}

/** Empty slots for the reused view of a record. */
export function emptySlots(): AttributeSlots {
  return {
    texts: new Int32Array(readAttributes.length),
    numbers: new Float64Array(readAttributes.length).fill(NaN),
  };
}

/** Empties the slots whose bits are set. */
export function clearSlots(slots: AttributeSlots, filled: number): void {
  for (let rest = filled; rest !== 0;) {
    const slot = 31 - Math.clz32(rest);
    slots.texts[slot] = 0;
    slots.numbers[slot] = NaN;
    rest ^= 1 << slot;
  }
}
