const prime = 0x01000193;

/** Start of a running 32-bit hash over UTF-16 code units. */
export const hashSeed = 0x811c9dc5 | 0;

/** One more code unit (FNV-1a, Fowler, Noll and Vo). Not for secrets: whoever wants to can make two texts collide. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, prime);
}

/** Spreads a running hash over all 32 bits (the finalizer of MurmurHash3, A. Appleby, public domain). */
export function spread(hash: number): number {
  let h = hash ^ (hash >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** 32 bits of a text, from another start for another hash. */
export function hashText(text: string, seed: number = hashSeed): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = hashUnit(hash, text.charCodeAt(at));
  return spread(hash);
}

const secondSeed = 0x2545f491;

function hex(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, "0");
}

/** 64 bits of a list of texts as 16 hex digits: the same in every process. Each text ends before the next begins. */
export function hashId(texts: readonly string[]): string {
  let first = hashSeed;
  let second = secondSeed;
  for (const text of texts) {
    first = spread(Math.imul(first, 31) + hashText(text)) ^ text.length;
    second = spread(Math.imul(second, 37) + hashText(text, secondSeed)) + text.length;
  }
  return hex(spread(first)) + hex(spread(second));
}
