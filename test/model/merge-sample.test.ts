import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countTraces, mergeSamples, mergeTraces } from "#model/merge-sample.ts";
import type { Sample } from "#model/sample.ts";
import { seededRandom } from "#test/support/random.ts";

const traceSets = fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 20 });

function merged(a: Sample, b: Sample): Sample {
  const result = mergeSamples(a, b);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

const requests = fc
  .tuple(fc.nat(100), fc.nat(50), fc.constantFrom(1, 0.5, 0.1, null))
  .map(([count, errors, sampledShare]): Sample => ({
    kind: "requests",
    count,
    errors,
    clientErrors: 0,
    duration: null,
    sampledShare,
  }));

describe("samples", () => {
  it("merge in any order and grouping to the same sample", () => {
    fc.assert(
      fc.property(requests, requests, requests, (a, b, c) => {
        expect(merged(a, b)).toEqual(merged(b, a));
        expect(merged(merged(a, b), c)).toEqual(merged(a, merged(b, c)));
      }),
    );
  });

  it("traces unite in any order and grouping, below and above the cap", () => {
    fc.assert(
      fc.property(traceSets, traceSets, traceSets, fc.integer({ min: 1, max: 30 }), (a, b, c, cap) => {
        const unite = (x: readonly number[], y: readonly number[]) => mergeTraces(x, y, cap);
        expect(unite(unite(a, b), c)).toEqual(unite(a, unite(b, c)));
        expect(unite(a, b)).toEqual(unite(b, a));
        expect(unite(a, b)).toEqual([...new Set([...a, ...b])].sort((x, y) => x - y).slice(0, cap));
      }),
    );
  });

  it("past the cap the number of traces is estimated within 5 %", () => {
    const random = seededRandom(9);
    const traces = Array.from({ length: 30_000 }, () => 1 + random.integer(2 ** 52 - 1));
    const kept = mergeTraces(traces, [], 4000);
    expect(kept).toHaveLength(4000);
    expect(Math.abs(countTraces(kept, 4000) / 30_000 - 1)).toBeLessThan(0.05);
    expect(countTraces([3, 8], 4000)).toBe(2);
  });

  it("gauges keep their extremes, and kinds never mix", () => {
    const gauge = (v: number): Sample => ({
      kind: "gauge",
      count: 1,
      sum: v,
      sumOfSquares: v * v,
      minimum: v,
      maximum: v,
    });
    expect(merged(gauge(2), gauge(-3))).toEqual({
      kind: "gauge",
      count: 2,
      sum: -1,
      sumOfSquares: 13,
      minimum: -3,
      maximum: 2,
    });
    expect(mergeSamples(gauge(1), { kind: "counter", total: 1 })).toMatchObject({
      ok: false,
      error: { tag: "kindsDiffer" },
    });
  });
});
