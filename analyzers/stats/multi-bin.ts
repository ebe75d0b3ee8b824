/** Requests of both arms in one bucket of time by super-bin, ascending in duration. Canary counts may be fractional. */
export interface BinnedBucket {
  readonly canary: readonly number[];
  readonly baseline: readonly number[];
}

function sum(values: readonly number[]): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}

/**
 * Adds the increments of ln E (E4) for every alternative to `into`, in place. An alternative is a row of ln T_k,
 * T_k = canary share / baseline share of super-bin k, non-decreasing in k. With r = n_c / n_b:
 * sum_k x_ck ln T_k + (x_ck + x_bk) ln((r + 1)/(r T_k + 1)). Exact for "the canary is stochastically no slower", whatever
 * the shared distribution does over time: per request and bin, r (A_k - 1) + (B_k - 1) = 0, A_k non-decreasing.
 * Fractional counts from shifting bins stay valid (arithmetic and geometric mean).
 */
export function addMultiBin(
  into: readonly number[][],
  logRatios: readonly (readonly number[])[],
  canaries: readonly (readonly number[])[],
  baseline: readonly number[],
): void {
  const canaryN = sum(canaries[0] ?? []);
  const baselineN = sum(baseline);
  if (canaryN <= 0 || baselineN <= 0) return;
  const share = canaryN / (canaryN + baselineN);
  logRatios.forEach((row, j) => {
    const shrink = row.map((logT) => -Math.log1p(share * Math.expm1(logT)));
    let fromBaseline = 0;
    for (let k = 0; k < shrink.length; k += 1) fromBaseline += (baseline[k] ?? 0) * (shrink[k] ?? 0);
    canaries.forEach((canary, rung) => {
      let increment = fromBaseline;
      for (let k = 0; k < shrink.length; k += 1)
        increment += (canary[k] ?? 0) * ((row[k] ?? 0) + (shrink[k] ?? 0));
      const target = into[rung];
      if (target !== undefined) target[j] = (target[j] ?? 0) + increment;
    });
  });
}

/** ln E of one bucket for one alternative given as ratios. */
export function multiBinLogIncrement(bucket: BinnedBucket, ratios: readonly number[]): number {
  const into = [[0]];
  addMultiBin(into, [ratios.map((ratio) => Math.log(ratio))], [bucket.canary], bucket.baseline);
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
