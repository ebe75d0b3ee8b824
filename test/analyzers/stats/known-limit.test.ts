import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logAboveLimit, logBelowLimit } from "#analyzers/stats/known-limit.ts";
import { logGamma } from "#analyzers/stats/log-gamma.ts";

/** ln of the chance of x events where `mean` are expected. */
function poissonLog(x: number, mean: number): number {
  return x * Math.log(mean) - mean - logGamma(x + 1);
}

/** Mean of the e-value over all counts that a Poisson rate gives. */
function meanUnder(rate: number, n: number, logE: (n: number, x: number) => number): number {
  let sum = 0;
  for (let x = 0; x < 400; x += 1) sum += Math.exp(poissonLog(x, n * rate) + logE(n, x));
  return sum;
}

describe("a share against a known limit", () => {
  it("is an e-value: its mean is at most 1 for every rate on the harmless side", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2000 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (n, part) => {
          const limit = 0.02;
          expect(meanUnder(limit * part, n, (served, x) => logAboveLimit(served, x, limit))).toBeLessThan(
            1 + 1e-9,
          );
          expect(
            meanUnder(limit / part, n / 20, (served, x) => logBelowLimit(served, x, limit)),
          ).toBeLessThan(1 + 1e-9);
        },
      ),
    );
  });

  it("a limit that is crossed by a little more than that would be noticed", () => {
    expect(meanUnder(0.03, 1000, (n, x) => logAboveLimit(n, x, 0.02))).toBeGreaterThan(1.5);
  });

  it("five times the limit is shown against a thousandth by three hundred requests", () => {
    expect(logAboveLimit(300, 30, 0.02)).toBeGreaterThan(Math.log(1000));
  });
});
