import { logBeta } from "./log-gamma.ts";

const tiny = 1e-300;

/** Continued fraction of the incomplete beta function by Lentz's method (DLMF 8.17.22). */
function betaFraction(a: number, b: number, x: number): number {
  const limit = 200 + 12 * Math.ceil(Math.sqrt(Math.max(a, b)));
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let fraction = d;
  for (let m = 1; m <= limit; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    let change = 1;
    for (const step of [even, odd]) {
      d = 1 + step * d;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      c = 1 + step / c;
      if (Math.abs(c) < tiny) c = tiny;
      change = d * c;
      fraction *= change;
    }
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return fraction;
}

/** ln I_x(a, b) where the fraction converges fast: x below the mean. */
function logBelowMean(a: number, b: number, x: number): number {
  return a * Math.log(x) + b * Math.log1p(-x) - Math.log(a) - logBeta(a, b) + Math.log(betaFraction(a, b, x));
}

/** ln of the regularised incomplete beta function I_x(a, b), a, b > 0, x in [0, 1]; good deep in the lower tail. */
export function logIncompleteBeta(a: number, b: number, x: number): number {
  if (x <= 0) return -Infinity;
  if (x >= 1) return 0;
  if (x <= (a + 1) / (a + b + 2)) return logBelowMean(a, b, x);
  return Math.log1p(-Math.exp(logBelowMean(b, a, 1 - x)));
}

/** Regularised incomplete beta function I_x(a, b). */
export function incompleteBeta(a: number, b: number, x: number): number {
  return Math.exp(logIncompleteBeta(a, b, x));
}

/** P(X >= k) for X ~ Binomial(n, p); k and n may be fractional (counts divided by a dispersion). */
export function binomialAtLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n) return 0;
  return incompleteBeta(k, n - k + 1, p);
}
