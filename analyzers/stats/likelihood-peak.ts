/** Position of the highest point of a curve on an even grid, refined by a parabola through its neighbours. */
export function likelihoodPeak(curve: readonly number[], grid: readonly number[]): number {
  let top = 0;
  for (let i = 1; i < curve.length; i += 1) if ((curve[i] ?? 0) > (curve[top] ?? 0)) top = i;
  const here = curve[top] ?? 0;
  const before = curve[top - 1];
  const after = curve[top + 1];
  const at = grid[top] ?? 0;
  if (before === undefined || after === undefined) return at;
  const bend = before - 2 * here + after;
  const step = (grid[1] ?? 0) - (grid[0] ?? 0);
  return at + (bend < 0 ? (step * (before - after)) / (2 * bend) : 0);
}
