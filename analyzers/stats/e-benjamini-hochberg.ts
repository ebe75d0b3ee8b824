/**
 * Indices, ascending, that e-BH names at false discovery rate `rate`: the k largest weighted e-values m w_i E_i, for the
 * largest k at which the k-th reaches m / (k rate). Valid under any dependence, for e-values taken at one stopping time; running
 * maxima would break it. Weights add up to 1; without them all are equal. Source: Wang and Ramdas 2022.
 */
export function eBenjaminiHochberg(
  logE: readonly number[],
  rate: number,
  weights?: readonly number[],
): readonly number[] {
  const m = logE.length;
  const weighted = logE.map((log, i) => log + (weights === undefined ? 0 : Math.log(m * (weights[i] ?? 0))));
  const order = weighted.map((log, i) => ({ log, i })).sort((a, b) => b.log - a.log);
  let named = 0;
  order.forEach(({ log }, at) => {
    const k = at + 1;
    // One rounding of slack: a value exactly at its threshold counts.
    if (log >= Math.log(m / (k * rate)) - 1e-12) named = k;
  });
  return order
    .slice(0, named)
    .map(({ i }) => i)
    .sort((a, b) => a - b);
}
