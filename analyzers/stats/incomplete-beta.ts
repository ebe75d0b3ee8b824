import { logBeta, stirlingRest, stirlingSeriesFrom } from "./log-gamma.ts";
import { logOnePlusLess } from "./log-one-plus-less.ts";
import { risingRoot } from "./rising-root.ts";

const tiny = 1e-300;
const halfLogTwoPi = 0.918938533204672741780329736406;

/** A point of the unit interval with its complement: near 1 only the complement still has digits. */
interface Split {
  readonly x: number;
  readonly y: number;
}

/** ln of x^a y^b / B(a, b): from its centre where both parameters are large, so that nothing cancels. */
function logFront(a: number, b: number, { x, y }: Split): number {
  if (Math.min(a, b) < stirlingSeriesFrom) {
    const fromX = y < 0.5 ? Math.log1p(-y) : Math.log(x);
    const fromY = x < 0.5 ? Math.log1p(-x) : Math.log(y);
    return a * fromX + b * fromY - logBeta(a, b);
  }
  const off = x * b - y * a;
  return (
    a * logOnePlusLess(off / a, x * (1 + b / a)) +
    b * logOnePlusLess(-off / b, y * (1 + a / b)) +
    0.5 * (Math.log(a) - Math.log1p(a / b)) -
    halfLogTwoPi +
    stirlingRest(a + b) -
    stirlingRest(a) -
    stirlingRest(b)
  );
}

/**
 * I_x(a, b) over x^a y^b / B(a, b), as a continued fraction by Lentz's method; for x below the mean. Its terms hold the
 * distance from the mean, a y - b x, as one number, so huge parameters lose nothing. Source: DiDonato and Morris 1992
 * (ACM TOMS 708), eq. 9.
 */
function betaFraction(a: number, b: number, { x, y }: Split): number {
  const limit = 200 + 12 * Math.ceil(Math.sqrt(Math.max(a, b)));
  const distance = a * y - b * x;
  let fraction = (a / (a + 1)) * (distance + 1);
  if (Math.abs(fraction) < tiny) fraction = tiny;
  let c = fraction;
  let d = 0;
  for (let n = 1; n <= limit; n += 1) {
    const mid = a + 2 * n - 1;
    const numerator = (((a + n - 1) * (a + b + n - 1)) / (mid * mid)) * n * (b - n) * x * x;
    const denominator = n + (n * (b - n) * x) / mid + ((a + n) / (mid + 2)) * (distance + 1 + n * (1 + y));
    d = denominator + numerator * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = denominator + numerator / c;
    if (Math.abs(c) < tiny) c = tiny;
    const change = c * d;
    fraction *= change;
    if (Math.abs(change - 1) < 1e-16) break;
  }
  return 1 / fraction;
}

/** Steps after which a series that falls by a factor x a step has to be done. */
const seriesUpTo = 0.999;

/** ln I_x(a, b) for b < 1 by the power series in x: all terms positive, so a small result keeps its digits. */
function logBySeries(a: number, b: number, at: Split): number {
  let term = 1;
  let sum = 1 / a;
  for (let n = 1; n < 1e6 && term > sum * 1e-18; n += 1) {
    term *= ((n - b) / n) * at.x;
    sum += term / (a + n);
  }
  return logFront(a, b, at) - b * Math.log(at.y) + Math.log(sum);
}

function logBelowMean(a: number, b: number, at: Split): number {
  return logFront(a, b, at) + Math.log(betaFraction(a, b, at));
}

/**
 * ln of the regularised incomplete beta function I_x(a, b), a, b > 0, x in [0, 1]; relative error of I about 1e-12, deep in the
 * lower tail too. Where x is closer to 1 than to 0, give the complement 1 - x as it is known, or its digits are lost.
 */
export function logIncompleteBeta(a: number, b: number, x: number, complement = 1 - x): number {
  if (Number.isNaN(a + b + x)) return NaN;
  if (x <= 0) return -Infinity;
  if (complement <= 0) return 0;
  const at = { x, y: complement };
  if (x <= (a + 1) / (a + b + 2)) return logBelowMean(a, b, at);
  if (b < 1 && x < seriesUpTo) return logBySeries(a, b, at);
  return Math.log1p(-Math.exp(logBelowMean(b, a, { x: complement, y: x })));
}

/** Regularised incomplete beta function I_x(a, b). */
export function incompleteBeta(a: number, b: number, x: number, complement = 1 - x): number {
  return Math.exp(logIncompleteBeta(a, b, x, complement));
}

/** P(X >= k) for X ~ Binomial(n, p); k and n may be fractional (counts divided by a dispersion). */
export function binomialAtLeast(k: number, n: number, p: number): number {
  if (k <= 0) return 1;
  if (k > n) return 0;
  return incompleteBeta(k, n - k + 1, p);
}

/** Beyond these log odds a share is a double no longer. */
const farthestLogOdds = 740;

/** x with I_x(a, b) = p: a quantile of the beta distribution, and the limits of exact binomial intervals. */
export function inverseIncompleteBeta(a: number, b: number, p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p;
  const mirrored = p > 0.5;
  const target = Math.log(mirrored ? 1 - p : p);
  const rise = (logOdds: number) => {
    const at = { x: 1 / (1 + Math.exp(-logOdds)), y: 1 / (1 + Math.exp(logOdds)) };
    const front = logFront(a, b, at);
    const log = mirrored ? logIncompleteBeta(b, a, at.y, at.x) : logIncompleteBeta(a, b, at.x, at.y);
    const slope = Math.exp(front - log);
    return mirrored ? { value: target - log, slope } : { value: log - target, slope };
  };
  const logOdds = risingRoot(rise, [-farthestLogOdds, farthestLogOdds], Math.log(a / b));
  return 1 / (1 + Math.exp(-logOdds));
}
