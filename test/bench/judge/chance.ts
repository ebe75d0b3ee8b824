import { logGamma } from "#analyzers/stats/log-gamma.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

/** Seed of one replicate of one scenario. */
export function seedOf(scenario: number, replicate: number): number {
  return 20_260_801 + 100_000 * scenario + replicate;
}

/** The stream of one replicate: the same in any process and in any order of replicates. */
export function chanceOf(scenario: number, replicate: number): Random {
  return seededRandom(seedOf(scenario, replicate));
}

/** Poisson counts in constant time: transformed rejection (Hörmann 1993, PTRS) for means over 10. */
export function poisson(random: Random, mean: number): number {
  if (mean <= 10) return mean <= 0 ? 0 : random.poisson(mean);
  const root = Math.sqrt(mean);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.next() - 0.5;
    const v = random.next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const accept = Math.log((v * inverseAlpha) / (a / (us * us) + b));
    if (accept <= k * Math.log(mean) - mean - logGamma(k + 1)) return k;
  }
}

/** Gamma with mean 1 and a coefficient of variation of at most 1 (Marsaglia and Tsang 2000). */
export function gammaAround1(random: Random, variation: number): number {
  const shape = 1 / (variation * variation);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = random.normal();
    const v = (1 + c * x) ** 3;
    if (v <= 0) continue;
    if (Math.log(1 - random.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return (d * v) / shape;
  }
}

/** A stationary normal AR(1) series. */
export function wandering(random: Random, length: number, deviation: number, memory: number): Float64Array {
  const series = new Float64Array(length);
  const step = deviation * Math.sqrt(1 - memory * memory);
  for (let i = 0; i < length; i += 1) {
    series[i] = i === 0 ? deviation * random.normal() : memory * series[i - 1]! + step * random.normal();
  }
  return series;
}
