import { incompleteBeta } from "./incomplete-beta.ts";
import { logBeta } from "./log-gamma.ts";
import { normalQuantile, normalSf } from "./normal.ts";
import { risingRoot } from "./rising-root.ts";

/** Beyond this t^2 leaves the doubles and only the leading power of the tail is left. */
const squaredUpTo = 1e150;

/** P(T > t) for Student's t, relative error about 1e-13; infinite degrees of freedom mean the normal. */
export function studentSf(t: number, degrees: number): number {
  if (degrees === Infinity) return normalSf(t);
  if (t < 0) return 1 - studentSf(-t, degrees);
  const half = degrees / 2;
  if (t > squaredUpTo)
    return 0.5 * Math.exp(half * (Math.log(degrees) - 2 * Math.log(t)) - Math.log(half) - logBeta(half, 0.5));
  const total = degrees + t * t;
  return 0.5 * incompleteBeta(half, 0.5, degrees / total, (t * t) / total);
}

/** ln of the density of Student's t, up to a constant that does not depend on t. */
export function studentLogKernel(t: number, degrees: number): number {
  return degrees === Infinity ? -0.5 * t * t : -0.5 * (degrees + 1) * Math.log1p((t * t) / degrees);
}

/** ln of the density of Student's t. */
export function studentLogDensity(t: number, degrees: number): number {
  const scale =
    degrees === Infinity
      ? -0.5 * Math.log(2 * Math.PI)
      : -logBeta(degrees / 2, 0.5) - 0.5 * Math.log(degrees);
  return scale + studentLogKernel(t, degrees);
}

/** Nearer to 1/2 than this the area from the centre is inverted: the tail has lost the digits of 1/2 - p. */
const centralFrom = 0.2;

/** t with P(T > t) = p: Newton steps inside a bracket, on the area from the centre or on the logarithm of the tail. */
export function studentUpperQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Infinity : p === 1 ? -Infinity : NaN;
  if (p === 0.5) return 0;
  if (p > 0.5) return -studentUpperQuantile(1 - p, degrees);
  const start = -normalQuantile(p);
  if (degrees === Infinity) return start;
  let high = start + 1;
  while (studentSf(high, degrees) > p && high < 1e300) high *= 2;
  const density = (t: number): number => Math.exp(studentLogDensity(t, degrees));
  const central = (t: number) => {
    const total = degrees + t * t;
    const area = 0.5 * incompleteBeta(0.5, degrees / 2, (t * t) / total, degrees / total);
    return { value: area - (0.5 - p), slope: density(t) };
  };
  const tail = (t: number) => {
    const above = studentSf(t, degrees);
    return { value: Math.log(p / above), slope: density(t) / above };
  };
  return risingRoot(p > centralFrom ? central : tail, [0, high], start);
}
