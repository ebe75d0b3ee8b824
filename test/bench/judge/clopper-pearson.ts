import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";

/** Where a function that rises over [0, 1] reaches a level. */
function reaches(rising: (p: number) => number, level: number): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (rising(middle) < level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Exact interval for a chance of which `k` of `n` tries came true (Clopper and Pearson 1934). */
export function clopperPearson(
  k: number,
  n: number,
  confidence = 0.99,
): readonly [low: number, high: number] {
  const side = (1 - confidence) / 2;
  const low = k === 0 ? 0 : reaches((p) => binomialAtLeast(k, n, p), side);
  const high = k === n ? 1 : reaches((p) => binomialAtLeast(k + 1, n, p), 1 - side);
  return [low, high];
}

/** The most of `n` tries that a chance explains at a level: one more is beyond it. */
export function mostOf(n: number, chance: number, level = 0.001): number {
  let most = 0;
  while (binomialAtLeast(most + 1, n, chance) > level) most += 1;
  return most;
}
