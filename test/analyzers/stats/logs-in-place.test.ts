import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logsInPlace, numberBatch } from "#analyzers/stats/logs-in-place.ts";

function logsOf(values: readonly number[]): readonly number[] {
  const batch = numberBatch(values.length);
  batch.values.set(values);
  logsInPlace(batch, values.length);
  return [...batch.values];
}

describe("logarithms in place", () => {
  it("agree with one call a value, inside the table and beyond it", () => {
    const near = fc.double({ min: 0.99, max: 1.01, noNaN: true });
    const wide = fc.double({ min: -600, max: 600, noNaN: true }).map(Math.exp);
    fc.assert(
      fc.property(fc.array(fc.oneof(near, wide), { minLength: 1, maxLength: 40 }), (values) => {
        logsOf(values).forEach((log, i) => {
          const wanted = Math.log(values[i]!);
          expect(Math.abs(log - wanted)).toBeLessThanOrEqual(4e-16 * Math.max(1, Math.abs(wanted)));
        });
      }),
      { numRuns: 500 },
    );
  });

  it("are exact at 1 and continuous at the borders of the table", () => {
    const edges = [1, 2 ** -8, 2 ** 8, 2 ** -8 * (1 - 2 ** -53), 2 ** 8 * (1 - 2 ** -53)];
    const logs = logsOf(edges);
    expect(logs[0]).toBe(0);
    logs.forEach((log, i) => {
      expect(log).toBeCloseTo(Math.log(edges[i]!), 14);
    });
  });
});
