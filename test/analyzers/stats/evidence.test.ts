import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiBinLogIncrement } from "#analyzers/stats/multi-bin.ts";
import { normalCdf, normalQuantile } from "#analyzers/stats/normal.ts";
import { randomEffectsPriors } from "#analyzers/stats/random-effects.ts";
import { rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { studentSf, studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import { concludeSplit } from "#analyzers/metrics/split.ts";
import { referenceFunctions } from "#test/reference/functions.ts";

const rate = fc.double({ min: 0.01, max: 0.6, noNaN: true });
const small = fc.integer({ min: 1, max: 6 });

describe("evidence", () => {
  it("of a rate has an expectation of at most 1 under any null", () => {
    fc.assert(
      fc.property(
        fc.tuple(small, small),
        fc.tuple(rate, rate),
        fc.double({ min: 1.01, max: 20, noNaN: true }),
        ([nc, nb], [pb, part], theta) => {
          const input = { n_c: nc, n_b: nb, p_c: pb * part, p_b: pb, theta, theta0: 1 };
          expect(referenceFunctions["e1_null_expectation"]!(input)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });

  it("of a rate exceeds 1 on average where the canary is worse (the check can fail)", () => {
    const input = { n_c: 6, n_b: 6, p_c: 0.6, p_b: 0.1, theta: 3, theta0: 1 };
    expect(referenceFunctions["e1_null_expectation"]!(input)).toBeGreaterThan(1.5);
  });

  it("of three bins has an expectation of at most 1 where the canary is not slower", () => {
    const ratios = fc.array(fc.double({ min: 0.1, max: 8, noNaN: true }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(ratios, rate, rate, fc.double({ min: 0, max: 1, noNaN: true }), (theta, a, b, faster) => {
        const p = [1 - a, a * (1 - b), a * b];
        const moved = p[2]! * faster;
        const canary = [p[0]!, p[1]! + moved, p[2]! - moved];
        const sorted = [...theta].sort((x, y) => x - y);
        const input = { n_c: 3, n_b: 3, p_c: canary, p_b: p, theta: sorted };
        expect(referenceFunctions["e4_null_expectation"]!(input)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
  });

  it("of bins whose ratios are all 1 is 1", () => {
    expect(multiBinLogIncrement({ canary: [3, 4, 5], baseline: [9, 9, 9] }, [1, 1, 1])).toBe(0);
  });

  it("of two bins with ratios 1 and theta is that of a rate whose other bin carries no evidence of its own", () => {
    const two = multiBinLogIncrement({ canary: [95, 5], baseline: [990, 10] }, [1, 3]);
    const one = rateLogIncrement(
      { canaryN: 100, canaryX: 5, baselineN: 1000, baselineX: 10 },
      { theta: 3, theta0: 1, slack: 0 },
    );
    expect(two).toBeCloseTo(one, 12);
  });

  it.each([4, 10, Infinity])("of the priors with %f degrees never falls towards harm", (degrees) => {
    const { logNull, logHarm } = randomEffectsPriors(ratioGrid, {
      centre: Math.log(1.1),
      tau: 0.177,
      degrees,
      sign: 1,
      tailShare: 0.001,
      steps: harmSteps,
      edge: "split",
    });
    const ratios = logHarm.map((value, i) => value - logNull[i]!);
    expect(ratios.every((value, i) => i === 0 || value >= ratios[i - 1]! - 1e-9)).toBe(true);
    expect(logHarm.reduce((sum, value) => sum + Math.exp(value), 0)).toBeCloseTo(1, 12);
  });
});

describe("quantiles", () => {
  it("undo their distribution", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-6, noNaN: true }), (p) => {
        expect(normalCdf(normalQuantile(p)) / p).toBeCloseTo(1, 10);
        expect(studentSf(studentUpperQuantile(p, 10), 10) / p).toBeCloseTo(1, 8);
      }),
    );
  });
});

describe("split", () => {
  it("within the tolerance is no evidence, however many the requests", () => {
    for (const canary of [46_000, 50_000, 54_000])
      expect(
        concludeSplit({ canary, baseline: 100_000 - canary, declaredCanaryShare: 0.5 }).logE,
      ).toBeLessThan(0);
  });

  it("far from the declared share is strong evidence", () => {
    const { logE, effect, low, high } = concludeSplit({
      canary: 200,
      baseline: 800,
      declaredCanaryShare: 0.5,
    });
    expect(logE).toBeGreaterThan(Math.log(1000));
    expect([effect, low, high]).toEqual([0.2, 0.45, 0.55]);
  });

  it("has an expectation of at most 1 for every share that the tolerance allows", () => {
    const logChoose = (n: number, k: number): number => {
      let sum = 0;
      for (let i = 1; i <= k; i += 1) sum += Math.log((n - k + i) / i);
      return sum;
    };
    for (const share of [0.27, 0.28, 0.3, 0.33]) {
      let sum = 0;
      for (let x = 0; x <= 60; x += 1) {
        const chance = Math.exp(logChoose(60, x) + x * Math.log(share) + (60 - x) * Math.log1p(-share));
        sum +=
          chance * Math.exp(concludeSplit({ canary: x, baseline: 60 - x, declaredCanaryShare: 0.3 }).logE);
      }
      expect(sum).toBeLessThanOrEqual(1);
    }
  });
});
