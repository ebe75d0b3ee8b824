/* eslint-disable @typescript-eslint/max-params -- a row is made of five facts */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { byMinute, chanceOfDurations, chanceOfShare } from "#engine/chance.ts";
import type { Signal } from "#engine/signal.ts";
import type { ArmRow } from "#engine/tiles.ts";
import type { Histogram } from "#model/histogram.ts";

const minuteMs = 60_000;
const windowMs = 5000;
const windowsEach = minuteMs / windowMs;

const errors: Signal = {
  id: "errors",
  kind: "errors",
  operation: "",
  metric: "",
  guarded: true,
  weight: 0.25,
};
const latency: Signal = { ...errors, id: "latency", kind: "latency" };

function row(
  instanceId: number,
  window: number,
  n: number,
  x: number,
  duration: Histogram | null = null,
): ArmRow {
  return {
    arm: "baseline",
    row: {
      deploymentId: 1,
      instanceId,
      measure: { kind: "requests", source: "spans", operation: "GET /" },
      window,
      late: false,
      sample: { kind: "requests", count: n, errors: x, clientErrors: 0, duration, sampledShare: 1 },
    },
  };
}

/** One row for each instance and window; `errorsOf` tells how many of its hundred requests fail. */
function history(
  instances: number,
  minutes: number,
  errorsOf: (instance: number, minute: number) => number,
): ArmRow[] {
  const rows: ArmRow[] = [];
  for (let instance = 1; instance <= instances; instance += 1)
    for (let at = 0; at < minutes * windowsEach; at += 1)
      rows.push(row(instance, at * windowMs, 100, errorsOf(instance, Math.floor(at / windowsEach))));
  return rows;
}

/** A lognormal with its middle in bucket `middle` of scale 4, 1,000 requests wide enough for any quantile. */
function histogram(middle: number): Histogram {
  const counts = [10, 40, 120, 330, 330, 120, 40, 10];
  return { layout: "exponential", unit: "s", scale: 4, zeroCount: 0, offset: middle - 4, counts, sum: 1000 };
}

describe("chance between equal versions", () => {
  it("is the policy's spread without bursts where the baseline has no history", () => {
    expect(chanceOfShare(byMinute([]), errors, "spans", 0.25)).toEqual({ tau: 0.25, degrees: 10, phi: 1 });
    expect(chanceOfDurations([], latency, "spans", 0.06)).toEqual({ tau: 0.06, degrees: 10, phi: 1 });
  });

  it("finds a smaller spread in many instances that are alike", () => {
    const { tau, degrees, phi } = chanceOfShare(byMinute(history(20, 10, () => 2)), errors, "spans", 0.25);
    expect(degrees).toBe(29);
    expect(tau).toBeCloseTo(0.25 * Math.sqrt(10 / 29), 9);
    expect(phi).toBe(1);
  });

  it("finds a larger spread in instances that differ", () => {
    const { tau } = chanceOfShare(
      byMinute(history(20, 10, (one) => (one % 2 === 0 ? 1 : 9))),
      errors,
      "spans",
      0.25,
    );
    expect(tau).toBeGreaterThan(0.5);
  });

  it("finds bursts of single instances, and none in a bad minute of all", () => {
    const single = chanceOfShare(
      byMinute(history(4, 10, (one, minute) => (one === minute % 4 ? 12 : 1))),
      errors,
      "spans",
      0.25,
    );
    const shared = chanceOfShare(
      byMinute(history(4, 10, (_, minute) => (minute === 3 ? 12 : 1))),
      errors,
      "spans",
      0.25,
    );
    expect(single.phi).toBeGreaterThan(5);
    expect(shared.phi).toBe(1);
  });

  it("finds bursts of a lone instance in its minutes", () => {
    const bursts = chanceOfShare(
      byMinute(history(1, 10, (_, minute) => (minute % 3 === 0 ? 12 : 1))),
      errors,
      "spans",
      0.25,
    );
    const steady = chanceOfShare(byMinute(history(1, 10, () => 2)), errors, "spans", 0.25);
    expect(bursts.phi).toBeGreaterThan(5);
    expect(steady.phi).toBe(1);
  });

  it("takes an instance that came in between for no burst", () => {
    const rows = history(4, 10, () => 2).filter(
      ({ row: { instanceId, window } }) => instanceId !== 4 || window >= 5 * minuteMs,
    );
    expect(chanceOfShare(byMinute(rows), errors, "spans", 0.25).phi).toBe(1);
  });

  it("does not depend on the order of rows", () => {
    const rows = history(3, 4, (one, minute) => (one * 7 + minute * 3) % 5);
    const inOrder = chanceOfShare(byMinute(rows), errors, "spans", 0.25);
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: rows.length }), (shuffled) => {
        expect(chanceOfShare(byMinute(shuffled), errors, "spans", 0.25)).toEqual(inOrder);
      }),
      { numRuns: 20 },
    );
  });

  it("learns the spread of speed from instances, and not from bounds of the sender's own", () => {
    const at = (middles: readonly number[]): ArmRow[] =>
      middles.map((middle, i) => row(i + 1, 0, 1000, 0, histogram(middle)));
    const alike = chanceOfDurations(at([-60, -60, -60, -60]), latency, "spans", 0.06);
    const differing = chanceOfDurations(at([-60, -56, -64, -58]), latency, "spans", 0.06);
    expect(alike).toMatchObject({ degrees: 13, phi: 1 });
    expect(alike.tau).toBeCloseTo(0.06 * Math.sqrt(10 / 13), 12);
    expect(differing.tau).toBeGreaterThan(0.06);
    const coarse: Histogram = {
      layout: "explicit",
      unit: "s",
      bounds: [0.1, 1],
      counts: [500, 400, 100],
      sum: 300,
    };
    expect(
      chanceOfDurations([row(1, 0, 1000, 0, coarse), row(2, 0, 1000, 0, coarse)], latency, "spans", 0.06).tau,
    ).toBe(0.06);
  });
});
