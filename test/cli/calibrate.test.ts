import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { CalibrateRequest } from "#cli/calibrate-request.ts";
import { calibrationText, type CalibrateAnswer } from "#cli/calibrate.ts";
import { parsePolicy, type Policy } from "#engine/policy.ts";
import { calibrate } from "#src/calibrate.ts";
import type { RecordedArm } from "#test/support/recorded-service.ts";
import { value } from "#test/support/result-value.ts";
import { storeRecording } from "#test/support/stored-recording.ts";

const folder = mkdtempSync(join(tmpdir(), "haldane calibrate "));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const equal: RecordedArm = {
  version: "1.4.0",
  instances: 6,
  rps: 300,
  errors: () => 0.02,
  median: () => 0.08,
  tau: 0,
  speedTau: 0,
  from: 0,
};
const short = { seconds: 600, intervalSeconds: 10 } as const;
const never = { ...equal, version: "0.0.0", instances: 0 };
storeRecording(folder, [
  { name: "shop/equal", canary: never, baseline: equal, seed: 1, ...short },
  {
    name: "shop/differing",
    canary: never,
    baseline: { ...equal, tau: 1.2, speedTau: 0.3 },
    seed: 2,
    ...short,
  },
  { name: "shop/alone", canary: never, baseline: { ...equal, instances: 1 }, seed: 3, ...short },
  { name: "shop/young", canary: never, baseline: equal, seed: 4, seconds: 120, intervalSeconds: 10 },
]);

const request: CalibrateRequest = {
  data: folder,
  service: "shop/equal",
  environment: null,
  baseline: null,
  policy: null,
  canaryInstances: null,
  trials: 30,
  everyMs: 30_000,
};

function answerTo(given: Partial<CalibrateRequest>): CalibrateAnswer {
  return value(calibrate({ ...request, ...given }));
}

function policyWith(errors: number, speed: number): Policy {
  const document = {
    apiVersion: "haldane/v1",
    kind: "Policy",
    errors: { spread: errors },
    latency: { spread: speed },
  };
  const parsed = parsePolicy(document);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

describe("a version compared with itself", () => {
  test("whose instances are equal is not rolled back, and its spread is told", () => {
    const answer = answerTo({});
    expect(answer).toMatchObject({ version: "1.4.0", instances: 6, canaryInstances: 3, criesWolf: false });
    expect(answer.rollbacks.alarms).toBe(0);
    // Of 20 ways to choose 3 of 6, each over the one stretch.
    expect(answer.rollbacks.trials).toBe(20);
    expect(answer.spread.errors ?? 1).toBeLessThan(0.1);
    expect(answer.spread.speed ?? 1).toBeLessThan(0.05);
    expect(answer.classes.map(({ kind }) => kind)).toEqual(["errors", "latency", "logs"]);
  });

  test("whose instances differ more than the policy says is called out, and the measured spread cures it", () => {
    const strict = policyWith(0.01, 0.005);
    const answer = answerTo({ service: "differing", policy: strict });
    expect(answer.criesWolf).toBe(true);
    expect(calibrationText(answer)).toContain("This policy cries wolf here");
    const spread = { errors: answer.spread.errors ?? 0, speed: answer.spread.speed ?? 0 };
    expect(spread.errors).toBeGreaterThan(0.4);
    expect(spread.speed).toBeGreaterThan(0.1);
    const measured = policyWith(Math.min(2, spread.errors), spread.speed);
    expect(answerTo({ service: "differing", policy: measured }).rollbacks.alarms).toBe(0);
  });

  test("gives the same answer again", () => {
    expect(answerTo({ trials: 5 })).toEqual(answerTo({ trials: 5 }));
  });

  test("with one instance, with too little history, or not stored at all cannot be told of", () => {
    const errorOf = (given: Partial<CalibrateRequest>): string => {
      const answer = calibrate({ ...request, ...given });
      return answer.ok ? "" : answer.error.message;
    };
    expect(errorOf({ service: "alone" })).toContain("needs two at least");
    expect(errorOf({ service: "young" })).toContain("of history are stored; at least 5 min");
    expect(errorOf({ service: "nobody" })).toContain(
      "known: shop/alone, shop/differing, shop/equal, shop/young",
    );
    expect(errorOf({ environment: "moon" })).toContain("known: prod");
    expect(errorOf({ baseline: "9.9.9" })).toContain("no telemetry of shop/equal 9.9.9");
    expect(errorOf({ data: join(folder, "nowhere") })).toContain("cannot be read");
  });
});
