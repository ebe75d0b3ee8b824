import { erfc, errorSeries, errorSeriesUpTo, scaledErrorTail } from "./error-function.ts";
import { risingRoot } from "./rising-root.ts";

const halfLogTwoPi = 0.918938533204672741780329736406;
const centreUpTo = Math.SQRT2 * errorSeriesUpTo;

/** P(0 < Z < z) for small z, of either sign. */
function normalCore(z: number): number {
  return 0.5 * errorSeries(z / Math.SQRT2);
}

/** P(Z <= z). */
export function normalCdf(z: number): number {
  return z < 0 && z > -centreUpTo ? 0.5 + normalCore(z) : 0.5 * erfc(-z / Math.SQRT2);
}

/** P(Z > z). */
export function normalSf(z: number): number {
  return normalCdf(-z);
}

/** ln P(Z <= z), good where P itself would underflow. */
export function normalLogCdf(z: number): number {
  if (z > 0) return Math.log1p(-normalSf(z));
  if (z > -centreUpTo) return Math.log(normalCdf(z));
  if (z === -Infinity) return -Infinity;
  return (-z * z) / 2 + Math.log(scaledErrorTail(-z / Math.SQRT2) / 2);
}

/** ln P(Z > z). */
export function normalLogSf(z: number): number {
  return normalLogCdf(-z);
}

/** Density of the standard normal. */
export function normalDensity(z: number): number {
  return Math.exp(-0.5 * z * z - halfLogTwoPi);
}

/** Where the quantile is looked for from the centre out: there p itself has lost the digits that p - 1/2 still has. */
const centralFrom = 0.1;

/**
 * z with P(Z <= z) = p. Near 1/2 the area from the centre is inverted; outside, the tail expansion (Abramowitz and
 * Stegun 26.2.23) is polished in logarithms by Halley steps, so that p near 1e-300 is as good as p near 1/2.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0) return -Infinity;
  if (p === 1) return Infinity;
  if (p > centralFrom && p < 1 - centralFrom) {
    const area = p - 0.5;
    const rise = (z: number) => ({ value: normalCore(z) - area, slope: normalDensity(z) });
    return risingRoot(rise, [-1.3, 1.3], area * Math.sqrt(2 * Math.PI));
  }
  if (p > 0.5) return -normalQuantile(1 - p);
  const target = Math.log(p);
  const t = Math.sqrt(-2 * target);
  let z = -(
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  );
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
