import { describe, expect, it } from "vitest";
import type { PointView } from "#engine/ports.ts";
import { NumberRows } from "#engine/number-rows.ts";
import { StreamState } from "#engine/stream-state.ts";
import { TallyRow } from "#engine/tally-row.ts";
import { emptyUnrolled, flawOf, unroll } from "#engine/unroll.ts";
import { BoundedInterner } from "#model/interner.ts";
import { pointView } from "#test/support/views.ts";

const interner = new BoundedInterner();
const noService = {
  ...{
    service: "",
    environment: "",
    tally: new TallyRow("", ""),
    operations: new Set<string>(),
    settleMs: 0,
  },
};
type Given = Parameters<typeof pointView>[1];

/** What each point adds, in order: its count, level or bucket differences, and its tally. */
function adds(points: readonly Given[], wholeFrom = 1_000_000): readonly unknown[] {
  const first = pointView(interner, points[0] ?? {});
  const state = new StreamState(
    { key: "k", bounds: Array.from(first.bounds), group: noService },
    new NumberRows(),
  );
  const into = emptyUnrolled();
  return points.map((given) => {
    unroll(pointView(interner, given), state, wholeFrom, into);
    const { histogram } = into;
    const value =
      into.use === "histogram"
        ? { counts: Array.from(histogram.counts.subarray(0, histogram.countsLength)), count: histogram.count }
        : into.value;
    return [into.use === "nothing" ? 0 : value, into.tally];
  });
}

const sum = (start: number, time: number, value: number): Given => ({ start, time, value });
const delta = (start: number, time: number, value: number): Given => ({ start, time, value, temporality: 1 });

describe("cumulative sums", () => {
  it("the difference to the last point is added", () => {
    expect(adds([sum(1, 10, 5), sum(1, 20, 9), sum(1, 30, 9)])).toEqual([
      [0, null],
      [4, null],
      [0, null],
    ]);
  });
  it("first sight counts whole where the stream began in time, and nothing where it is older", () => {
    expect(adds([sum(2_000_000, 2_000_010, 5)])).toEqual([[5, null]]);
    expect(adds([sum(999_999, 2_000_010, 5)])).toEqual([[0, null]]);
  });
  it("a start after the last point is a true reset and adds the whole value", () => {
    expect(adds([sum(1, 10, 5), sum(15, 20, 3)])[1]).toEqual([3, "resets"]);
  });
  it("an unknown start (equal to the point's time) adds nothing and is the new base", () => {
    expect(adds([sum(1, 10, 5), sum(20, 20, 3), sum(20, 30, 7)])).toEqual([
      [0, null],
      [0, "resets"],
      [4, null],
    ]);
  });
  it("without a start a fall is a reset from zero, and first sight adds nothing", () => {
    expect(adds([sum(0, 10, 5), sum(0, 20, 2), sum(0, 30, 6)])).toEqual([
      [0, null],
      [2, "resets"],
      [4, null],
    ]);
  });
  it("a fall under the same start says nothing but a base: two writers", () => {
    expect(adds([sum(1, 10, 5), sum(1, 20, 2), sum(1, 30, 6)])[1]).toEqual([0, "resets"]);
  });
  it("a duplicate and an older point add nothing and do not move the base", () => {
    expect(adds([sum(1, 10, 5), sum(1, 20, 9), sum(1, 20, 9), sum(1, 10, 5), sum(1, 30, 10)])).toEqual([
      [0, null],
      [4, null],
      [0, "duplicates"],
      [0, "outOfOrder"],
      [1, null],
    ]);
  });
});

describe("delta sums", () => {
  it("every point is added once, in any order", () => {
    expect(adds([delta(0, 10, 1), delta(20, 30, 4), delta(10, 20, 2), delta(20, 30, 4)]).map(String)).toEqual(
      ["1,", "4,gaps", "2,", "0,duplicates"],
    );
  });
  it("an overlap is added and counted: two writers", () => {
    expect(adds([delta(1, 10, 1), delta(5, 20, 4)])[1]).toEqual([4, "overlaps"]);
  });
});

describe("levels", () => {
  it("a gauge and a non-monotonic sum are readings, a retried one is dropped", () => {
    const level: Given = { type: "gauge", temporality: 0, time: 10, value: -3 };
    expect(adds([level, level])).toEqual([
      [-3, null],
      [0, "duplicates"],
    ]);
    expect(adds([{ monotonic: false, time: 10, value: -3 }])).toEqual([[-3, null]]);
  });
});

describe("histograms", () => {
  const explicit = (start: number, time: number, counts: readonly number[]): Given => ({
    ...{ type: "histogram", start, time, counts, bounds: [1, 2] },
  });
  const exponential = (time: number, scale: number, offset: number, counts: readonly number[]): Given => ({
    ...{ type: "exponentialHistogram", start: 1, time, scale, offset, counts },
  });
  it("explicit buckets are taken apart one by one", () => {
    expect(adds([explicit(1, 10, [1, 2, 3]), explicit(1, 20, [2, 2, 7])])[1]).toEqual([
      { counts: [1, 0, 4], count: 5 },
      null,
    ]);
  });
  it("one bucket that falls is a reset though the count rose", () => {
    expect(adds([explicit(1, 10, [5, 0, 0]), explicit(15, 20, [0, 9, 0])])[1]).toEqual([
      { counts: [0, 9, 0], count: 9 },
      "resets",
    ]);
  });
  it("exponential points of two scales meet at the coarser one", () => {
    // At scale 0 the first point holds [2, 2] from index -2: halves of -3, -2 and of -1, 0 are -2, -1, -1, 0.
    expect(adds([exponential(10, 1, -3, [1, 1, 1, 1]), exponential(20, 0, -2, [4, 2, 1])])[1]).toEqual([
      { counts: [3, 0, 0], count: 3 },
      null,
    ]);
  });
  it("exponential points of one scale subtract", () => {
    expect(adds([exponential(10, 2, 5, [1, 1]), exponential(20, 2, 4, [1, 3, 1])])[1]).toEqual([
      { counts: [1, 2, 0], count: 3 },
      null,
    ]);
  });
});

describe("flaws", () => {
  const flaw = (given: Given): string | null => flawOf(pointView(interner, given) satisfies PointView);
  it("what cannot be used is named", () => {
    expect(flaw({ value: NaN })).toBe("rejected.notFinite");
    expect(flaw({ value: Infinity })).toBe("rejected.notFinite");
    expect(flaw({ value: -1 })).toBe("rejected.shape");
    expect(flaw({ temporality: 0 })).toBe("rejected.shape");
    expect(flaw({ noRecordedValue: true })).toBe("staleness");
    expect(flaw({ type: "summary" })).toBe("ignored.summary");
    expect(flaw({ monotonic: false, temporality: 1 })).toBe("ignored.nonMonotonicDelta");
    expect(flaw({ type: "histogram", bounds: [2, 1], counts: [1, 1, 1] })).toBe("rejected.shape");
    expect(flaw({ type: "histogram", bounds: [1], counts: [1] })).toBe("rejected.shape");
    expect(flaw({ type: "exponentialHistogram", hasNegative: true })).toBe("rejected.shape");
    expect(flaw({ type: "exponentialHistogram", scale: 21 })).toBe("rejected.shape");
  });
  it("what can be used has none", () => {
    expect(flaw({ value: 3 })).toBeNull();
    expect(flaw({ type: "gauge", temporality: 0, value: -3 })).toBeNull();
    expect(flaw({ type: "histogram", bounds: [1], counts: [1, 2] })).toBeNull();
  });
});
