import { describe, expect, test } from "vitest";
import { compareCounts } from "#analyzers/logs/compare.ts";
import { seededRandom } from "#test/support/random.ts";

const lines = { baseline: 10_000, canary: 10_000 };

describe("counts of two files", () => {
  test("new, gone, more, less and same", () => {
    const counts = [
      { baseline: 0, canary: 90 },
      { baseline: 90, canary: 0 },
      { baseline: 30, canary: 300 },
      { baseline: 300, canary: 30 },
      { baseline: 50, canary: 50 },
      { baseline: 0, canary: 1 },
    ];
    const compared = compareCounts(counts, lines);
    expect(compared.map(({ change }) => change)).toEqual(["new", "gone", "more", "less", "same", "new"]);
    expect(compared.map(({ isShown }) => isShown)).toEqual([true, true, true, true, false, false]);
    expect(compared[2]!.ratio).toBeCloseTo(10, 12);
  });

  test("a longer file is no finding: counts are held against all lines of their side", () => {
    const compared = compareCounts([{ baseline: 100, canary: 1000 }], { baseline: 1000, canary: 10_000 });
    expect(compared[0]).toMatchObject({ change: "same", isShown: false });
    expect(compareCounts([], { baseline: 0, canary: 0 })).toEqual([]);
    expect(compareCounts([{ baseline: 0, canary: 5 }], { baseline: 0, canary: 5 })[0]!.isShown).toBe(false);
  });

  test("of two halves of one bursty stream, few comparisons in a hundred show anything", () => {
    const random = seededRandom(7);
    let shown = 0;
    for (let run = 0; run < 1000; run += 1) {
      // Bursts of three: the variance of a count is three times its mean.
      const counts = Array.from({ length: 40 }, () => {
        const mean = 3 + random.integer(60);
        return { baseline: 3 * random.poisson(mean / 3), canary: 3 * random.poisson(mean / 3) };
      });
      const sum = (side: "baseline" | "canary") => counts.reduce((total, each) => total + each[side], 0);
      if (
        compareCounts(counts, { baseline: sum("baseline"), canary: sum("canary") }).some(
          ({ isShown }) => isShown,
        )
      )
        shown += 1;
    }
    expect(shown).toBeLessThanOrEqual(10);
  });
});
