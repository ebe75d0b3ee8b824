import { logBeta } from "#analyzers/stats/log-gamma.ts";
import { normalSf } from "#analyzers/stats/normal.ts";
import { studentSf } from "#analyzers/stats/student-t.ts";

/** Mid-ranks of values, doubled so that they are whole. */
function doubledRanks(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const ranks = new Map<number, number>();
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to < sorted.length && sorted[to] === sorted[from]) to += 1;
    ranks.set(sorted[from]!, from + to + 1);
    from = to;
  }
  return values.map((value) => ranks.get(value)!);
}

/** Mann-Whitney U of x over y: pairs in which x is larger, ties as halves. */
function pairsWon(x: readonly number[], y: readonly number[]): number {
  const ranks = doubledRanks([...x, ...y]).slice(0, x.length);
  return ranks.reduce((sum, rank) => sum + rank, 0) / 2 - (x.length * (x.length + 1)) / 2;
}

/** Chances of all splits of the pooled values, ties as mid-ranks, counted by the sum of ranks. */
export function mannWhitneyExact(x: readonly number[], y: readonly number[]) {
  const ranks = doubledRanks([...x, ...y]);
  const n = x.length;
  const top = ranks.reduce((sum, rank) => sum + rank, 0);
  // ways[k][s]: ways to pick k values whose doubled ranks add up to s
  const ways = Array.from({ length: n + 1 }, () => new Float64Array(top + 1));
  ways[0]![0] = 1;
  ranks.forEach((rank, seen) => {
    for (let k = Math.min(n, seen + 1); k >= 1; k -= 1) {
      const from = ways[k - 1]!;
      const to = ways[k]!;
      for (let s = top; s >= rank; s -= 1) to[s]! += from[s - rank]!;
    }
  });
  const observed = ranks.slice(0, n).reduce((sum, rank) => sum + rank, 0);
  let less = 0;
  let greater = 0;
  let total = 0;
  ways[n]!.forEach((count, s) => {
    total += count;
    if (s <= observed) less += count;
    if (s >= observed) greater += count;
  });
  const [pLess, pGreater] = [less / total, greater / total];
  return {
    U: pairsWon(x, y),
    p_greater: pGreater,
    p_less: pLess,
    p_two_sided: Math.min(1, 2 * Math.min(pLess, pGreater)),
  };
}

/** Normal approximation with tie correction, two-sided. */
export function mannWhitneyAsymptotic(x: readonly number[], y: readonly number[], continuity: boolean) {
  const [n, m] = [x.length, y.length];
  const pooled = new Map<number, number>();
  for (const value of [...x, ...y]) pooled.set(value, (pooled.get(value) ?? 0) + 1);
  const total = n + m;
  let ties = 0;
  for (const t of pooled.values()) ties += t ** 3 - t;
  const sd = Math.sqrt(((n * m) / 12) * (total + 1 - ties / (total * (total - 1))));
  const U = pairsWon(x, y);
  const distance = Math.max(U, n * m - U) - (n * m) / 2 - (continuity ? 0.5 : 0);
  const p = sd === 0 ? 1 : 2 * normalSf(distance / sd);
  return { U, p_two_sided: Math.min(1, p) };
}

/** Median of all differences x - y. */
export function hodgesLehmannShift(x: readonly number[], y: readonly number[]): number {
  const differences = Float64Array.from(x.flatMap((a) => y.map((b) => a - b))).sort();
  const half = differences.length >> 1;
  return differences.length % 2 === 1
    ? differences[half]!
    : (differences[half - 1]! + differences[half]!) / 2;
}

/** Mean, standard deviation and size of one sample. */
export interface Moments {
  readonly mean: number;
  readonly sd: number;
  readonly n: number;
}

export function momentsOf(values: readonly number[]): Moments {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (n - 1)), n };
}

/** Welch's t with the degrees of Satterthwaite. */
export function welch(a: Moments, b: Moments) {
  const va = a.sd ** 2 / a.n;
  const vb = b.sd ** 2 / b.n;
  const t = (a.mean - b.mean) / Math.sqrt(va + vb);
  const df = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1));
  return { t, df, p_two_sided: 2 * studentSf(Math.abs(t), df) };
}

/** Largest distance of the two empirical distributions, in whole steps of 1/(n m). */
function ksSteps(x: readonly number[], y: readonly number[]): number {
  const a = [...x].sort((p, q) => p - q);
  const b = [...y].sort((p, q) => p - q);
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i]!, b[j]!);
    while (a[i] === at) i += 1;
    while (b[j] === at) j += 1;
    most = Math.max(most, Math.abs(i * b.length - j * a.length));
  }
  return most;
}

/** Chance that a random lattice path reaches the distance: exact without ties. */
export function ksExact(x: readonly number[], y: readonly number[]) {
  const [n, m] = [x.length, y.length];
  const steps = ksSteps(x, y);
  const hit = new Float64Array(m + 1);
  for (let i = 0; i <= n; i += 1)
    for (let j = 0; j <= m; j += 1) {
      if (Math.abs(i * m - j * n) >= steps) hit[j] = 1;
      else if (i + j > 0) hit[j] = (i * hit[j]! + (j > 0 ? j * hit[j - 1]! : 0)) / (i + j);
    }
  return { D: steps / (n * m), p_two_sided: steps === 0 ? 1 : hit[m]! };
}

