/** A rising function at one point. */
export interface Rise {
  readonly value: number;
  readonly slope: number;
}

/**
 * Root of a rising function in [low, high]: Newton steps, replaced by halving wherever one would leave the bracket, is not
 * half as long as the step before, or the slope says nothing. Answers an end where the function has no root between
 * them. Stops when a step would be below `tolerance` times the size of the root (or 1e-300).
 */
export function risingRoot(
  at: (x: number) => Rise,
  [low, high]: readonly [low: number, high: number],
  start: number,
  tolerance = 4e-16,
): number {
  let from = low;
  let to = high;
  let x = start > low && start < high ? start : (low + high) / 2;
  let before = high - low;
  for (let step = 0; step < 2000; step += 1) {
    const { value, slope } = at(x);
    if (value === 0) return x;
    if (value < 0) from = x;
    else to = x;
    const newton = x - value / slope;
    const move = Math.abs(newton - x);
    if (move <= tolerance * Math.abs(x)) return x;
    const next = newton > from && newton < to && move <= before / 2 ? newton : (from + to) / 2;
    before = Math.abs(next - x);
    if (before <= tolerance * Math.abs(next) + 1e-300) return next;
    x = next;
  }
  return x;
}
