import betainc from "@stdlib/math-base-special-betainc";
import betaincinv from "@stdlib/math-base-special-betaincinv";
import stdlibErfc from "@stdlib/math-base-special-erfc";
import gammainc from "@stdlib/math-base-special-gammainc";
import gammaincinv from "@stdlib/math-base-special-gammaincinv";
import gammaln from "@stdlib/math-base-special-gammaln";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { erfc } from "#analyzers/stats/error-function.ts";
import {
  binomialAtLeast,
  incompleteBeta,
  inverseIncompleteBeta,
  logIncompleteBeta,
} from "#analyzers/stats/incomplete-beta.ts";
import {
  inverseLowerGamma,
  inverseUpperGamma,
  logLowerGamma,
  logUpperGamma,
  lowerGamma,
  upperGamma,
} from "#analyzers/stats/incomplete-gamma.ts";
import { logBeta, logGamma } from "#analyzers/stats/log-gamma.ts";
import { logOnePlusLess } from "#analyzers/stats/log-one-plus-less.ts";
import { normalCdf, normalLogCdf, normalQuantile, normalSf } from "#analyzers/stats/normal.ts";
import { risingRoot } from "#analyzers/stats/rising-root.ts";
import { studentSf, studentUpperQuantile } from "#analyzers/stats/student-t.ts";
import { specialValues } from "./special-values.ts";

type Numeric = (...args: number[]) => number;
const ours: Readonly<Record<string, Numeric>> = {
  logGamma,
  logBeta,
  erfc,
  incompleteBeta: (a, b, x) => incompleteBeta(a, b, x),
  lowerGamma,
  upperGamma,
  normalCdf,
  normalQuantile,
  studentSf,
};

/** Difference relative to the wanted value. */
function off(got: number, wanted: number): number {
  return got === wanted ? 0 : Math.abs(got - wanted) / Math.abs(wanted);
}

/** Doubles whose logarithms are spread evenly. */
function spread(min: number, max: number) {
  return fc.double({ min: Math.log(min), max: Math.log(max), noNaN: true }).map(Math.exp);
}
const share = fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true });

describe("special functions", () => {
  it.each(specialValues)("%s(%j) is within 1e-12 of its value to 40 digits", (name, args, value) => {
    expect(off(ours[name]!(...args), value)).toBeLessThan(1e-12);
  });

  it("a value that is off by 2e-12 would be noticed", () => {
    const [name, args, value] = specialValues[0]!;
    expect(off(ours[name]!(...args) * (1 + 2e-12), value)).toBeGreaterThan(1e-12);
  });

  it("agree with an independent library, as far as that one reaches", () => {
    fc.assert(
      fc.property(spread(0.05, 500), spread(0.05, 500), share, (a, b, x) => {
        // The library keeps about 1e-10 relative where its value is not tiny.
        expect(Math.abs(incompleteBeta(a, b, x) - betainc(x, a, b))).toBeLessThan(1e-10);
        expect(Math.abs(lowerGamma(a, a * (0.5 + x)) - gammainc(a * (0.5 + x), a))).toBeLessThan(1e-10);
        expect(off(logGamma(a + 3), gammaln(a + 3))).toBeLessThan(1e-13);
        // Below 2 it is 1 less a series, which keeps fewer digits of a small rest.
        expect(off(erfc(4 * x), stdlibErfc(4 * x))).toBeLessThan(1e-12);
      }),
    );
  });

  it("have inverses that agree with an independent library", () => {
    fc.assert(
      fc.property(spread(0.2, 200), spread(0.2, 200), share, (a, b, p) => {
        expect(Math.abs(inverseIncompleteBeta(a, b, p) - betaincinv(p, a, b))).toBeLessThan(1e-9);
        expect(off(inverseLowerGamma(a, p), gammaincinv(p, a))).toBeLessThan(1e-7);
      }),
    );
  });

  it("have inverses that undo them, far tails included", () => {
    fc.assert(
      fc.property(spread(0.05, 1e5), spread(0.05, 1e5), spread(1e-280, 0.4), (a, b, p) => {
        const x = inverseIncompleteBeta(a, b, p);
        if (x > 1e-290 && x < 0.5) expect(off(logIncompleteBeta(a, b, x), Math.log(p))).toBeLessThan(1e-11);
        const low = inverseLowerGamma(a, p);
        if (low > 1e-290) expect(off(logLowerGamma(a, low), Math.log(p))).toBeLessThan(1e-11);
        expect(off(logUpperGamma(a, inverseUpperGamma(a, p)), Math.log(p))).toBeLessThan(1e-11);
      }),
    );
  });

  it("of the two tails add up to 1", () => {
    fc.assert(
      fc.property(spread(1e-4, 1e6), spread(0.01, 3), share, (a, times, x) => {
        expect(lowerGamma(a, a * times) + upperGamma(a, a * times)).toBeCloseTo(1, 12);
        expect(incompleteBeta(a, 3, x) + incompleteBeta(3, a, 1 - x)).toBeCloseTo(1, 12);
      }),
    );
  });

  it("rise with their argument", () => {
    fc.assert(
      fc.property(spread(0.01, 1e4), spread(0.01, 1e4), share, share, (a, b, x, y) => {
        const [low, high] = x < y ? [x, y] : [y, x];
        expect(incompleteBeta(a, b, low)).toBeLessThanOrEqual(incompleteBeta(a, b, high) * (1 + 1e-12));
        expect(lowerGamma(a, a * low)).toBeLessThanOrEqual(lowerGamma(a, a * high) * (1 + 1e-12));
      }),
    );
  });

  it("answer the ends exactly", () => {
    expect([incompleteBeta(2, 3, 0), incompleteBeta(2, 3, 1)]).toEqual([0, 1]);
    expect([lowerGamma(2, 0), upperGamma(2, 0), lowerGamma(2, Infinity), upperGamma(2, Infinity)]).toEqual([
      0, 1, 1, 0,
    ]);
    expect([inverseIncompleteBeta(2, 3, 0), inverseIncompleteBeta(2, 3, 1)]).toEqual([0, 1]);
    expect([inverseLowerGamma(2, 0), inverseLowerGamma(2, 1), inverseUpperGamma(2, 0)]).toEqual([
      0,
      Infinity,
      Infinity,
    ]);
    expect([normalCdf(-Infinity), normalSf(-Infinity), normalLogCdf(-Infinity)]).toEqual([0, 1, -Infinity]);
    expect([normalQuantile(0), normalQuantile(1), normalQuantile(0.5)]).toEqual([-Infinity, Infinity, 0]);
    expect([binomialAtLeast(0, 5, 0.3), binomialAtLeast(6, 5, 0.3)]).toEqual([1, 0]);
  });

  it("answer not-a-number where there is no answer", () => {
    expect([
      normalQuantile(-0.1),
      studentUpperQuantile(2, 5),
      inverseIncompleteBeta(1, 1, 1.5),
      inverseLowerGamma(1, NaN),
      inverseUpperGamma(1, -1),
      incompleteBeta(NaN, 1, 0.5),
      upperGamma(NaN, 1),
    ]).toEqual(Array.from({ length: 7 }, () => NaN));
  });
});

