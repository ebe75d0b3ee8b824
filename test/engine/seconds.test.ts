import fc from "fast-check";
import { expect, test } from "vitest";
import type { HistogramIncrement } from "#engine/histogram-accumulator.ts";
import { turnToSeconds } from "#engine/seconds.ts";
import { downscale, trimBuckets } from "#model/merge-histogram.ts";

function exponential(scale: number, offset: number, counts: readonly number[]): HistogramIncrement {
  return {
    ...{ layout: "exponential", count: 0, sum: 2000, zeroCount: 0, scale, offset, bounds: [] },
    counts: Float64Array.from(counts),
    countsLength: counts.length,
  };
}

test("finer buckets are put together in place as they are when a histogram is merged", () => {
  const counts = fc.array(fc.nat(9), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(
      fc.integer({ min: -2, max: 12 }),
      fc.integer({ min: -300, max: 300 }),
      counts,
      (scale, offset, list) => {
        const increment = exponential(scale, offset, list);
        turnToSeconds(increment, 1e-3);
        const merged = downscale(
          { layout: "exponential", unit: "s", scale, zeroCount: 0, sum: 2, ...trimBuckets(offset, list) },
          4,
        );
        const shift = Math.round(Math.log2(1e-3) * 2 ** merged.scale);
        const got = trimBuckets(increment.offset, increment.counts.subarray(0, increment.countsLength));
        const moved = merged.counts.length === 0 ? 0 : merged.offset + shift;
        expect({ scale: increment.scale, sum: increment.sum, ...got }).toEqual({
          ...{ scale: merged.scale, sum: 2, offset: moved, counts: merged.counts },
        });
      },
    ),
  );
});

test("explicit bounds are divided, so that 5 ms is 0.005 s to the last bit", () => {
  const increment = { ...exponential(0, 0, [1, 2]), layout: "explicit" as const, bounds: [5] };
  turnToSeconds(increment, 1e-3);
  expect(increment).toMatchObject({ bounds: [0.005], sum: 2 });
});
