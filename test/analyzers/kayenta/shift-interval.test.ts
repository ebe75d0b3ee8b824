import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shiftInterval } from "#analyzers/kayenta/shift-interval.ts";
import { normalQuantile } from "#analyzers/stats/normal.ts";

/** z of the Mann-Whitney test on (x - shift) against y, ranked and corrected as R's wilcox.test(exact = FALSE) does. */
function zAt(x: readonly number[], y: readonly number[], shift: number): number {
  const pool = [...x.map((value) => value - shift), ...y];
  const rank = (value: number): number =>
    pool.reduce((sum, other) => sum + (other < value ? 1 : other === value ? 0.5 : 0), 0.5);
  const [m, n] = [x.length, y.length];
  const w = x.reduce((sum, value) => sum + rank(value - shift), 0) - (m * (m + 1)) / 2 - (m * n) / 2;
  const sizes = new Map<number, number>();
  for (const value of pool) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  let ties = 0;
  for (const t of sizes.values()) ties += t ** 3 - t;
  const total = m + n;
  const variance = ((m * n) / 12) * (total + 1 - ties / (total * (total - 1)));
  return (w - 0.5 * Math.sign(w)) / Math.sqrt(variance);
}

/** Limits by evaluating z between all neighbouring differences: slow, and shares no step with the code under test. */
function searched(x: readonly number[], y: readonly number[], confidence: number) {
  const differences = [...new Set(x.flatMap((a) => y.map((b) => a - b)))].sort((a, b) => a - b);
  const z = -normalQuantile((1 - confidence) / 2);
  const gaps = differences.slice(1).map((d, i) => (d + differences[i]!) / 2);
  const above = gaps.filter((gap) => zAt(x, y, gap) >= z).length;
  const below = gaps.filter((gap) => zAt(x, y, gap) <= -z).length;
  return { low: differences[above]!, high: differences[differences.length - 1 - below]! };
}

/** Whole quarters: their differences are exact, and ties are many. */
const points = fc.array(
  fc.integer({ min: -12, max: 12 }).map((value) => value / 4),
  { minLength: 1, maxLength: 9 },
);

describe("the shift interval", () => {
  it("has the limits at which the test changes its answer", () => {
    fc.assert(
      fc.property(points, points, fc.constantFrom(0.5, 0.8, 0.95, 0.98), (x, y, confidence) => {
        fc.pre(new Set(x).size > 1 || new Set(y).size > 1);
        expect(shiftInterval(x, y, confidence)).toMatchObject(searched(x, y, confidence));
      }),
      { numRuns: 300 },
    );
  });

  it("is estimated by the median of all differences", () => {
    fc.assert(
      fc.property(points, points, (x, y) => {
        const all = x.flatMap((a) => y.map((b) => a - b)).sort((a, b) => a - b);
        const half = all.length >> 1;
        const median = all.length % 2 === 1 ? all[half]! : (all[half - 1]! + all[half]!) / 2;
        expect(shiftInterval(x, y, 0.98).estimate).toBe(median);
      }),
    );
  });

  it("moves with the data, grows with the unit, and turns round with the arms", () => {
    fc.assert(
      fc.property(points, points, (x, y) => {
        const { low, high, estimate } = shiftInterval(x, y, 0.95);
        const times = (by: number) => (value: number) => value * by;
        const milli = shiftInterval(x.map(times(2 ** -10)), y.map(times(2 ** -10)), 0.95);
        expect(milli).toEqual({ low: low / 1024, high: high / 1024, estimate: estimate / 1024 });
        const turned = shiftInterval(y, x, 0.95);
        expect([-turned.high, -turned.low].map((v) => v + 0)).toEqual([low, high].map((v) => v + 0));
        const moved = shiftInterval(
          x.map((value) => value + 8),
          y,
          0.95,
        );
        expect(moved).toEqual({ low: low + 8, high: high + 8, estimate: estimate + 8 });
      }),
    );
  });

  it("of samples too small for the confidence is the range of all differences", () => {
    expect(shiftInterval([3, 4], [1, 2], 0.98)).toEqual({ low: 1, high: 3, estimate: 2 });
  });

  it("ranks an infinite value beyond every other one", () => {
    const { low, estimate } = shiftInterval([2, 3, 4, 5, Infinity], [0, 1, 2, 3, 4], 0.8);
    expect(Number.isFinite(low) && estimate < 10).toBe(true);
  });
});
