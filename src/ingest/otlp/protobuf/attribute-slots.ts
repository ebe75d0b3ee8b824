import { readAttributes, type AttributeSlots } from "#engine/ports.ts";

const encoder = new TextEncoder();
const keys = readAttributes.map((name) => encoder.encode(name));
const buckets = 64;

function bucketOf(length: number, last: number, beforeLast: number): number {
  return (length * 7 + last + beforeLast * 3) % buckets;
}

/** Slots by a cheap property of the key; the bytes are compared afterwards. */
const slotsByBucket: readonly (readonly number[])[] = Array.from({ length: buckets }, (_, bucket) =>
  keys.flatMap((key, slot) =>
    bucketOf(key.length, key.at(-1) ?? 0, key.at(-2) ?? 0) === bucket ? [slot] : [],
  ),
);

/** The slot of an attribute key in `readAttributes`, or -1 for one that Haldane does not read. */
export function slotOf(view: DataView, start: number, end: number): number {
  const length = end - start;
  if (length < 2) return -1;
  const candidates = slotsByBucket[bucketOf(length, view.getUint8(end - 1), view.getUint8(end - 2))];
  if (candidates === undefined) return -1;
  for (const slot of candidates) {
    const key = keys[slot];
    if (key?.length === length && equalsAt(view, start, key)) return slot;
  }
  return -1;
}

function equalsAt(view: DataView, start: number, key: Uint8Array): boolean {
  for (let at = 0; at < key.length; at += 1) if (view.getUint8(start + at) !== key[at]) return false;
  return true;
}

/** Empty slots for the reused view of a record. */
export function emptySlots(): AttributeSlots {
  return {
    texts: new Int32Array(readAttributes.length),
    numbers: new Float64Array(readAttributes.length).fill(NaN),
  };
}

export function clearSlots(slots: AttributeSlots): void {
  slots.texts.fill(0);
  slots.numbers.fill(NaN);
}
