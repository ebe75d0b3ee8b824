import type { Histogram } from "#model/histogram.ts";
import type { Random } from "#test/support/random.ts";
import {
  aliasTable,
  bins,
  binShares,
  binWidth,
  drawBin,
  firstBin,
  type AliasTable,
  type Slowness,
} from "./duration-shape.ts";

const tables = new Map<string, AliasTable>();

/** Tables of worlds without noise recur in every replicate; those of noisy minutes do not. */
export function tableOf(slowness: Slowness, shift: number, recurs: boolean): AliasTable {
  if (!recurs) return aliasTable(binShares(slowness, shift));
  const key = `${JSON.stringify(slowness)} ${shift}`;
  const known = tables.get(key) ?? aliasTable(binShares(slowness, shift));
  tables.set(key, known);
  return known;
}

const into = new Int32Array(bins);

/** The durations of n requests, one drawn after the other. */
export function drawHistogram(table: AliasTable, n: number, random: Random): Histogram {
  into.fill(0);
  let first = bins;
  let last = 0;
  for (let i = 0; i < n; i += 1) {
    const bin = drawBin(table, random.next());
    into[bin] = into[bin]! + 1;
    if (bin < first) first = bin;
    if (bin > last) last = bin;
  }
  const counts = Array.from(into.subarray(first, last + 1));
  const middle = (bin: number): number => Math.exp((firstBin + first + bin + 0.5) * binWidth);
  return {
    layout: "exponential",
    unit: "s",
    scale: 4,
    zeroCount: 0,
    offset: firstBin + first,
    counts,
    sum: counts.reduce((sum, count, i) => sum + count * middle(i), 0),
  };
}
