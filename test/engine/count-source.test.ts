/* eslint-disable @typescript-eslint/max-params -- a row is made of five facts */
import { describe, expect, test } from "vitest";
import { chooseCountSource } from "#engine/count-source.ts";
import type { ArmRow } from "#engine/tiles.ts";

function row(
  arm: ArmRow["arm"],
  source: "spans" | "metrics",
  window: number,
  count: number,
  share: number | null = 1,
): ArmRow {
  return {
    arm,
    row: {
      deploymentId: arm === "canary" ? 2 : 1,
      instanceId: arm === "canary" ? 20 : 10,
      measure: { kind: "requests", source, operation: "GET /" },
      window,
      late: false,
      sample: { kind: "requests", count, errors: 0, clientErrors: 0, duration: null, sampledShare: share },
    },
  };
}

/** Rows of both arms, one each `everyMs`, up to `until`. */
function rows(source: "spans" | "metrics", everyMs: number, until: number, count: number): readonly ArmRow[] {
  return Array.from({ length: Math.floor(until / everyMs) }, (_, at) => at * everyMs).flatMap((window) => [
    row("canary", source, window, count),
    row("baseline", source, window, count * 3),
  ]);
}

const during = (to: number) => ({ from: 0, to });

describe("where requests are counted", () => {
  test("spans alone are used at once, in tiles of one window", () => {
    expect(chooseCountSource(rows("spans", 5000, 10_000, 50), [], during(10_000))).toMatchObject({
      settled: true,
      source: { source: "spans", tileMs: 5000 },
    });
  });

  test("metrics alone wait for a second export and take its interval for a tile", () => {
    expect(chooseCountSource(rows("metrics", 10_000, 10_000, 50), [], during(10_000)).settled).toBe(false);
    expect(chooseCountSource(rows("metrics", 10_000, 30_000, 50), [], during(30_000))).toMatchObject({
      settled: true,
      source: { source: "metrics", tileMs: 10_000 },
    });
  });

  test("an exporter that shows one point in a minute is taken to have the usual interval of 60 s", () => {
    const one = [row("canary", "metrics", 30_000, 500), row("baseline", "metrics", 40_000, 900)];
    expect(chooseCountSource(one, [], during(55_000)).settled).toBe(false);
    expect(chooseCountSource(one, [], during(60_000))).toMatchObject({
      settled: true,
      source: { source: "metrics", tileMs: 60_000 },
    });
  });

  test("metrics that count the same confirm spans", () => {
    const both = [...rows("spans", 5000, 25_000, 100), ...rows("metrics", 5000, 25_000, 101)];
    expect(chooseCountSource(both, [], during(20_000)).settled).toBe(false);
    expect(chooseCountSource(both, [], during(25_000))).toMatchObject({ source: { source: "spans" } });
  });

  test("spans that are fewer than the metrics count are sampled, and metrics are used", () => {
    const both = [...rows("spans", 5000, 25_000, 50), ...rows("metrics", 5000, 25_000, 500)];
    expect(chooseCountSource(both, [], during(25_000))).toMatchObject({ source: { source: "metrics" } });
  });

  test("metrics that the baseline sent before are waited for, although the first export is still due", () => {
    const before = [row("baseline", "metrics", -60_000, 900), row("baseline", "metrics", -120_000, 900)];
    const spans = rows("spans", 5000, 10_000, 50);
    expect(chooseCountSource(spans, before, during(10_000)).settled).toBe(false);
    expect(chooseCountSource(spans, before, during(60_000))).toMatchObject({ source: { source: "spans" } });
  });

  test("a canary with spans only and a baseline with metrics only is nothing to compare, and says so", () => {
    const mixed = [row("canary", "spans", 0, 50), row("baseline", "metrics", 0, 50)];
    expect(chooseCountSource(mixed, [], during(60_000))).toEqual({
      settled: false,
      why: "the canary sends one kind of telemetry and the baseline another: nothing to compare",
    });
  });

  test("a stated sampling share is said", () => {
    const sampled = [row("canary", "spans", 0, 50, 0.1), row("baseline", "spans", 0, 50, 0.1)];
    expect(chooseCountSource(sampled, [], during(5000))).toMatchObject({
      source: { why: "only spans are sent; the spans are a stated 10.0 % of the traffic" },
    });
  });
});
