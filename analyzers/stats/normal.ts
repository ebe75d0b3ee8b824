const sqrtTwo = Math.SQRT2;
const sqrtPi = Math.sqrt(Math.PI);
const halfLogTwoPi = 0.918938533204672741780329736406;
const seriesUpTo = 2;

/** erf by its series x e^(-x^2) sum (2x)^(2n) n!/(2n+1)!: all terms positive, no cancellation. */
function erfSeries(x: number): number {
  const square = x * x;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 200 && term > sum * 1e-17; n += 1) {
    term *= (2 * square) / (2 * n + 1);
    sum += term;
  }
  return ((2 * x) / sqrtPi) * Math.exp(-square) * sum;
}

/** e^(x^2) erfc(x) for x >= 2 by the continued fraction of Laplace, evaluated backwards. */
function scaledTail(x: number): number {
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
  if (x < seriesUpTo) return x < -seriesUpTo ? 2 - erfc(-x) : 1 - erfSeries(x);
  return gaussian(x) * scaledTail(x);
}

/** P(Z <= z). */
export function normalCdf(z: number): number {
  return z < 0 && z > -sqrtTwo * seriesUpTo ? 0.5 - normalCore(-z) : 0.5 * erfc(-z / sqrtTwo);
}

/** P(0 < Z < z) for small z. */
function normalCore(z: number): number {
  return 0.5 * erfSeries(z / sqrtTwo);
}

/** P(Z > z). */
export function normalSf(z: number): number {
  return normalCdf(-z);
}

/** ln P(Z <= z), good where P itself would underflow. */
export function normalLogCdf(z: number): number {
  if (z > 0) return Math.log1p(-normalSf(z));
  if (z > -sqrtTwo * seriesUpTo) return Math.log(normalCdf(z));
  const x = -z / sqrtTwo;
  return (-z * z) / 2 + Math.log(scaledTail(x) / 2);
}

/** ln P(Z > z). */
export function normalLogSf(z: number): number {
  return normalLogCdf(-z);
}

/** Density of the standard normal. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z - halfLogTwoPi);
}

/**
 * z with P(Z <= z) = p. Starts from the tail expansion (Abramowitz and Stegun 26.2.23) and polishes in logarithms by
 * Halley steps, so that p near 1e-300 is as good as p near 1/2.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let z = -(
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  );
  const target = Math.log(p);
  for (let step = 0; step < 6; step += 1) {
    const logCdf = normalLogCdf(z);
    const slope = Math.exp(-0.5 * z * z - halfLogTwoPi - logCdf);
    const off = (logCdf - target) / slope;
    const curvature = -z - slope;
    const move = off / (1 - 0.5 * off * curvature);
    z -= move;
    if (Math.abs(move) <= 1e-15 * Math.abs(z)) break;
  }
  return z;
}
