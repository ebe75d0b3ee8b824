import { describe, expect, test } from "vitest";
import { chanceOf } from "#test/bench/judge/chance.ts";
import { clopperPearson, mostOf } from "#test/bench/judge/clopper-pearson.ts";
import { marginWith } from "#test/bench/judge/family-g.ts";
import { playHaldane, policyOf, type HaldaneVerdict } from "#test/bench/judge/haldane.ts";
import { playRivals } from "#test/bench/judge/rivals.ts";
import { plainOperation, plainScenario, steadyWorld, type World } from "#test/bench/judge/scenario.ts";
import { drawStream } from "#test/bench/judge/stream.ts";

const seconds = 600;
/** A stretch of ten minutes that is watched to its end. */
const watched = { horizon: "10m", minimum: "10m" };

const differing: World = {
  ...steadyWorld,
  noise: "differing",
  rps: () => 300,
  split: () => 0.3,
  instances: { canary: 2, baseline: 4 },
  operations: [{ ...plainOperation, errors: 0.01 }],
};
const errorsAlone = { ...differing, durations: false };

function play(
  world: World,
  policy: Record<string, unknown>,
  count: number,
  scenario: number,
): readonly HaldaneVerdict[] {
  return Array.from({ length: count }, (_, replicate) =>
    playHaldane(drawStream(world, chanceOf(scenario, replicate), seconds), policyOf(policy), {
      untilSecond: seconds,
    }),
  );
}

function suspected(verdicts: readonly HaldaneVerdict[]): number {
  return verdicts.filter(({ peakLogHarm }) => peakLogHarm >= Math.log(10)).length;
}

function count(verdicts: readonly HaldaneVerdict[], word: HaldaneVerdict["word"]): number {
  return verdicts.filter((verdict) => verdict.word === word).length;
}

function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Infinity;
}

describe("drawn canaries whose instances, minutes and shared load differ", () => {
  const healthyTitle =
    "healthy ones raise an e-value of 10 no more often than a tenth, and are rolled back no more than alpha";
  test(healthyTitle, { timeout: 300_000 }, () => {
    const verdicts = [
      ...play(differing, watched, 24, 950),
      ...play(errorsAlone, { ...watched, latency: { guarded: false } }, 80, 951),
    ];
    expect(suspected(verdicts)).toBeLessThanOrEqual(mostOf(verdicts.length, 0.1));
    expect(count(verdicts, "rollback")).toBeLessThanOrEqual(mostOf(verdicts.length, 0.01));
  });

  test("had the canary four times the errors, the same counts would tell", () => {
    const world = { ...errorsAlone, operations: [{ ...plainOperation, errors: 0.01, theta: 4 }] };
    const verdicts = play(world, { ...watched, latency: { guarded: false } }, 20, 952);
    expect(suspected(verdicts)).toBeGreaterThan(mostOf(verdicts.length, 0.1));
    expect(count(verdicts, "rollback")).toBeGreaterThan(mostOf(verdicts.length, 0.01));
  });

  test("at the margin that the instances can resolve they are promoted no more often than beta", () => {
    const theta = marginWith("errors", errorsAlone.instances);
    const world = { ...errorsAlone, operations: [{ ...plainOperation, errors: 0.01, theta }] };
    const policy = { horizon: "10m", errors: { ceiling: null }, latency: { guarded: false } };
    const verdicts = play(world, policy, 80, 953);
    expect(count(verdicts, "promote")).toBeLessThanOrEqual(mostOf(verdicts.length, 0.05));
  });

  test("healthy ones with errors under the ceiling are promoted in ten minutes", () => {
    const world = { ...differing, rps: () => 1000, operations: [plainOperation] };
    const verdicts = play(world, { horizon: "10m" }, 12, 954);
    expect(count(verdicts, "promote")).toBeGreaterThanOrEqual(11);
  });

  test("five times the errors are rolled back within 40 s", () => {
    const world: World = {
      ...errorsAlone,
      noise: "alike",
      rps: () => 1000,
      split: () => 0.05,
      instances: { canary: 3, baseline: 6 },
      operations: [{ ...plainOperation, errors: 0.01, theta: 5 }],
    };
    const verdicts = play(world, { ...watched, latency: { guarded: false } }, 20, 955);
    expect(count(verdicts, "rollback")).toBe(20);
    expect(medianOf(verdicts.map(({ at }) => at))).toBeLessThanOrEqual(40);
  });

  test("a z test repeated on the same healthy streams cries wolf: the streams do tempt", () => {
    const scenario = {
      ...plainScenario,
      id: 951,
      family: "A" as const,
      name: "healthy",
      world: errorsAlone,
    };
    const fired = Array.from({ length: 40 }, (_, replicate) => {
      const stream = drawStream(errorsAlone, chanceOf(951, replicate), seconds);
      return playRivals(stream, scenario, 0.01).z !== null;
    });
    expect(fired.filter(Boolean).length).toBeGreaterThan(mostOf(40, 0.01));
  });

  test("a replicate is the same whatever was played before it", () => {
    const policy = { ...watched, latency: { guarded: false } };
    const [, second] = play(errorsAlone, policy, 2, 956);
    const alone = playHaldane(drawStream(errorsAlone, chanceOf(956, 1), seconds), policyOf(policy), {
      untilSecond: seconds,
    });
    expect(alone).toEqual(second);
  });
});

test("exact intervals are those of the tables", () => {
  // Clopper and Pearson 1934: 95 % for 0 of 10 and 5 of 10.
  const [, upper] = clopperPearson(0, 10, 0.95);
  expect(upper).toBeCloseTo(0.3085, 4);
  const [low, high] = clopperPearson(5, 10, 0.95);
  expect([low, high].map((side) => Number(side.toFixed(4)))).toEqual([0.1871, 0.8129]);
});
