import { describe, expect, test } from "vitest";
import { chanceOf, poisson, seedOf } from "./chance.ts";
import { aliasTable, bins, binShares, drawBin } from "./duration-shape.ts";
import { isHigh } from "./kayenta-loop.ts";
import { scenarios } from "./scenarios.ts";

describe("the streams that are judged", () => {
  test("counts have the mean and the variance of a Poisson", () => {
    const random = chanceOf(990, 0);
    for (const mean of [0.5, 9, 11, 80, 250]) {
      const drawn = Array.from({ length: 20_000 }, () => poisson(random, mean));
      const average = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
      const variance = drawn.reduce((sum, one) => sum + (one - average) ** 2, 0) / drawn.length;
      expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(mean / drawn.length));
      expect(variance / mean).toBeCloseTo(1, 1);
    }
  });

  test("durations fall into bins as their distribution says", () => {
    const shares = binShares({ kind: "tail", by: 0.2 }, 0.03);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
    const table = aliasTable(shares);
    const random = chanceOf(991, 0);
    const counts = new Float64Array(bins);
    const n = 200_000;
    for (let i = 0; i < n; i += 1) counts[drawBin(table, random.next())]! += 1;
    shares.forEach((share, bin) => {
      expect(Math.abs(counts[bin]! - n * share)).toBeLessThanOrEqual(5 * Math.sqrt(n * share) + 3);
    });
  });

  test("p99 is slower by what a scenario says, and the slowest 5 % alone", () => {
    const quantile = (shares: Float64Array, q: number): number => {
      let below = 0;
      return shares.findIndex((share) => (below += share) >= q);
    };
    const plain = binShares({ kind: "none" }, 0);
    const tail = binShares({ kind: "tail", by: 0.5 }, 0);
    expect(quantile(tail, 0.9)).toBe(quantile(plain, 0.9));
    expect(2 ** ((quantile(tail, 0.99) - quantile(plain, 0.99)) / 16)).toBeCloseTo(1.5, 1);
  });

  test("no two scenarios share a number, and so no two share seeds", () => {
    expect(new Set(scenarios.map(({ id }) => id)).size).toBe(scenarios.length);
    expect(seedOf(3, 7)).toBe(20_560_808);
  });
});

test("Kayenta's rule calls a clear rise high, and equal or few points not", () => {
  const rise = Float64Array.from([11, 12, 13, 14, 15]);
  const base = Float64Array.from([1, 2, 3, 4, 5]);
  expect(isHigh(rise, base)).toBe(true);
  expect(isHigh(base, rise)).toBe(false);
  expect(isHigh(base, base)).toBe(false);
  expect(isHigh(Float64Array.from([]), base)).toBe(false);
});
