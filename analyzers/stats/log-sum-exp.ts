/** ln(e^a + e^b) without overflow. */
export function logAddExp(a: number, b: number): number {
  if (a === -Infinity) return b;
  if (b === -Infinity) return a;
  return Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b)));
}

/** ln sum exp(values). */
export function logSumExp(values: ArrayLike<number>): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i += 1) top = Math.max(top, values[i] ?? -Infinity);
  if (top === -Infinity || top === Infinity) return top;
  let sum = 0;
  for (let i = 0; i < values.length; i += 1) sum += Math.exp((values[i] ?? -Infinity) - top);
  return top + Math.log(sum);
}

/** ln sum exp(a + b), term by term; the two have one length. */
export function logSumExpOfSums(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let top = -Infinity;
  for (let i = 0; i < a.length; i += 1) top = Math.max(top, (a[i] ?? 0) + (b[i] ?? -Infinity));
  if (top === -Infinity) return top;
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += Math.exp((a[i] ?? 0) + (b[i] ?? -Infinity) - top);
  return top + Math.log(sum);
}

/** ln of the weighted mean of e-values given as logarithms. The weighted mean of e-processes is one, whatever their dependence. */
export function logWeightedMean(logs: readonly number[], weights: readonly number[]): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return logSumExp(logs.map((value, i) => value + Math.log((weights[i] ?? 0) / total)));
}
