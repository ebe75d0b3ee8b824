const traceIdBytes = 16;
const spanIdBytes = 8;

/** A 52-bit hash of a trace id, never 0; 0 where the id is not sixteen bytes, or all zero (W3C Trace Context: invalid). */
export function traceHashAt(view: DataView, start: number, end: number): number {
  if (end - start !== traceIdBytes) return 0;
  const a = view.getInt32(start, true);
  const b = view.getInt32(start + 4, true);
  const c = view.getInt32(start + 8, true);
  const d = view.getInt32(start + 12, true);
  if ((a | b | c | d) === 0) return 0;
  // Many generators count or stamp a time in one half, so every word is spread over both parts of the hash.
  let high = Math.imul(a ^ (a >>> 15), 0x2c1b3c6d) ^ Math.imul(b ^ (b >>> 13), 0x297a2d39);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ c;
  let low = Math.imul(c ^ (c >>> 15), 0x1b56c4e9) ^ Math.imul(d ^ (d >>> 13), 0x7feb352d);
  low = Math.imul(low ^ (low >>> 16), 0xc2b2ae35) ^ Math.imul(high, 0x9e3779b1);
  high = Math.imul(high ^ (low >>> 15), 0x846ca68b);
  high ^= high >>> 16;
  low ^= low >>> 15;
  const hash = (high >>> 0) * 0x100000 + (low >>> 12);
  return hash === 0 ? 1 : hash;
}

/** Eight bytes, not all zero. */
export function isSpanId(view: DataView, start: number, end: number): boolean {
  if (end - start !== spanIdBytes) return false;
  return (view.getInt32(start, true) | view.getInt32(start + 4, true)) !== 0;
}
