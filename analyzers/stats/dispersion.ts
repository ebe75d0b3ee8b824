/** Counts of one baseline instance by block of time, all instances over the same blocks. */
export type CountRow = readonly number[];

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/** Sum of (y - m)^2 / m over G counts of equal exposure, over G - 1; 1 where all are zero or there is only one. */
export function equalExposureDispersion(counts: readonly number[]): number {
  const mean = sum(counts) / counts.length;
  if (counts.length < 2 || mean === 0) return 1;
  return sum(counts.map((y) => (y - mean) ** 2)) / mean / (counts.length - 1);
}

/**
 * Dispersion phi by which bursts (retries, one bad minute) inflate counts beyond Poisson, from the baseline's table of
 * instance x block: Pearson's statistic around row * column / total over its degrees of freedom, times
 * 1 + sqrt(2 / df) against luck, never below 1. Row and column effects (instances, load) are taken out. Log-likelihoods are
 * divided by it. A table without two rows, two columns and one count says nothing: 1.
 */
export function burstDispersion(table: readonly CountRow[]): number {
  const rows = table.map(sum);
  const blocks = table[0]?.length ?? 0;
  const columns = Array.from({ length: blocks }, (_, t) => sum(table.map((row) => row[t] ?? 0)));
  const total = sum(rows);
  const degrees = (rows.length - 1) * (blocks - 1);
  if (degrees <= 0 || total === 0) return 1;
  let pearson = 0;
  table.forEach((row, g) => {
    columns.forEach((column, t) => {
      const expected = ((rows[g] ?? 0) * column) / total;
      if (expected > 0) pearson += ((row[t] ?? 0) - expected) ** 2 / expected;
    });
  });
  return Math.max(1, (pearson / degrees) * (1 + Math.sqrt(2 / degrees)));
}

/**
 * Squared relative spread between instances, from their counts over equal exposure: what their variance has beyond phi
 * times Poisson, over the squared mean; never negative. Moment estimate; 0 for fewer than two instances or no counts.
 */
export function betweenInstanceVariance(counts: readonly number[], phi: number): number {
  const groups = counts.length;
  const mean = sum(counts) / groups;
  if (groups < 2 || mean === 0) return 0;
  const squares = sum(counts.map((y) => (y - mean) ** 2));
  return Math.max(0, (squares - phi * mean * (groups - 1)) / ((groups - 1) * mean * mean));
}

/** What is believed of a spread before instances were seen: its value, as from so many degrees of freedom. */
export interface SpreadPrior {
  readonly tau0: number;
  readonly degrees: number;
}

/** Counts per instance below which their spread says nothing. */
const leastMean = 4;

/**
 * Spread tau between instances with the degrees of freedom behind it: the moment estimate shrunk towards the prior,
 * sqrt((nu0 tau0^2 + (G - 1) tau^2) / (nu0 + G - 1)). The prior alone where instances have fewer than 4 counts each.
 */
export function shrunkenSpread(
  counts: readonly number[],
  phi: number,
  { tau0, degrees }: SpreadPrior,
): { readonly tau: number; readonly degrees: number } {
  const more = counts.length - 1;
  if (more < 1 || sum(counts) < leastMean * counts.length) return { tau: tau0, degrees };
  const seen = betweenInstanceVariance(counts, phi);
  return {
    tau: Math.sqrt((degrees * tau0 * tau0 + more * seen) / (degrees + more)),
    degrees: degrees + more,
  };
}
