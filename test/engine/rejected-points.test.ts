import { describe, expect, test } from "vitest";
import { forecastOf } from "#engine/forecast.ts";
import { addRejected } from "#engine/rejected-points.ts";
import type { ArmRow } from "#engine/tiles.ts";
import type { Measure } from "#model/sample.ts";
import { recordedLines, type RecordedArm } from "#test/support/recorded-service.ts";
import { replayed } from "#test/support/replayed.ts";

const healthy: RecordedArm = {
  version: "1.4.0",
  instances: 6,
  rps: 300,
  errors: () => 0.001,
  median: () => 0.08,
  tau: 0,
  speedTau: 0,
  from: 0,
};
const seconds = 600;

function recording(canary: Partial<RecordedArm> = {}): readonly string[] {
  const newer = { ...healthy, version: "1.5.0", instances: 3, rps: 100, from: 30, ...canary };
  return recordedLines([
    { name: "shop/cart", canary: newer, baseline: healthy, seconds, intervalSeconds: 10, seed: 7 },
  ]);
}

/** Makes every nth line of a version unusable. */
function spoiled(lines: readonly string[], version: string, every: number): readonly string[] {
  let seen = 0;
  return lines.map((line) => {
    if (!line.includes(`"stringValue":"${version}"`)) return line;
    seen += 1;
    return seen % every === 2 ? line.replace(/"sum":[^,]+/g, '"sum":"Infinity"') : line;
  });
}

describe("points that could not be used", () => {
  test("in more than one in a hundred windows of an arm leave the signal unknown, which is never a pass", async () => {
    const { finals } = await replayed(spoiled(recording(), "1.5.0", 30));
    const findings = finals[0]?.findings ?? [];
    expect(finals.map(({ verdict }) => verdict)).toEqual(["continue"]);
    expect(findings.filter(({ guarded }) => guarded).map(({ conclusion }) => conclusion)).toEqual([
      "unknown",
      "unknown",
    ]);
    expect(findings[0]?.why).toMatch(/points were rejected in 3\.\d+ % of the canary's windows/);
  });

  test("in the baseline alone count as much", async () => {
    const { finals } = await replayed(spoiled(recording(), "1.4.0", 30));
    expect(finals[0]?.verdict).toBe("continue");
    expect(finals[0]?.findings[0]?.why).toContain("of the baseline's windows");
  });

  test("in fewer windows change nothing", async () => {
    const clean = await replayed(recording());
    const { finals } = await replayed(spoiled(recording(), "1.4.0", 150));
    expect(clean.finals.map(({ verdict }) => verdict)).toEqual(["promote"]);
    expect(finals.map(({ verdict }) => verdict)).toEqual(["promote"]);
  });

  test("do not hide harm that the rest shows", async () => {
    const { finals } = await replayed(spoiled(recording({ errors: () => 0.05 }), "1.5.0", 30));
    expect(finals.map(({ verdict }) => verdict)).toEqual(["rollback"]);
  });

  test("are counted beside the metric's own windows: other telemetry of an instance makes them no fewer", () => {
    const at = (window: number, measure: Measure): ArmRow => ({
      arm: "canary",
      row: {
        deploymentId: 1,
        instanceId: 1,
        measure,
        window,
        late: false,
        sample: { kind: "counter", total: 1 },
      },
    });
    const rows = Array.from({ length: 120 }, (_, k) => at(k * 5000, { kind: "logs" }));
    const exported = [0, 60_000, 120_000].map((window) => at(window, { kind: "counter", metric: "hits" }));
    const refused = at(60_000, { kind: "rejected", metric: "hits" });
    expect(addRejected({}, [...rows, ...exported, refused], "canary")).toEqual({
      hits: { windows: 3, rejected: 1 },
    });
  });

  test("leave no evidence of safety in the finding, so that neither score nor forecast counts on it", async () => {
    const { finals } = await replayed(spoiled(recording(), "1.5.0", 30));
    const guarded = (finals[0]?.findings ?? []).filter((finding) => finding.guarded);
    expect(guarded.map(({ evidence }) => evidence.safe)).toEqual([null, null]);
    expect(forecastOf(guarded)).toBeNull();
  });
});
