import { logIncompleteBeta } from "#analyzers/stats/incomplete-beta.ts";
import { logLowerGamma, logUpperGamma } from "#analyzers/stats/incomplete-gamma.ts";
import { logBeta, logGamma } from "#analyzers/stats/log-gamma.ts";
import { normalLogCdf } from "#analyzers/stats/normal.ts";

/**
 * Time-uniform boundaries of Howard, Ramdas, McAuliffe and Sekhon 2021 and of Howard and Ramdas 2022, from their formulas.
 * The product shows intervals of its own kind; these are the yardstick.
 */

/** What a mixture is tuned for: the intrinsic time and level at which it is tightest. */
export interface Tuning {
  readonly vOpt: number;
  readonly alphaOpt: number;
}

export function rhoTwoSided({ vOpt, alphaOpt }: Tuning): number {
  const log = 2 * Math.log(1 / alphaOpt);
  return vOpt / (log + Math.log1p(log));
}

export function rhoOneSided({ vOpt, alphaOpt }: Tuning): number {
  return rhoTwoSided({ vOpt, alphaOpt: 2 * alphaOpt });
}

/** Root of a falling or rising function by halving. */
export function halvedRoot(f: (x: number) => number, low: number, high: number): number {
  const risesFrom = f(low) < 0;
  let [from, to] = [low, high];
  for (let i = 0; i < 200; i += 1) {
    const middle = (from + to) / 2;
    if (middle === from || middle === to) break;
    if (f(middle) < 0 === risesFrom) from = middle;
    else to = middle;
  }
  return (from + to) / 2;
}

/** Smallest s > 0 at which a log mixture reaches ln(1/alpha). */
function boundOf(logMixture: (s: number) => number, alpha: number, most = Infinity): number {
  const needed = Math.log(1 / alpha);
  let high = 1;
  while (high < most && !(logMixture(high) >= needed)) high *= 2;
  return halvedRoot((s) => logMixture(s) - needed, 0, Math.min(high, most));
}

export function normalLogMixture(s: number, v: number, tuning: Tuning, oneSided: boolean): number {
  const rho = oneSided ? rhoOneSided(tuning) : rhoTwoSided(tuning);
  const square = (s * s) / (2 * (v + rho));
  return oneSided
    ? 0.5 * Math.log((4 * rho) / (v + rho)) + square + normalLogCdf(s / Math.sqrt(v + rho))
    : 0.5 * Math.log(rho / (v + rho)) + square;
}

export function normalMixtureBound(v: number, alpha: number, tuning: Tuning, oneSided: boolean): number {
  if (oneSided) return boundOf((s) => normalLogMixture(s, v, tuning, true), alpha);
  const rho = rhoTwoSided(tuning);
  return Math.sqrt((v + rho) * (Math.log1p(v / rho) + 2 * Math.log(1 / alpha)));
}

export function gammaExponentialLogMixture(s: number, v: number, c: number, tuning: Tuning): number {
  const rho = rhoOneSided(tuning);
  const square = c * c;
  const k = rho / square;
  const a = (v + rho) / square;
  const b = (c * s + v) / square;
  const lead = k * Math.log(k) - logGamma(k) - logLowerGamma(k, k);
  return lead + logGamma(a) + logLowerGamma(a, b + k) - a * Math.log(b + k) + b;
}

export function gammaExponentialBound(v: number, alpha: number, c: number, tuning: Tuning): number {
  return boundOf((s) => gammaExponentialLogMixture(s, v, c, tuning), alpha);
}

export function gammaPoissonLogMixture(s: number, v: number, c: number, tuning: Tuning): number {
  const rho = rhoOneSided(tuning);
  const square = c * c;
  const k = rho / square;
  const a = (v + rho) / square;
  const b = s / c + a;
  const lead = k * Math.log(k) - logGamma(k) - logUpperGamma(k, k);
  return lead + logGamma(b) + logUpperGamma(b, a) - b * Math.log(a) + v / square;
}

export function gammaPoissonBound(v: number, alpha: number, c: number, tuning: Tuning): number {
  return boundOf((s) => gammaPoissonLogMixture(s, v, c, tuning), alpha);
}

/** Increments lie in [-g, h]. */
export interface BinaryRange {
  readonly g: number;
  readonly h: number;
  readonly oneSided: boolean;
}

