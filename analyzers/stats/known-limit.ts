import { logSumExp } from "./log-sum-exp.ts";

/**
 * Alternatives as shares of the limit, with their weights. Most weight is near zero, so that a canary without any error
 * proves itself soon (825 requests for e = 40 at a limit of 0.5 %); the rest reaches services that do fail now and then.
 */
const alternatives: readonly (readonly [share: number, weight: number])[] = [
  [0.01, 0.6],
  ...[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((share) => [share, 0.4 / 9] as const),
];

/**
 * ln of the e-value against "the rate is at least `limit`" (one sample): mixture over theta < 1 of
 * x ln theta - n limit (theta - 1). Exact for Poisson, conservative for Bernoulli outcomes; speaks of the rate that these
 * instances served, not of instances to come.
 */
export function logBelowLimit(n: number, x: number, limit: number): number {
  return logSumExp(
    alternatives.map(([theta, weight]) => Math.log(weight) + x * Math.log(theta) + n * limit * (1 - theta)),
  );
}

/** Excesses that an alternative stands for, with equal weights. */
const excesses = [1.1, 1.25, 1.5, 2, 3, 5, 10, 30, 100];

/**
 * ln of the e-value against "the rate is at most `limit`" (one sample): mixture over theta > 1 of x ln theta - n limit (theta - 1). Exact for
 * Poisson, conservative for Bernoulli outcomes; speaks of the rate that these instances served.
 */
export function logAboveLimit(n: number, x: number, limit: number): number {
  const each = excesses.map((theta) => x * Math.log(theta) - n * limit * (theta - 1));
  return logSumExp(each) - Math.log(excesses.length);
}
