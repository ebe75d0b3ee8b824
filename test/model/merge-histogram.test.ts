import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Histogram } from "#model/histogram.ts";
import {
  downscale,
  emptyHistogram,
  exponentialIndex,
  histogramCount,
  histogramOf,
  histogramQuantile,
  mergeHistograms,
} from "#model/merge-histogram.ts";

function merged(a: Histogram, b: Histogram): Histogram {
  const result = mergeHistograms(a, b);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const durations = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 1e-6, max: 1e4, noNaN: true })), {
  maxLength: 20,
});
const histograms = fc
  .tuple(durations, fc.integer({ min: 0, max: 6 }))
  .map(([values, scale]) =>
    values.reduce<Histogram>(
      (sum, value) => merged(sum, histogramOf(value, "s", scale)),
      emptyHistogram("s", scale),
    ),
  );

/** Everything but the sum of values, which is a double and rounds. */
function exactPart(histogram: Histogram): object {
  return { ...histogram, sum: 0 };
}

describe("histograms", () => {
  it("merge in any order and grouping to the same counts", () => {
    fc.assert(
      fc.property(histograms, histograms, histograms, (a, b, c) => {
        expect(exactPart(merged(a, b))).toEqual(exactPart(merged(b, a)));
        expect(exactPart(merged(merged(a, b), c))).toEqual(exactPart(merged(a, merged(b, c))));
        expect(histogramCount(merged(a, b))).toBe(histogramCount(a) + histogramCount(b));
      }),
      { numRuns: 100 },
    );
  });

  it("a value lies above the lower and at most at the upper edge of its bucket", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
        fc.integer({ min: -4, max: 8 }),
        (value, scale) => {
          const index = exponentialIndex(value, scale);
          const edge = (i: number): number => 2 ** (i / 2 ** scale);
          expect(value).toBeGreaterThan(edge(index) * (1 - 1e-12));
          expect(value).toBeLessThanOrEqual(edge(index + 1) * (1 + 1e-12));
        },
      ),
    );
  });

  it("a coarser scale holds the values that were counted at the finer one", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1e4, noNaN: true }),
        fc.integer({ min: -2, max: 6 }),
        (value, scale) => {
          expect(downscale(histogramOf(value, "s", 7), scale)).toEqual(histogramOf(value, "s", scale));
        },
      ),
    );
  });

  it("at the kept scale the doubles around every boundary are told apart in whole numbers", () => {
    // m <= 2^(k/16) exactly where m^16 <= 2^k, in units of 2^-52.
    const isAtMost = (m: number, k: number): boolean =>
      BigInt(m * 2 ** 52) ** 16n <= 1n << BigInt(52 * 16 + k);
    for (const exponent of [-1000, -7, 0, 12]) {
      for (let k = 0; k < 16; k += 1) {
        for (let step = -3; step <= 3; step += 1) {
          const m = 2 ** (k / 16) + step * Number.EPSILON;
          if (m < 1) continue;
          const index = isAtMost(m, k) ? k - 1 : k;
          expect(exponentialIndex(m * 2 ** exponent, 4)).toBe(exponent * 16 + index);
        }
      }
    }
  });

  it("powers of two belong to the bucket below them", () => {
    expect([
      exponentialIndex(1, 4),
      exponentialIndex(2, 4),
      exponentialIndex(4, -1),
      exponentialIndex(5e-324, 0),
    ]).toEqual([-1, 15, 0, -1075]);
  });

  it("a quantile is off by no more than its bucket is wide", () => {
    const values = Array.from({ length: 500 }, (_, i) => (i + 1) / 100);
    const all = values.reduce<Histogram>((sum, v) => merged(sum, histogramOf(v, "s")), emptyHistogram("s"));
    for (const q of [0.1, 0.5, 0.95]) {
      const exact = values[Math.ceil(q * values.length) - 1]!;
      expect(Math.abs((histogramQuantile(all, q) ?? 0) / exact - 1)).toBeLessThan(2 ** (1 / 16) - 1);
    }
    expect(histogramQuantile(emptyHistogram("s"), 0.5)).toBeNull();
  });

  it("different bounds, units or kinds are refused, not guessed", () => {
    const explicit: Histogram = { layout: "explicit", unit: "s", bounds: [1, 2], counts: [1, 0, 2], sum: 7 };
    expect(merged(explicit, explicit)).toEqual({ ...explicit, counts: [2, 0, 4], sum: 14 });
    for (const other of [{ ...explicit, bounds: [1, 3] }, { ...explicit, unit: "ms" }, emptyHistogram("s")])
      expect(mergeHistograms(explicit, other)).toMatchObject({ ok: false, error: { tag: "layoutsDiffer" } });
  });
});