function matrixProduct(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  return a.map((row) =>
    Float64Array.from(row, (_, j) => row.reduce((sum, value, k) => sum + value * b[k]![j]!, 0)),
  );
}

/** P(D_n < d) of the one-sample statistic. Source: Marsaglia, Tsang and Wang 2003. */
function kolmogorovCdf(n: number, d: number): number {
  const k = Math.floor(n * d) + 1;
  const size = 2 * k - 1;
  const h = k - n * d;
  const H = Array.from({ length: size }, (_, i) =>
    Float64Array.from({ length: size }, (__, j) => (i - j + 1 < 0 ? 0 : 1)),
  );
  for (let i = 0; i < size; i += 1) {
    H[i]![0]! -= h ** (i + 1);
    H[size - 1]![i]! -= h ** (size - i);
  }
  H[size - 1]![0]! += 2 * h - 1 > 0 ? (2 * h - 1) ** size : 0;
  for (let i = 0; i < size; i += 1)
    for (let j = 0; j < size; j += 1) for (let g = 2; g <= i - j + 1; g += 1) H[i]![j]! /= g;
  let power: Float64Array[] | null = null;
  let base: Float64Array[] = H;
  let [powerScale, baseScale] = [0, 0];
  for (let left = n; left > 0; left >>= 1) {
    if (left % 2 === 1) {
      power = power === null ? base : matrixProduct(power, base);
      powerScale += baseScale;
    }
    base = matrixProduct(base, base);
    baseScale *= 2;
    const middle = Math.log(base[k - 1]![k - 1]!);
    base = base.map((row) => row.map((value) => value * Math.exp(-middle)));
    baseScale += middle;
  }
  let log = Math.log(power![k - 1]![k - 1]!) + powerScale;
  for (let i = 1; i <= n; i += 1) log += Math.log(i / n);
  return Math.exp(log);
}

/** P(D_n^+ >= d). Source: Birnbaum and Tingey 1951. */
function oneSidedTail(n: number, d: number): number {
  let sum = 0;
  for (let j = 0; j <= Math.floor(n * (1 - d)); j += 1) {
    const at = d + j / n;
    const logChoose = -Math.log(n + 1) - logBeta(j + 1, n - j + 1);
    const left = 1 - at <= 0 ? (n === j ? 0 : -Infinity) : (n - j) * Math.log1p(-at);
    sum += Math.exp(logChoose + left + (j - 1) * Math.log(at));
  }
  return d * sum;
}

/** One-sample distribution at the size n m / (n + m), rounded. */
export function ksAsymptotic(x: readonly number[], y: readonly number[]) {
  const D = ksSteps(x, y) / (x.length * y.length);
  const n = Math.max(1, Math.round((x.length * y.length) / (x.length + y.length)));
  // Far out both sides cannot be reached at once, so twice one side is exact to rounding.
  const far = n * D * D > 9 || D >= 0.5;
  const p = D <= 0 ? 1 : D >= 1 ? 0 : far ? 2 * oneSidedTail(n, D) : 1 - kolmogorovCdf(n, D);
  return { D, p_two_sided: Math.min(1, Math.max(0, p)) };
}

/** ln of the hypergeometric chance of `a` in the first cell, given the margins. */
function logHypergeometric(a: number, row: number, column: number, total: number): number {
  const logChoose = (n: number, k: number): number => -Math.log(n + 1) - logBeta(k + 1, n - k + 1);
  return logChoose(row, a) + logChoose(total - row, column - a) - logChoose(total, column);
}

/** Fisher's exact test; two-sided adds every table that is no likelier. */
export function fisherExact(table: readonly (readonly number[])[]) {
  const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = table;
  const [row, column, total] = [a + b, a + c, a + b + c + d];
  const observed = logHypergeometric(a, row, column, total);
  let [twoSided, greater] = [0, 0];
  for (let k = Math.max(0, column - (total - row)); k <= Math.min(row, column); k += 1) {
    const log = logHypergeometric(k, row, column, total);
    if (log <= observed + 1e-11) twoSided += Math.exp(log);
    if (k >= a) greater += Math.exp(log);
  }
  return { p_two_sided: Math.min(1, twoSided), p_greater: Math.min(1, greater) };
}

/** Indices, ascending, that the step-up procedure rejects at false discovery rate q. */
export function benjaminiHochberg(p: readonly number[], q: number): number[] {
  const order = [...p.entries()].sort(([, a], [, b]) => a - b);
  let rejected = 0;
  order.forEach(([, value], at) => {
    if (value <= ((at + 1) * q) / p.length) rejected = at + 1;
  });
  return order
    .slice(0, rejected)
    .map(([i]) => i)
    .sort((a, b) => a - b);
}

/** Indices, ascending, that the step-down procedure rejects with family-wise error alpha. */
export function holm(p: readonly number[], alpha: number): number[] {
  const order = [...p.entries()].sort(([, a], [, b]) => a - b);
  const stop = order.findIndex(([, value], at) => value > alpha / (p.length - at));
  return order
    .slice(0, stop === -1 ? p.length : stop)
    .map(([i]) => i)
    .sort((a, b) => a - b);
}
