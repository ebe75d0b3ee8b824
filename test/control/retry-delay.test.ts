import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { retryDelayMs } from "#control/retry-delay.ts";

describe("wait before the next attempt", () => {
  test("its ceiling doubles from 250 ms to 10 s", () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8].map((attempts) => retryDelayMs(attempts, 1, null));
    expect(ceilings).toStrictEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  test("it is never above 10 s, nor below what the controller asked within that", () => {
    const attempts = fc.integer({ min: 1, max: 1_000_000 });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(attempts, random, fc.nat(100_000), (made, dice, asked) => {
        const delay = retryDelayMs(made, dice, asked);
        expect(delay).toBeGreaterThanOrEqual(Math.min(asked, 10_000));
        expect(delay).toBeLessThanOrEqual(10_000);
      }),
    );
  });
});
