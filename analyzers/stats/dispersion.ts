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
 * The same for a single instance, from its blocks alone: counts against its exposure in each. What its load changes beyond exposure
 * counts as bursts too.
 */
export function soloDispersion(blocks: readonly InstanceCount[]): number {
  const { n, x } = totalOf(blocks);
  const degrees = blocks.filter((block) => block.n > 0).length - 1;
  if (degrees <= 0 || x === 0) return 1;
  let pearson = 0;
  for (const block of blocks) {
    const expected = (x * block.n) / n;
    if (expected > 0) pearson += (block.x - expected) ** 2 / expected;
  }
  return Math.max(1, (pearson / degrees) * (1 + Math.sqrt(2 / degrees)));
}

/** Exposure and bad outcomes of one instance. */
export interface InstanceCount {
  readonly n: number;
  readonly x: number;
}

/** Counts expected of an instance below which their spread says nothing. */
const leastExpected = 4;

/** True where every instance, at the share of all, would show enough for their spread to tell. */
export function spreadTells(instances: readonly InstanceCount[]): boolean {
  const { n, x } = totalOf(instances);
  return instances.length > 1 && n > 0 && instances.every((one) => (x * one.n) / n >= leastExpected);
}

function totalOf(instances: readonly InstanceCount[]): InstanceCount {
  return { n: sum(instances.map(({ n }) => n)), x: sum(instances.map(({ x }) => x)) };
}

/**
 * Squared relative spread of the share between instances: what their counts spread beyond phi times Poisson, over the squares
 * of what is expected; never negative. Moment estimate, one true share per instance (DerSimonian and Laird 1986 for relative
 * rates); for equal exposures (sum (x - m)^2 - phi m (G - 1)) / ((G - 1) m^2). 0 for fewer than two instances or no counts.
 */
export function betweenInstanceVariance(instances: readonly InstanceCount[], phi: number): number {
  const { n, x } = totalOf(instances);
  let spread = 0;
  let chance = 0;
  let scale = 0;
  for (const one of instances) {
    const expected = n > 0 ? (x * one.n) / n : 0;
    const rest = 1 - one.n / n;
    spread += (one.x - expected) ** 2;
    chance += phi * expected * rest;
    scale += expected * expected * rest;
  }
  return scale > 0 ? Math.max(0, (spread - chance) / scale) : 0;
}

/** What is believed of a spread before instances were seen: its value, as from so many degrees of freedom. */
export interface SpreadPrior {
  readonly tau0: number;
  readonly degrees: number;
}

/** A spread tau, with the degrees of freedom behind it. */
export interface Spread {
  readonly tau: number;
  readonly degrees: number;
}

/**
 * Spread tau between instances with the degrees of freedom behind it: the moment estimate shrunk towards the prior,
 * sqrt((nu0 tau0^2 + (G - 1) tau^2) / (nu0 + G - 1)). The prior alone where an instance would show fewer than 4.
 */
export function shrunkenSpread(instances: readonly InstanceCount[], phi: number, prior: SpreadPrior): Spread {
  if (!spreadTells(instances)) return { tau: prior.tau0, degrees: prior.degrees };
  return shrunken(prior, betweenInstanceVariance(instances, phi), instances.length);
}

/** The same for a variance that was estimated from so many instances otherwise. */
export function shrunken({ tau0, degrees }: SpreadPrior, variance: number, instances: number): Spread {
  const more = instances - 1;
  return {
    tau: Math.sqrt((degrees * tau0 * tau0 + more * variance) / (degrees + more)),
    degrees: degrees + more,
  };
}
