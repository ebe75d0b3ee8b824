import { binomialAtLeast } from "./incomplete-beta.ts";

/** What the canary showed: x of the k bad outcomes of both arms. May be fractional (counts over a dispersion). */
export interface DeadlineCounts {
  readonly x: number;
  readonly k: number;
}

/** Null prior mass below which a grid point is left out. */
const negligible = 1e-14;

/**
 * Upper bound on the chance of at least x bad canary outcomes under a random-effects null, given each bucket's total: the
 * mean over the null of P(Binomial(k, q) >= x), where k q is the expected number over all buckets, read from the slope of
 * the likelihood in the log ratio (x - k q). Hoeffding 1956: above its mean, the tail of a sum over buckets with unequal
 * splits is at most this binomial tail; below it the chance is taken as 1.
 */
export function deadlineChance(
  likelihood: readonly number[],
  logRatios: readonly number[],
  logNull: readonly number[],
  { x, k }: DeadlineCounts,
): number {
  if (k <= 0) return 1;
  const last = likelihood.length - 1;
  let chance = 0;
  for (let i = 0; i <= last; i += 1) {
    const prior = Math.exp(logNull[i] ?? -Infinity);
    if (prior < negligible) continue;
    const from = Math.max(0, i - 1);
    const to = Math.min(last, i + 1);
    const run = (logRatios[to] ?? 0) - (logRatios[from] ?? 0);
    const rise = (likelihood[to] ?? 0) - (likelihood[from] ?? 0);
    const mean = run > 1e-9 ? Math.min(k, Math.max(0, x - rise / run)) : k;
    chance += prior * (x <= mean + 1 ? 1 : binomialAtLeast(x, k, mean / k));
  }
  return Math.min(1, chance);
}
