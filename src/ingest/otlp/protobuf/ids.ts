import { PairHash } from "./hash.ts";

const traceIdBytes = 16;
const spanIdBytes = 8;
const traceSeed = 0x1f83d9ab;
const hash = new PairHash();

/** A 52-bit hash of a trace id, never 0; 0 where the id is not sixteen bytes, or all zero (W3C Trace Context: invalid). */
export function traceHashAt(view: DataView, start: number, end: number): number {
  if (end - start !== traceIdBytes) return 0;
  hash.start(traceSeed);
  let anyBit = 0;
  for (let at = start; at < end; at += 4) {
    const word = view.getInt32(at, true);
    anyBit |= word;
    hash.word(word);
  }
  if (anyBit === 0) return 0;
  hash.finish();
  const folded = (hash.high >>> 0) * 0x100000 + (hash.low >>> 12);
  return folded === 0 ? 1 : folded;
}

/** Eight bytes, not all zero. */
export function isSpanId(view: DataView, start: number, end: number): boolean {
  if (end - start !== spanIdBytes) return false;
  return (view.getInt32(start, true) | view.getInt32(start + 4, true)) !== 0;
}
