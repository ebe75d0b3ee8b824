const sqrtPi = Math.sqrt(Math.PI);

/** Up to here the series is used, beyond it the continued fraction. */
export const errorSeriesUpTo = 2;

/** erf by its series x e^(-x^2) sum (2 x^2)^n / (1 3 5 ... (2n+1)): all terms positive, no cancellation. */
export function errorSeries(x: number): number {
  const square = x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 200 && term > sum * 1e-17; n += 1) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return ((2 * x) / sqrtPi) * Math.exp(-square) * sum;
}

/** e^(x^2) erfc(x) for x >= 2 by the continued fraction of Laplace (DLMF 7.9.1), evaluated backwards. */
export function scaledErrorTail(x: number): number {
  const depth = Math.ceil(20 + 220 / (x * x));
  let fraction = 0;
  for (let k = depth; k >= 1; k -= 1) fraction = k / 2 / (x + fraction);
  return 1 / ((x + fraction) * sqrtPi);
}

/** e^(-x^2) with the rounding of the square carried along, so that far tails keep their relative precision. */
function gaussian(x: number): number {
  const coarse = Math.round(x * 16) / 16;
  const rest = (x - coarse) * (x + coarse);
  return Math.exp(-coarse * coarse) * Math.exp(-rest);
}

/** Complementary error function, relative error about 1e-14 down to the smallest doubles. */
export function erfc(x: number): number {
  if (x < errorSeriesUpTo) return x < -errorSeriesUpTo ? 2 - erfc(-x) : 1 - errorSeries(x);
  return x === Infinity ? 0 : gaussian(x) * scaledErrorTail(x);
}
