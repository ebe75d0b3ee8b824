import { describe, expect, test } from "vitest";
import { attemptsMost, nextWaitMs, retryWaitsMs } from "#notify/retry-schedule.ts";

describe("the schedule", () => {
  test("waits grow from 5 s, a named number of attempts gives up, and a receiver may ask for more within a day", () => {
    expect(nextWaitMs(1, 0, null)).toBe(5000);
    expect(nextWaitMs(1, 0, 60_000)).toBe(60_000);
    expect(nextWaitMs(1, 0, 1000)).toBe(5000);
    expect(nextWaitMs(1, 0, 1e12)).toBe(86_400_000);
    expect(nextWaitMs(2, 0.999, null)).toBeLessThanOrEqual(33_000);
    expect(nextWaitMs(attemptsMost - 1, 0, null)).toBe(retryWaitsMs.at(-1));
    expect(nextWaitMs(attemptsMost, 0, 1000)).toBeNull();
  });
});
