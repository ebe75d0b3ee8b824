import { PairHash } from "./hash.ts";

const traceIdBytes = 16;
const spanIdBytes = 8;
const traceSeed = 0x1f83d9ab;
const hash = new PairHash();

/**
 * Sets a 52-bit hash of a trace id, never 0; 0 where the id is not sixteen bytes, or all zero (W3C Trace Context: invalid).
 * Written into the view, since a double that a function gives back may cost an object.
 */
export function takeTraceHash(into: { traceHash: number }, view: DataView, start: number, end: number): void {
  into.traceHash = 0;
  if (end - start !== traceIdBytes) return;
  hash.start(traceSeed);
  let anyBit = 0;
  for (let at = start; at < end; at += 4) {
    const word = view.getInt32(at, true);
    anyBit |= word;
    hash.word(word);
  }
  if (anyBit === 0) return;
  hash.finish();
  const folded = (hash.high >>> 0) * 0x100000 + (hash.low >>> 12);
  into.traceHash = folded === 0 ? 1 : folded;
}

/** Eight bytes, not all zero. */
export function isSpanId(view: DataView, start: number, end: number): boolean {
  if (end - start !== spanIdBytes) return false;
  return (view.getInt32(start, true) | view.getInt32(start + 4, true)) !== 0;
}
