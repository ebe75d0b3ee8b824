import { describe, expect, test } from "vitest";
import { correlatedSilence } from "#engine/freeze.ts";
import {
  baselineSick,
  foldIntegrity,
  silenceTells,
  silentForMs,
  suspectsIdentical,
} from "#engine/integrity.ts";
import { defaultPolicy } from "#engine/policy.ts";
import { emptyEngineState, type CountSource, type IntegrityState } from "#engine/signal.ts";
import type { ArmRow } from "#engine/tiles.ts";
import type { WeightSpan } from "#model/analysis.ts";
import { SmallWorld } from "#test/support/small-world.ts";

const counts: CountSource = { source: "spans", tileMs: 5000, why: "only spans are sent" };
const empty = emptyEngineState.integrity;

function row(arm: ArmRow["arm"], window: number, count: number, errors = 0): ArmRow {
  return {
    arm,
    row: {
      deploymentId: arm === "canary" ? 2 : 1,
      instanceId: arm === "canary" ? 20 : 10,
      measure: { kind: "requests", source: "spans", operation: "GET /" },
      window,
      late: false,
      sample: { kind: "requests", count, errors, clientErrors: 0, duration: null, sampledShare: 1 },
    },
  };
}

function fold(
  rows: readonly ArmRow[],
  sealedTo: number,
  weights: readonly WeightSpan[] = [],
): IntegrityState {
  return foldIntegrity(empty, rows, { counts, evidenceFrom: 0, sealedTo, weights });
}

function windows(n: number): readonly number[] {
  return Array.from({ length: n }, (_, at) => at * 5000);
}

describe("a copy of the baseline", () => {
  test("is suspected after six tiles with the very same numbers", () => {
    const rows = windows(6).flatMap((at) => [row("canary", at, 50 + at, 1), row("baseline", at, 50 + at, 1)]);
    expect(suspectsIdentical(fold(rows, 25_000))).toBe(false);
    expect(suspectsIdentical(fold(rows, 30_000))).toBe(true);
  });

  test("is not suspected where one tile differs in a single request", () => {
    const rows = windows(6).flatMap((at) => [
      row("canary", at, at === 15_000 ? 51 : 50, 1),
      row("baseline", at, 50, 1),
    ]);
    expect(suspectsIdentical(fold(rows, 30_000))).toBe(false);
  });

  test("is not suspected from a trickle, where equal numbers are luck", () => {
    const rows = windows(12).flatMap((at) => [row("canary", at, 2), row("baseline", at, 2)]);
    expect(suspectsIdentical(fold(rows, 60_000))).toBe(false);
  });
});

describe("the baseline", () => {
  const healthyThenSick = (sickShare: number): readonly ArmRow[] =>
    windows(36).map((at) => row("baseline", at, 1000, at < 120_000 ? 1 : 1000 * sickShare));

  test("is sick when its last minute fails far more than its history", () => {
    expect(baselineSick(fold(healthyThenSick(0.05), 180_000))).toBe(true);
  });

  test("is not sick for twice its usual errors", () => {
    expect(baselineSick(fold(healthyThenSick(0.002), 180_000))).toBe(false);
  });

  test("is not called sick without a history", () => {
    expect(
      baselineSick(
        fold(
          windows(6).map((at) => row("baseline", at, 1000, 50)),
          30_000,
        ),
      ),
    ).toBe(false);
  });
});

describe("the split", () => {
  const rows = windows(4).flatMap((at) => [row("canary", at, 25), row("baseline", at, 75)]);

  test("counts only tiles wholly inside one weight", () => {
    const weights = [
      { canaryWeight: 25, from: 0, to: 7000 },
      { canaryWeight: 50, from: 7000, to: null },
    ];
    expect(fold(rows, 20_000, weights).split).toEqual([
      { weight: 25, canary: 25, baseline: 75 },
      { weight: 50, canary: 50, baseline: 150 },
    ]);
  });

  test("does not count a tile in which one version is silent", () => {
    const silent = rows.filter(({ arm, row: { window } }) => arm === "baseline" || window === 0);
    const weights = [{ canaryWeight: 25, from: 0, to: null }];
    expect(fold(silent, 20_000, weights).split).toEqual([{ weight: 25, canary: 25, baseline: 75 }]);
  });
});

describe("silence", () => {
  test("is not spoken of before three windows, nor before three export intervals", () => {
    expect(silentForMs(100_000, 114_999, 5000)).toBe(0);
    expect(silentForMs(100_000, 115_000, 5000)).toBe(15_000);
    expect(silentForMs(100_000, 250_000, 60_000)).toBe(0);
    expect(silentForMs(100_000, 280_000, 60_000)).toBe(180_000);
    expect(silentForMs(null, 280_000, 5000)).toBe(0);
  });

  test("says nothing where the canary's own rate would have shown next to no request", () => {
    const trickle = { ...empty, canaryRequests: 12, canaryRequestsFrom: 0, canaryLast: 120_000 };
    expect(silenceTells(trickle, 60_000, "spans")).toBe(false);
    expect(silenceTells(trickle, 120_000, "spans")).toBe(true);
  });

  test("of exporters tells even without traffic, since they send zeros too", () => {
    expect(silenceTells({ ...empty, canaryLast: 1000 }, 60_000, "metrics")).toBe(true);
  });
});

describe("many canaries that fall silent together", () => {
  const now = 1_000_000;
  const world = new SmallWorld();
  const entry = (canaryLast: number | null) => ({
    analysis: world.ledger.analysis(opened)!,
    policy: defaultPolicy,
    state: { ...emptyEngineState, counts, integrity: { ...empty, canaryLast } },
  });
  const opened = world.open("report");
  const alive = now - 12_000;

  test("freeze: three of ten inside a minute", () => {
    const entries = [now - 60_000, now - 70_000, now - 90_000, ...Array.from({ length: 7 }, () => alive)];
    expect(correlatedSilence(entries.map(entry), now)).toBe(true);
  });

  test("do not freeze when two fall silent, or when they fell silent an hour apart", () => {
    const two = [now - 60_000, now - 70_000, ...Array.from({ length: 4 }, () => alive)];
    expect(correlatedSilence(two.map(entry), now)).toBe(false);
    const apart = [now - 60_000, now - 500_000, now - 900_000, alive];
    expect(correlatedSilence(apart.map(entry), now)).toBe(false);
  });

  test("do not freeze when they are few among many", () => {
    const few = [now - 60_000, now - 61_000, now - 62_000, ...Array.from({ length: 20 }, () => alive)];
    expect(correlatedSilence(few.map(entry), now)).toBe(false);
  });
});
