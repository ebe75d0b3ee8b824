import { incompleteBeta } from "./incomplete-beta.ts";
import { logGamma } from "./log-gamma.ts";
import { normalQuantile, normalSf } from "./normal.ts";

/** P(T > t) for Student's t; infinite degrees of freedom mean the normal. */
export function studentSf(t: number, degrees: number): number {
  if (degrees === Infinity) return normalSf(t);
  const tail = 0.5 * incompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t));
  return t >= 0 ? tail : 1 - tail;
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
      : logGamma((degrees + 1) / 2) - logGamma(degrees / 2) - 0.5 * Math.log(degrees * Math.PI);
  return scale + studentLogKernel(t, degrees);
}

/** t with P(T > t) = p, by Newton steps on the logarithm of the tail inside a bracket. */
export function studentUpperQuantile(p: number, degrees: number): number {
  if (!(p > 0 && p < 1)) return p === 0 ? Infinity : p === 1 ? -Infinity : NaN;
  if (p > 0.5) return -studentUpperQuantile(1 - p, degrees);
  if (p === 0.5) return 0;
  const start = -normalQuantile(p);
  if (degrees === Infinity) return start;
  let low = 0;
  let high = start + 1;
  while (studentSf(high, degrees) > p) high *= 2;
  let t = start;
  for (let step = 0; step < 200; step += 1) {
    const tail = studentSf(t, degrees);
    if (tail > p) low = t;
    else high = t;
    const move = (tail * Math.log(tail / p)) / Math.exp(studentLogDensity(t, degrees));
    const next = t + move > low && t + move < high ? t + move : (low + high) / 2;
    if (Math.abs(next - t) <= 4e-16 * Math.abs(next)) return next;
    t = next;
  }
  return t;
}
