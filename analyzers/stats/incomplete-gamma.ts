import { logGamma, logGammaOnePlus, stirlingRest, stirlingSeriesFrom } from "./log-gamma.ts";
import { logOnePlusLess } from "./log-one-plus-less.ts";
import { risingRoot } from "./rising-root.ts";

const enough = 1e-17;
const halfLogTwoPi = 0.918938533204672741780329736406;

/** ln of x^a e^-x / Gamma(a), without cancellation where a is large and x near it. */
function logFront(a: number, x: number): number {
  if (a < stirlingSeriesFrom) return a * Math.log(x) - x - logGamma(a);
  return a * logOnePlusLess((x - a) / a, x / a) + 0.5 * Math.log(a) - halfLogTwoPi - stirlingRest(a);
}

/** More terms than any argument needs that a double can tell from the normal limit. */
function termsFor(a: number): number {
  return 2000 + 20 * Math.ceil(Math.sqrt(a));
}

/** ln P by its series, for x below a + 1: all terms positive. */
function logLowerBySeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1, limit = termsFor(a); n < limit && term > sum * enough; n += 1) {
    term *= x / (a + n);
    sum += term;
  }
  return logFront(a, x) + Math.log(sum);
}

/** ln Q by its continued fraction (Lentz), for x above a + 1. */
function logUpperByFraction(a: number, x: number): number {
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let i = 1, limit = termsFor(a); i < limit; i += 1) {
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

/** Below these Q is small while P is nearly 1, so Q is worked out by itself. */
const smallA = 0.5;
const smallX = 1.5;

/** Q for small a and x: 1 - x^a / Gamma(1 + a) [1 + a sum_(n>=1) (-x)^n / ((a + n) n!)], the leading 1 cancelled by hand. */
function upperForSmall(a: number, x: number): number {
  const logLead = a * Math.log(x) - logGammaOnePlus(a);
  let power = 1;
  let sum = 0;
  for (let n = 1; n < 60; n += 1) {
    power *= -x / n;
    const term = power / (a + n);
    sum += term;
    if (Math.abs(term) < enough * Math.abs(sum)) break;
  }
  return -Math.expm1(logLead) - a * sum * Math.exp(logLead);
}

/** ln of the regularised lower incomplete gamma function, good deep in the tail. */
export function logLowerGamma(a: number, x: number): number {
  if (Number.isNaN(a + x)) return NaN;
  if (x <= 0) return -Infinity;
  if (x === Infinity) return 0;
  return x < a + 1 ? logLowerBySeries(a, x) : Math.log1p(-Math.exp(logUpperByFraction(a, x)));
}

/** Regularised lower incomplete gamma function P(a, x), a > 0, x >= 0. Relative error about 1e-13. */
export function lowerGamma(a: number, x: number): number {
  return x < a + 1 ? Math.exp(logLowerGamma(a, x)) : 1 - upperGamma(a, x);
}

/** ln of the regularised upper incomplete gamma function Q(a, x), good deep in the tail. */
export function logUpperGamma(a: number, x: number): number {
  if (Number.isNaN(a + x)) return NaN;
  if (x <= 0) return 0;
  if (x === Infinity) return -Infinity;
  if (a < smallA && x < smallX) return Math.log(upperForSmall(a, x));
  return x < a + 1 ? Math.log1p(-Math.exp(logLowerBySeries(a, x))) : logUpperByFraction(a, x);
}

/** Regularised upper incomplete gamma function Q(a, x). Relative error about 1e-13. */
export function upperGamma(a: number, x: number): number {
  return Math.exp(logUpperGamma(a, x));
}

/** P(X >= k) for X ~ Poisson(mean). */
export function poissonAtLeast(k: number, mean: number): number {
  return k <= 0 ? 1 : lowerGamma(k, mean);
}

/** Logarithms between which the answer of an inverse lies. */
const logRange = [-745, 709] as const;

/** x with P(a, x) = p: a quantile of the gamma distribution with shape a and scale 1. */
export function inverseLowerGamma(a: number, p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0) return 0;
  if (p === 1) return Infinity;
  if (p > 0.5) return inverseUpperGamma(a, 1 - p);
  const target = Math.log(p);
  const rise = (logX: number) => {
    const x = Math.exp(logX);
    const log = logLowerGamma(a, x);
    return { value: log - target, slope: Math.exp(logFront(a, x) - log) };
  };
  return Math.exp(risingRoot(rise, logRange, Math.log(a)));
}

/** x with Q(a, x) = q; keeps its digits for q far in the tail. */
export function inverseUpperGamma(a: number, q: number): number {
  if (!(q >= 0 && q <= 1)) return NaN;
  if (q === 0) return Infinity;
  if (q === 1) return 0;
  if (q > 0.5) return inverseLowerGamma(a, 1 - q);
  const target = Math.log(q);
  const rise = (logX: number) => {
    const x = Math.exp(logX);
    const log = logUpperGamma(a, x);
    return { value: target - log, slope: Math.exp(logFront(a, x) - log) };
  };
  return Math.exp(risingRoot(rise, logRange, Math.log(a + 1)));
}