describe("quantiles", () => {
  it("undo their distribution in both tails and at the centre", () => {
    const tails = fc.oneof(
      spread(1e-300, 0.5),
      fc.double({ min: 0.5, max: 1 - 1e-12, noNaN: true }),
      spread(1e-12, 0.4).map((part) => 0.5 - part),
    );
    fc.assert(
      fc.property(tails, spread(1, 1e6), (p, degrees) => {
        const z = normalQuantile(p);
        expect(off(normalLogCdf(z), Math.log(p))).toBeLessThan(1e-12);
        const t = studentUpperQuantile(p, degrees);
        expect(off(studentSf(t, degrees), p)).toBeLessThan(1e-11);
      }),
    );
  });

  it("of p beside 1/2 keep the digits of the difference", () => {
    const part = 2 ** -34;
    expect(off(normalQuantile(0.5 + part), part * Math.sqrt(2 * Math.PI))).toBeLessThan(1e-14);
    expect(off(studentUpperQuantile(0.5 - part, 1), Math.tan(Math.PI * part))).toBeLessThan(1e-13);
  });
});

describe("the parts", () => {
  it("ln(1 + u) - u has the digits of its series near 0", () => {
    const u = 1e-5;
    expect(off(logOnePlusLess(u), -(u ** 2) / 2 + u ** 3 / 3 - u ** 4 / 4)).toBeLessThan(1e-15);
    expect(off(logOnePlusLess(-0.9), Math.log1p(-0.9) + 0.9)).toBeLessThan(1e-14);
  });

  it("a root outside the bracket is answered by the nearer end", () => {
    const line = (x: number) => ({ value: x - 5, slope: 1 });
    expect(risingRoot(line, [0, 1], 0.5)).toBeCloseTo(1, 12);
    expect(risingRoot(line, [6, 9], 7)).toBeCloseTo(6, 12);
    expect(risingRoot(line, [0, 9], -1)).toBe(5);
  });

  it("a flat stretch is halved through", () => {
    const step = (x: number) => ({ value: x < 0.7 ? -1 : 1, slope: 0 });
    expect(risingRoot(step, [0, 1], 0.1)).toBeCloseTo(0.7, 12);
  });
});