export function betaBinomialLogMixture(
  s: number,
  v: number,
  { g, h, oneSided }: BinaryRange,
  tuning: Tuning,
): number {
  const rho = oneSided ? rhoOneSided(tuning) : rhoTwoSided(tuning);
  const r = Math.max(rho - g * h, 1e-3 * g * h);
  const x = oneSided ? h / (g + h) : 1;
  const logUpTo = (a: number, b: number): number =>
    logBeta(a, b) + (x < 1 ? logIncompleteBeta(a, b, x, g / (g + h)) : 0);
  return (
    (v / (g * h)) * Math.log(g + h) -
    ((v + h * s) / (h * (g + h))) * Math.log(g) -
    ((v - g * s) / (g * (g + h))) * Math.log(h) +
    logUpTo((r + v - g * s) / (g * (g + h)), (r + v + h * s) / (h * (g + h))) -
    logUpTo(r / (g * (g + h)), r / (h * (g + h)))
  );
}

export function betaBinomialBound(v: number, alpha: number, range: BinaryRange, tuning: Tuning): number {
  const rho = range.oneSided ? rhoOneSided(tuning) : rhoTwoSided(tuning);
  const r = Math.max(rho - range.g * range.h, 1e-3 * range.g * range.h);
  const most = ((v + r) / range.g) * (1 - 1e-15);
  return boundOf((s) => betaBinomialLogMixture(s, v, range, tuning), alpha, most);
}

/** Confidence sequence for a Bernoulli mean: every p whose two-sided mixture stays below 1/alpha. */
export function bernoulliSequence(
  successes: number,
  n: number,
  alpha: number,
  { tOpt, alphaOpt }: { readonly tOpt: number; readonly alphaOpt: number },
): [number, number] {
  const seen = successes / n;
  const over = (p: number): number =>
    betaBinomialLogMixture(
      (seen - p) * n,
      p * (1 - p) * n,
      { g: p, h: 1 - p, oneSided: false },
      { vOpt: p * (1 - p) * tOpt, alphaOpt },
    ) - Math.log(1 / alpha);
  const edge = 1e-12;
  const low = seen <= 0 || over(edge) < 0 ? 0 : halvedRoot(over, edge, Math.min(seen, 1 - edge));
  const high = seen >= 1 || over(1 - edge) < 0 ? 1 : halvedRoot(over, Math.max(seen, edge), 1 - edge);
  return [low, high];
}

/** zeta(s), s > 1, by Euler and Maclaurin. */
export function zeta(s: number): number {
  const m = 20;
  let sum = 0;
  for (let n = 1; n < m; n += 1) sum += n ** -s;
  sum += m ** (1 - s) / (s - 1) + m ** -s / 2;
  const bernoulli = [1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160];
  let rising = s;
  bernoulli.forEach((each, i) => {
    sum += each * rising * m ** (-s - 2 * i - 1);
    rising *= (s + 2 * i + 1) * (s + 2 * i + 2);
  });
  return sum;
}

/** Exponent and spacing of the epochs of a stitched boundary. */
export interface Stitches {
  readonly s: number;
  readonly eta: number;
}

function stitchConstants(eta: number): readonly [number, number] {
  return [(eta ** 0.25 + eta ** -0.25) / Math.SQRT2, (Math.sqrt(eta) + 1) / 2];
}

export function polynomialStitching(
  v: number,
  alpha: number,
  { vMin, c }: { readonly vMin: number; readonly c: number },
  { s, eta }: Stitches,
): number {
  const [k1, k2] = stitchConstants(eta);
  const at = Math.max(v, vMin);
  const ell =
    s * Math.log(Math.log((eta * at) / vMin)) + Math.log(zeta(s) / Math.log(eta) ** s) + Math.log(1 / alpha);
  const second = k2 * c * ell;
  return Math.sqrt(k1 * k1 * at * ell + second * second) + second;
}

