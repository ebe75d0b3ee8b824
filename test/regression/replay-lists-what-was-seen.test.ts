import { describe, expect, test } from "vitest";
import { recordedLines, type RecordedArm } from "#test/support/recorded-service.ts";
import { replayed } from "#test/support/replayed.ts";

/*
 * A replay that was asked for a name that the files do not hold said that nothing was seen of it, and not what was.
 */

const arm: RecordedArm = {
  version: "1.0.0",
  instances: 1,
  rps: 20,
  errors: () => 0,
  median: () => 0.05,
  tau: 0,
  speedTau: 0,
  from: 0,
};
const lines = recordedLines([
  {
    name: "shop/checkout",
    canary: { ...arm, version: "2.0.0", from: 5 },
    baseline: arm,
    seconds: 40,
    intervalSeconds: 5,
    seed: 1,
  },
]);

describe("a replay that is asked for what the files do not hold lists what they do", () => {
  test.each([
    [{ service: "basket" }, 'no telemetry of "basket" seen; services seen: shop/checkout'],
    [
      { canary: "3.0.0" },
      'no telemetry of the canary "3.0.0" of shop/checkout seen; versions seen: 1.0.0, 2.0.0',
    ],
    [
      { canary: "2.0.0", baseline: "0.9.0" },
      'no telemetry of the baseline "0.9.0" of shop/checkout seen; versions seen: 1.0.0, 2.0.0',
    ],
  ])("%o", async (options, text) => {
    const { finals } = await replayed(lines, options);
    expect(finals).toHaveLength(1);
    expect(finals[0]?.verdict).not.toBe("promote");
    expect(finals[0]?.reasons[0]).toEqual({ code: "waiting", text });
  });

  test("names that are there are not told", async () => {
    const { finals } = await replayed(lines, { service: "checkout", canary: "2.0.0", baseline: "1.0.0" });
    expect(finals[0]?.reasons.map((reason) => reason.text).join()).not.toContain("versions seen");
  });
});
