import type { RateBucket } from "./rate-likelihood.ts";

/** Counts of one tile that showed a bad outcome: its number from the start of evidence, then both arms. */
export type OnsetRow = readonly [
  at: number,
  canaryN: number,
  canaryX: number,
  baselineN: number,
  baselineX: number,
];

/** Rows kept, the newest by number: a harm that began before them is left to the evidence of the whole run. */
export const onsetRowsKept = 60;

/** Adds a bucket as tile `at`; ascending, the oldest beyond the cap dropped. Without a bad outcome it says nothing on a ratio. */
export function withOnsetRow(rows: readonly OnsetRow[], at: number, bucket: RateBucket): readonly OnsetRow[] {
  const { canaryN, canaryX, baselineN, baselineX } = bucket;
  if (canaryX + baselineX <= 0) return rows;
  let place = rows.length;
  while (place > 0 && (rows[place - 1]?.[0] ?? 0) > at) place -= 1;
  const added = rows.toSpliced(place, 0, [at, canaryN, canaryX, baselineN, baselineX]);
  return added.length > onsetRowsKept ? added.slice(added.length - onsetRowsKept) : added;
}

/** Number of tiles after which weights of restarts begin to fall. */
const evenRestarts = 60;

/** Weight of all restarts at tile `at` or later: 1 for tile 0. A single one weighs 60 / ((at + 60)(at + 61)). */
function weightFrom(at: number): number {
  return evenRestarts / (at + evenRestarts);
}

/** What a restart is tested for. */
export interface OnsetQuestion {
  /** Ratio of the canary's share to the baseline's at the edge of the null. */
  readonly limit: number;
  /** Dispersion of bursts: divides the evidence. */
  readonly phi: number;
  readonly beyond: OnsetFactors;
}

/** Ratios beyond the limit that a late harm is looked for at, as factors, in equal parts. */
export interface OnsetFactors {
  readonly factors: readonly number[];
  readonly gains: readonly number[];
}

export function onsetFactors(factors: readonly number[]): OnsetFactors {
  return { factors, gains: factors.map(Math.log) };
}

/** For shares that may grow many times over, such as errors. */
export const rareShareFactors = onsetFactors([1.3, 1.7, 2.2, 3.2, 7, 25]);

/** A term so many nats under the largest adds nothing that a double would show. */
const negligible = 40;

interface KeptIncrement extends OnsetQuestion {
  readonly logE: Float64Array;
}

const kept = new WeakMap<OnsetRow, readonly KeptIncrement[]>();
/** Limits for which the increments of a row are remembered: harm and margin, before and after the instances changed. */
const limitsKept = 4;

/** ln e-values of one row by alternative; rows never change, so each is worked out once. */
function incrementOf(row: OnsetRow, { limit, phi, beyond }: OnsetQuestion): Float64Array {
  const known = kept.get(row) ?? [];
  for (const one of known) {
    if (one.limit === limit && one.phi === phi && one.beyond === beyond) return one.logE;
  }
  const [, canaryN, canaryX, baselineN, baselineX] = row;
  const share = canaryN / (canaryN + baselineN);
  const atLimit = 1 + share * (limit - 1);
  const logE = Float64Array.from(beyond.factors, (factor, j) => {
    const spread = Math.log(atLimit / (1 + share * (limit * factor - 1)));
    return (canaryX * (beyond.gains[j] ?? 0) + (canaryX + baselineX) * spread) / phi;
  });
  kept.set(row, [{ limit, phi, beyond, logE }, ...known.slice(0, limitsKept - 1)]);
  return logE;
}

/** Calls back with the ln e-value of each alternative over a row and all after it, the newest first. The array is reused. */
function eachStart(
  rows: readonly OnsetRow[],
  question: OnsetQuestion,
  visit: (from: number, row: OnsetRow, logE: Float64Array) => void,
): void {
  const logE = new Float64Array(question.beyond.factors.length);
  for (let from = rows.length - 1; from >= 0; from -= 1) {
    const row = rows[from];
    if (row === undefined) return;
    const increment = incrementOf(row, question);
    for (let j = 0; j < logE.length; j += 1) logE[j] = (logE[j] ?? 0) + (increment[j] ?? 0);
    visit(from, row, logE);
  }
}

/**
 * ln of the e-value against "the canary's share is at most `limit` times the baseline's, at every time" for a harm that began
 * at an unknown tile: the mean, with weights fixed by tile number, of exact tests (E1) that each start at one tile.
 * All are martingales under one filtration, so their mean is an e-process and any number of looks is free. Tiles without a
 * bad outcome change no ratio: the weight of restarts there goes to the next row. Dropped restarts count as 0.
 * Source: mixtures over the change time (Shiryaev, Roberts 1966), without their renewal, so that alpha holds for the whole run.
 */
export function logLateOnset(rows: readonly OnsetRow[], question: OnsetQuestion): number {
  let top = 0;
  let total = 0;
  eachStart(rows, question, (from, [at], logE) => {
    const before = rows[from - 1]?.[0] ?? (rows.length < onsetRowsKept ? -1 : at - 1);
    const weight = weightFrom(before + 1) - weightFrom(at + 1);
    for (let j = 0; j < logE.length; j += 1) {
      const value = logE[j] ?? 0;
      if (value > top) {
        total *= Math.exp(top - value);
        top = value;
      }
      if (value > top - negligible) total += weight * Math.exp(value - top);
    }
  });
  return total > 0 ? top + Math.log(total / question.beyond.factors.length) : -Infinity;
}

/** What a suspicion about the newest stretch needs beside the ratio. */
export interface StretchQuestion extends OnsetQuestion {
  /** A stretch in which the canary's share is below this is not suspected; null = none. */
  readonly ceiling: number | null;
  /** ln of the evidence that makes a suspicion. */
  readonly suspicion: number;
}

/**
 * True where some stretch that ends now looks worse than `limit`, taken by itself: not corrected for the choice among
 * stretches, so it is reason to wait, never proof of harm.
 */
export function looksWorseLately(rows: readonly OnsetRow[], question: StretchQuestion): boolean {
  const needed = question.suspicion + Math.log(question.beyond.factors.length);
  let suspected = false;
  let n = 0;
  let x = 0;
  eachStart(rows, question, (_, [, canaryN, canaryX], logE) => {
    n += canaryN;
    x += canaryX;
    if (question.ceiling !== null && x < question.ceiling * n) return;
    for (let j = 0; j < logE.length; j += 1) suspected ||= (logE[j] ?? 0) >= needed;
  });
  return suspected;
}
