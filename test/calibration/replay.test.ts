import { describe, expect, test } from "vitest";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import {
  recordedLines,
  recordingStart,
  type RecordedArm,
  type RecordedService,
} from "#test/support/recorded-service.ts";
import { replayed } from "#test/support/replayed.ts";

/** HALDANE_PROOF=full plays every family with 200 services over the whole quarter of an hour. */
const full = process.env["HALDANE_PROOF"] === "full";
const alpha = 0.01;
const onset = 30;

const sound: RecordedArm = {
  version: "1.4.0",
  instances: 6,
  rps: 950,
  errors: () => 0.01,
  median: () => 0.08,
  tau: 0,
  speedTau: 0,
  from: 0,
};

interface Family {
  readonly canary: Partial<RecordedArm>;
  readonly baseline: Partial<RecordedArm>;
  readonly services: number;
  readonly seconds: number;
}

async function play(family: Family, seed: number) {
  const count = full ? 200 : family.services;
  const services = Array.from({ length: count }, (_, at): RecordedService => ({
    name: `shop/service-${at}`,
    canary: { ...sound, version: "1.5.0", instances: 3, rps: 50, from: onset, ...family.canary },
    baseline: { ...sound, ...family.baseline },
    seconds: full ? 900 : family.seconds,
    intervalSeconds: 10,
    seed: seed * 1000 + at,
  }));
  const { finals, badLines } = await replayed(recordedLines(services));
  expect(badLines).toEqual([]);
  expect(finals).toHaveLength(count);
  const share = (word: string): number => finals.filter(({ verdict }) => verdict === word).length / count;
  const delays = finals
    .filter(({ verdict }) => verdict === "rollback")
    .map(({ at }) => at / 1000 - recordingStart - onset)
    .sort((a, b) => a - b);
  return { count, share, medianDelaySeconds: delays[Math.floor((delays.length - 1) / 2)] ?? Infinity };
}

/** The most rollbacks among n that alpha explains with 99 %. */
function mostFalse(n: number): number {
  let most = 0;
  while (binomialAtLeast(most + 1, n, alpha) > 0.01) most += 1;
  return most;
}

describe("services in one recording, metrics only, exports of 10 s, 3 instances against 6", () => {
  test("equal versions are rolled back no more often than alpha allows", { timeout: 900_000 }, async () => {
    const { share, count } = await play({ canary: {}, baseline: {}, services: 200, seconds: 240 }, 1);
    expect(share("rollback") * count).toBeLessThanOrEqual(mostFalse(count));
  });

  test("instances that differ by 30 % are not taken for harm", { timeout: 900_000 }, async () => {
    const differing = { tau: 0.3, speedTau: 0.05 };
    const family = { canary: differing, baseline: differing, services: 200, seconds: 300 };
    const { share, count } = await play(family, 2);
    expect(share("rollback") * count).toBeLessThanOrEqual(mostFalse(count));
  });

  test(
    "five times the errors are rolled back within a minute and never promoted",
    { timeout: 900_000 },
    async () => {
      const family = { canary: { errors: () => 0.05 }, baseline: {}, services: 60, seconds: 180 };
      const { share, medianDelaySeconds } = await play(family, 3);
      expect(share("promote")).toBe(0);
      expect(share("rollback")).toBe(1);
      expect(medianDelaySeconds).toBeLessThanOrEqual(60);
    },
  );

  test("twice the errors are never promoted", { timeout: 900_000 }, async () => {
    const family = { canary: { errors: () => 0.02 }, baseline: {}, services: 60, seconds: 480 };
    const { share } = await play(family, 4);
    expect(share("promote")).toBe(0);
  });

  test(
    "healthy services with errors under the ceiling are promoted within a quarter of an hour",
    { timeout: 900_000 },
    async () => {
      const few = { errors: () => 0.001 };
      const family = {
        canary: { ...few, rps: 40 },
        baseline: { ...few, rps: 760 },
        services: 60,
        seconds: 600,
      };
      const { share } = await play(family, 5);
      expect(share("promote")).toBeGreaterThanOrEqual(0.9);
    },
  );

  test("40 % slower at the median is rolled back", { timeout: 900_000 }, async () => {
    const family = { canary: { median: () => 0.112 }, baseline: {}, services: 40, seconds: 300 };
    const { share } = await play(family, 6);
    expect(share("rollback")).toBe(1);
  });

  test(
    "twice as slow from a minute after the canary came on is rolled back within a minute",
    { timeout: 900_000 },
    async () => {
      const late = 90;
      const family = {
        canary: { median: (second: number) => (second >= late ? 0.16 : 0.08) },
        baseline: {},
        services: 20,
        seconds: 210,
      };
      const { share, medianDelaySeconds } = await play(family, 8);
      // A few are promoted before it begins: this is a report, which ends then.
      expect(share("rollback")).toBeGreaterThanOrEqual(0.9);
      expect(medianDelaySeconds - (late - onset)).toBeLessThanOrEqual(60);
    },
  );

  test("2 % slower is not rolled back", { timeout: 900_000 }, async () => {
    const family = { canary: { median: () => 0.0816 }, baseline: {}, services: 40, seconds: 300 };
    const { share, count } = await play(family, 7);
    expect(share("rollback") * count).toBeLessThanOrEqual(mostFalse(count));
  });
});
