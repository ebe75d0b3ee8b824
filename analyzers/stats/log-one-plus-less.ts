/** Where the series converges fast; beyond it nothing cancels that matters. */
const seriesBelow = 0.5;

/**
 * ln(1 + u) - u for u > -1, good to rounding near 0 where the difference would cancel. With t = u / (2 + u) it is
 * -u t + 2 (t^3/3 + t^5/5 + ...). It is the exponent of a density seen from its centre, so large parameters need it.
 * Give 1 + u as it is known: near u = -1 the sum has lost its digits.
 */
export function logOnePlusLess(u: number, onePlus = 1 + u): number {
  if (Math.abs(u) > seriesBelow) return Math.log(onePlus) - u;
  const t = u / (2 + u);
  const square = t * t;
  let power = t * square;
  let sum = 0;
  for (let k = 3; k < 60; k += 2) {
    const term = power / k;
    sum += term;
    if (Math.abs(term) <= 1e-17 * Math.abs(sum)) break;
    power *= square;
  }
  return 2 * sum - u * t;
}
