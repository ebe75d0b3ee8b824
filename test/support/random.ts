/** A seeded source of numbers: the same seed gives the same stream everywhere. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  integer(below: number): number;
  normal(): number;
  poisson(mean: number): number;
  binomial(n: number, p: number): number;
}

const mask = (1n << 64n) - 1n;

function splitMix(seed: bigint): () => bigint {
  let state = seed & mask;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & mask;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & mask;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & mask;
    return z ^ (z >> 31n);
  };
}

/** xoshiro256** (Blackman and Vigna 2018) on pairs of 32-bit words, seeded by splitmix64. Gives the high 53 bits. */
function xoshiro(seed: number): () => number {
  const mix = splitMix(BigInt(seed));
  const s = new Uint32Array(8);
  for (let i = 0; i < 4; i += 1) {
    const word = mix();
    s[2 * i] = Number(word >> 32n);
    s[2 * i + 1] = Number(word & 0xffffffffn);
  }
  const wide = 2 ** 32;
  return () => {
    // result = rotl(s1 * 5, 7) * 9, high and low words apart
    let low = s[3]! * 5;
    let high = (s[2]! * 5 + Math.floor(low / wide)) >>> 0;
    low = low >>> 0;
    const rotatedHigh = ((high << 7) | (low >>> 25)) >>> 0;
    const rotatedLow = ((low << 7) | (high >>> 25)) >>> 0;
    const nineLow = rotatedLow * 9;
    high = (rotatedHigh * 9 + Math.floor(nineLow / wide)) >>> 0;
    low = nineLow >>> 0;
    const t0 = ((s[2]! << 17) | (s[3]! >>> 15)) >>> 0;
    const t1 = (s[3]! << 17) >>> 0;
    s[4]! ^= s[0]!;
    s[5]! ^= s[1]!;
    s[6]! ^= s[2]!;
    s[7]! ^= s[3]!;
    s[2]! ^= s[4]!;
    s[3]! ^= s[5]!;
    s[0]! ^= s[6]!;
    s[1]! ^= s[7]!;
    s[4]! ^= t0;
    s[5]! ^= t1;
    // rotl(s3, 45) = swap words, then rotl 13
    const h = s[7]!;
    const l = s[6]!;
    s[6] = ((h << 13) | (l >>> 19)) >>> 0;
    s[7] = ((l << 13) | (h >>> 19)) >>> 0;
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  };
}

export function seededRandom(seed: number): Random {
  const next = xoshiro(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const poisson = (mean: number): number => {
    if (mean > 30) {
      // Exact halving: Poisson(m) = Poisson(m/2) + Poisson(m/2) down to small means.
      if (mean > 1e5) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      return poisson(mean / 2) + poisson(mean / 2);
    }
    const limit = Math.exp(-mean);
    let product = next();
    let count = 0;
    while (product > limit) {
      product *= next();
      count += 1;
    }
    return count;
  };
  const binomial = (n: number, p: number): number => {
    if (p > 0.5) return n - binomial(n, 1 - p);
    if (n * p < 30 || n < 100) {
      let count = 0;
      // Geometric jumps between successes.
      const logMiss = Math.log1p(-p);
      if (p <= 0) return 0;
      let at = Math.floor(Math.log(1 - next()) / logMiss);
      while (at < n) {
        count += 1;
        at += 1 + Math.floor(Math.log(1 - next()) / logMiss);
      }
      return count;
    }
    return Math.min(n, Math.max(0, Math.round(n * p + Math.sqrt(n * p * (1 - p)) * normal())));
  };
  return { next, integer: (below) => Math.floor(next() * below), normal, poisson, binomial };
}
