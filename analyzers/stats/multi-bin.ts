import { logsInPlace, numberBatch } from "./logs-in-place.ts";

/** Requests of both arms in one bucket of time by super-bin, ascending in duration. Canary counts may be fractional. */
export interface BinnedBucket {
  readonly canary: readonly number[];
  readonly baseline: readonly number[];
}

/**
 * Alternatives as stretches of neighbouring bins with one T: most alternatives leave the lower bins as they are, so there are
 * far fewer stretches than bins.
 */
export interface MultiBinTable {
  /** The different T of all alternatives, and their logarithms. */
  readonly ratios: Float64Array;
  readonly logRatios: Float64Array;
  /** Alternative j has the stretches from starts[j] up to starts[j + 1]. */
  readonly starts: Uint16Array;
  /** Last bin of each stretch, and which T it has. */
  readonly ends: Uint16Array;
  readonly places: Uint16Array;
  readonly bins: number;
}

/** Lays out alternatives given as rows of ln T_k, all of one length. */
export function multiBinTable(rows: readonly (readonly number[])[]): MultiBinTable {
  const placeOf = new Map<number, number>();
  const starts = [0];
  const ends: number[] = [];
  const places: number[] = [];
  for (const row of rows) {
    row.forEach((log, k) => {
      if (log === row[k + 1]) return;
      const place = placeOf.get(log) ?? placeOf.size;
      placeOf.set(log, place);
      ends.push(k);
      places.push(place);
    });
    starts.push(ends.length);
  }
  return {
    ratios: Float64Array.from(placeOf.keys(), Math.exp),
    logRatios: Float64Array.from(placeOf.keys()),
    starts: Uint16Array.from(starts),
    ends: Uint16Array.from(ends),
    places: Uint16Array.from(places),
    bins: rows[0]?.length ?? 0,
  };
}

/** Requests of one bucket of time, counted up to and with each bin. */
export interface CumulatedBucket {
  /** Bin after bin, for each row of evidence: the canary may be shifted by another amount in each. */
  readonly canaries: Float64Array;
  readonly baseline: Float64Array;
  readonly canaryN: number;
  readonly baselineN: number;
}

/** Working memory, overwritten by each use. */
let scratch = numberBatch(1024);

/** ln(1 + share (T - 1)) of each different T, in the working memory. */
function grownLogs(ratios: Float64Array, share: number): Float64Array {
  const distinct = ratios.length;
  if (distinct > scratch.values.length) scratch = numberBatch(distinct);
  const { values } = scratch;
  for (let d = 0; d < distinct; d += 1) values[d] = 1 + share * ((ratios[d] ?? 1) - 1);
  logsInPlace(scratch, distinct);
  return values;
}

/** Increments of alternative j, one a row, into `sums`. */
function sumBorders(
  sums: Float64Array,
  table: MultiBinTable,
  { canaries, baseline, canaryN, baselineN }: CumulatedBucket,
  { j, grown }: { readonly j: number; readonly grown: Float64Array },
): void {
  const { logRatios, starts, ends, places } = table;
  const rows = sums.length;
  const first = starts[j] ?? 0;
  const last = (starts[j + 1] ?? 0) - 1;
  let less = 0;
  let gain = 0;
  for (let s = last; s >= first; s -= 1) {
    const place = places[s] ?? 0;
    const lessHere = grown[place] ?? 0;
    const gainHere = (logRatios[place] ?? 0) - lessHere;
    if (s === last) sums.fill(canaryN * gainHere - baselineN * lessHere);
    else {
      const end = ends[s] ?? 0;
      const from = end * rows;
      const change = gainHere - gain;
      const base = (less - lessHere) * (baseline[end] ?? 0);
      for (let row = 0; row < rows; row += 1)
        sums[row] = (sums[row] ?? 0) + base + change * (canaries[from + row] ?? 0);
    }
    gain = gainHere;
    less = lessHere;
  }
}

/**
 * Adds the increments of ln E (E4) for every alternative to the rows of `into`, in place. An alternative is a row of ln T_k,
 * T_k = canary share / baseline share of super-bin k, non-decreasing in k. With r = n_c / n_b:
 * sum_k x_ck ln T_k + (x_ck + x_bk) ln((r + 1)/(r T_k + 1)). Exact for "the canary is stochastically no slower", whatever
 * the shared distribution does over time: per request and bin, r (A_k - 1) + (B_k - 1) = 0, A_k non-decreasing.
 * Fractional counts from shifting bins stay valid (arithmetic and geometric mean). Sums are taken by parts: over the
 * borders of stretches, change of gain times requests below.
 */
export function addMultiBin(into: readonly number[][], table: MultiBinTable, bucket: CumulatedBucket): void {
  const { canaryN, baselineN } = bucket;
  if (canaryN <= 0 || baselineN <= 0) return;
  const grown = grownLogs(table.ratios, canaryN / (canaryN + baselineN));
  const sums = new Float64Array(into.length);
  for (let j = 0; j + 1 < table.starts.length; j += 1) {
    sumBorders(sums, table, bucket, { j, grown });
    for (let row = 0; row < sums.length; row += 1) {
      const target = into[row];
      if (target !== undefined) target[j] = (target[j] ?? 0) + (sums[row] ?? 0);
    }
  }
}

function cumulated(counts: readonly number[]): Float64Array {
  let sum = 0;
  return Float64Array.from(counts, (count) => (sum += count));
}

/** ln E of one bucket for one alternative given as ratios. */
export function multiBinLogIncrement(bucket: BinnedBucket, ratios: readonly number[]): number {
  const into = [[0]];
  const canaries = cumulated(bucket.canary);
  const baseline = cumulated(bucket.baseline);
  addMultiBin(into, multiBinTable([ratios.map(Math.log)]), {
    canaries,
    baseline,
    canaryN: canaries[canaries.length - 1] ?? 0,
    baselineN: baseline[baseline.length - 1] ?? 0,
  });
  return into[0]?.[0] ?? 0;
}

/** Ratios of an alternative over a reference by super-bin, kept in [0.02, 60] and made non-decreasing, as logarithms. */
export function monotoneLogRatios(alternative: readonly number[], reference: readonly number[]): number[] {
  let top = -Infinity;
  return alternative.map((share, k) => {
    const ratio = Math.min(60, Math.max(0.02, share / Math.max(reference[k] ?? 0, 1e-300)));
    top = Math.max(top, Math.log(ratio));
    return top;
  });
}
