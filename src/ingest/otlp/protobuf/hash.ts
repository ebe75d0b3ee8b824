/**
 * Two running 32-bit hashes over words, after MurmurHash3 (A. Appleby, public domain) with two sets of constants. Not
 * secret, not for untrusted equality: 64 bits keep a million series apart with a chance of one in ten million.
 */
export class PairHash {
  high = 0;
  low = 0;

  start(seed: number): void {
    this.high = seed;
    this.low = seed ^ 0x5bd1e995;
  }

  word(word: number): void {
    let a = Math.imul(word, 0xcc9e2d51);
    a = (a << 15) | (a >>> 17);
    a = this.high ^ Math.imul(a, 0x1b873593);
    this.high = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    let b = Math.imul(word, 0x239b961b);
    b = (b << 16) | (b >>> 16);
    b = this.low ^ Math.imul(b, 0xab0e9789);
    this.low = (Math.imul((b << 17) | (b >>> 15), 5) + 0x561ccd1b) | 0;
  }

  bytes(view: DataView, start: number, end: number): void {
    let at = start;
    for (; at + 4 <= end; at += 4) this.word(view.getInt32(at, true));
    let tail = 0;
    for (let shift = 0; at < end; at += 1, shift += 8) tail |= view.getUint8(at) << shift;
    this.word(tail);
    this.word(end - start);
  }

  /** Spreads what was taken in over all bits. */
  finish(): void {
    this.high = avalanche(this.high ^ this.low);
    this.low = avalanche(this.low ^ Math.imul(this.high, 0x9e3779b1));
  }
}

function avalanche(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