export function doubleStitching(
  p: number,
  t: number,
  alpha: number,
  { s, eta, tOpt, delta }: Stitches & { readonly tOpt: number; readonly delta: number },
): number {
  const [k1, k2] = stitchConstants(eta);
  const logit = Math.log(p / (1 - p));
  const at = Math.max(t, tOpt);
  const moved = 1 / (1 + Math.exp(-(logit + 2 * delta * Math.sqrt((tOpt * eta) / at))));
  const r = p >= 0.5 ? p : Math.min(0.5, moved);
  const variance = r * (1 - r);
  const j = (Math.sqrt(at / tOpt) * Math.abs(logit)) / (2 * delta) + 1;
  const z = zeta(s);
  const ell =
    s * Math.log(Math.log((eta * at) / tOpt)) +
    s * Math.log(j) +
    Math.log((2 * z * (2 * z + 1)) / (alpha * Math.log(eta) ** s));
  const second = ((k2 * (1 - 2 * p)) / 3) * ell;
  return (
    delta * Math.sqrt((eta * at * variance) / tOpt) +
    Math.sqrt(k1 * k1 * variance * at * ell + second * second) +
    second
  );
}

/** Lowest point of a function with one valley, by golden sections. */
function lowest(f: (x: number) => number, low: number, high: number): number {
  const golden = (Math.sqrt(5) - 1) / 2;
  let [from, to] = [low, high];
  for (let i = 0; i < 120; i += 1) {
    const a = to - golden * (to - from);
    const b = from + golden * (to - from);
    if (f(a) <= f(b)) to = b;
    else from = a;
  }
  return f((from + to) / 2);
}

/** Constant C of the band A sqrt((ln(1 + ln(t / m)) + C) / t) over all quantiles at once. */
export function bandConstant(alpha: number, A: number): number {
  const logChance = (C: number): number => {
    const most = halvedRoot((eta) => Math.sqrt(eta / 2) + Math.sqrt((2 * (eta - 1)) / C) - A, 1, 2 * A * A);
    return lowest(
      (eta) => {
        const gamma2 = (2 / eta) * (A - Math.sqrt((2 * (eta - 1)) / C)) ** 2;
        if (gamma2 <= 1) return Infinity;
        return Math.log(4) - gamma2 * C + Math.log1p(1 / ((gamma2 - 1) * Math.log(eta)));
      },
      1 + 1e-9,
      most,
    );
  };
  return halvedRoot((C) => logChance(C) - Math.log(alpha), 3, 60);
}

export function bandHalfWidth(t: number, alpha: number, tMin: number, A = 0.85): number {
  return A * Math.sqrt((Math.log1p(Math.log(t / tMin)) + bandConstant(alpha, A)) / t);
}

/** p-value of "both arms have the same quantile": the smallest product of their mixtures over all values of it. */
export function quantileAbPValue(
  a: readonly number[],
  b: readonly number[],
  quantile: number,
  { tOpt, alphaOpt }: { readonly tOpt: number; readonly alphaOpt: number },
): number {
  const tuning = { vOpt: tOpt * quantile * (1 - quantile), alphaOpt };
  const range = { g: quantile, h: 1 - quantile, oneSided: false };
  const arms = [a, b].map((values) => [...values].sort((x, y) => x - y));
  const logOf = (n: number, below: number, upTo: number): number => {
    const nearest = Math.min(Math.max(quantile * n, below), upTo);
    return betaBinomialLogMixture(nearest - quantile * n, quantile * (1 - quantile) * n, range, tuning);
  };
  let least = Infinity;
  const places = [0, 0];
  for (const at of [...a, ...b].sort((x, y) => x - y)) {
    let sum = 0;
    arms.forEach((values, arm) => {
      while (places[arm]! < values.length && values[places[arm]!]! < at) places[arm]! += 1;
      let upTo = places[arm]!;
      while (upTo < values.length && values[upTo] === at) upTo += 1;
      sum += logOf(values.length, places[arm]!, upTo);
    });
    least = Math.min(least, sum);
  }
  return Math.min(1, Math.exp(-least));
}

export function asymptoticRho(alpha: number, tOpt: number): number {
  const log = -2 * Math.log(alpha);
  return Math.sqrt((log + Math.log1p(log)) / tOpt);
}

/** Half width of the asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas). */
export function asymptoticHalfWidth(
  { sd, n, rho }: { readonly sd: number; readonly n: number; readonly rho: number },
  alpha: number,
  oneSided: boolean,
): number {
  const grown = n * rho * rho + 1;
  const log = oneSided ? Math.log1p(Math.sqrt(grown) / (2 * alpha)) : Math.log(Math.sqrt(grown) / alpha);
  return sd * Math.sqrt(((2 * grown) / (n * rho) ** 2) * log);
}
