import { logGamma, stirlingRest } from "./log-gamma.ts";

const enough = 1e-17;
const halfLogTwoPi = 0.918938533204672741780329736406;

/** ln of x^a e^-x / Gamma(a), without cancellation where a is large and x near it. */
function logFront(a: number, x: number): number {
  if (a < 15) return a * Math.log(x) - x - logGamma(a);
  const off = (x - a) / a;
  return a * (Math.log1p(off) - off) + 0.5 * Math.log(a) - halfLogTwoPi - stirlingRest(a);
}

/** P by its series, for x below a + 1: all terms positive. */
function lowerBySeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < 100_000 && term > sum * enough; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return sum * Math.exp(logFront(a, x));
}

/** ln Q by its continued fraction (Lentz), for x above a + 1. */
function logUpperByFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let i = 1; i < 100_000; i += 1) {
    const step = -i * (i - a);
    b += 2;
    d = 1 / (step * d + b);
    c = b + step / c;
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return logFront(a, x) + Math.log(fraction);
}

/** Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0. */
export function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  return x < a + 1 ? lowerBySeries(a, x) : -Math.expm1(logUpperByFraction(a, x));
}

/** ln of the regularised upper incomplete gamma function Q(a, x), good deep in the tail. */
export function logUpperGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  return x < a + 1 ? Math.log1p(-lowerBySeries(a, x)) : logUpperByFraction(a, x);
}

/** Regularised upper incomplete gamma function Q(a, x). */
export function upperGamma(a: number, x: number): number {
  return Math.exp(logUpperGamma(a, x));
}

/** P(X >= k) for X ~ Poisson(mean). */
export function poissonAtLeast(k: number, mean: number): number {
  return k <= 0 ? 1 : lowerGamma(k, mean);
}
