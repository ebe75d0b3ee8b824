import {
  instancesAt,
  plainOperation,
  plainScenario,
  steadyWorld,
  type OperationShape,
  type Scenario,
  type World,
} from "./scenario.ts";

/** The whole hour is watched: a promotion would end the watch and hide later false alarms. */
const watched = { minimum: "60m" };

function equal(id: number, name: string, world: Partial<World>, changes: Partial<Scenario> = {}): Scenario {
  return {
    ...plainScenario,
    policy: watched,
    ...changes,
    id,
    family: "A",
    name,
    world: { ...steadyWorld, ...world },
  };
}

const shares = [0.01, 0.05, 0.5];
const rates = [100, 1000];

export function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}

const grid = (["alike", "differing"] as const).flatMap((noise, i) =>
  shares.flatMap((share, j) =>
    rates.map((rps, k) =>
      equal(1 + i * 6 + j * 2 + k, `${noise}, ${percent(share)} of ${rps} rps`, {
        noise,
        rps: () => rps,
        split: () => share,
        instances: instancesAt(share),
      }),
    ),
  ),
);

const climb = [0.01, 0.05, 0.25, 0.5];
const differing = { noise: "differing" } as const;
const threeOf20 = { instances: { canary: 3, baseline: 20 } };

/** A quick and a slow route; the canary gets half as much again of the slow one. */
const shifted: readonly OperationShape[] = [
  { ...plainOperation, name: "GET /items", traffic: { canary: 0.7, baseline: 0.8 }, errors: 0.0005 },
  {
    ...plainOperation,
    name: "POST /pay",
    traffic: { canary: 0.3, baseline: 0.2 },
    errors: 0.004,
    speed: 0.7,
  },
];

/** The error budget of many signals: forty operations with two signals each, and the policy's hundred counters. */
const many: readonly OperationShape[] = Array.from({ length: 40 }, (_, i) => ({
  ...plainOperation,
  name: `GET /${i}`,
  traffic: { canary: 1 / 40, baseline: 1 / 40 },
  errors: 0.001 * (1 + (i % 5)),
  speed: 0.1 * ((i % 7) - 3),
}));

const twists: readonly Scenario[] = [
  equal(13, "ramp 1, 5, 25, 50 %", {
    ...threeOf20,
    ...differing,
    split: (second) => climb[Math.min(3, Math.floor(second / 900))]!,
  }),
  equal(14, "diurnal swing of traffic and errors", {
    ...threeOf20,
    ...differing,
    rps: (second) => 100 * (1 + 0.6 * Math.sin((2 * Math.PI * second) / 3600)),
    errorFactor: (_, second) => 2 + Math.sin((2 * Math.PI * second) / 1800),
  }),
  equal(15, "outage of five minutes in both arms", {
    ...threeOf20,
    ...differing,
    errorFactor: (_, second) => (second >= 1200 && second < 1500 ? 50 : 1),
    slowdown: (_, second) => (second >= 1200 && second < 1500 ? 0.7 : 0),
  }),
  equal(16, "the canary gets more of the slow route", { ...threeOf20, ...differing, operations: shifted }),
  equal(17, "cold start: 50 % slower for 20 s", {
    ...threeOf20,
    ...differing,
    slowdown: (side, second) => (side === "canary" ? 0.4 * Math.exp(-second / 15) : 0),
  }),
  equal(18, "age mismatch: 15 % slower at first, gone in 10 min", {
    ...threeOf20,
    ...differing,
    slowdown: (side, second) => (side === "canary" ? 0.15 * Math.exp(-second / 200) : 0),
  }),
  equal(19, "retry storms: each failed request is tried three times", {
    ...threeOf20,
    ...differing,
    twist: { twist: "retries", attempts: 3 },
  }),
  equal(20, "one bot whose requests fail in bursts", {
    ...threeOf20,
    ...differing,
    twist: { twist: "bot", rps: 2, errors: 0.2 },
  }),
  equal(21, "telemetry gaps of 5 %", { ...threeOf20, ...differing, twist: { twist: "gaps", share: 0.05 } }),
  equal(22, "5 % of rows 60 s late", {
    ...threeOf20,
    ...differing,
    twist: { twist: "late", share: 0.05, bySeconds: 60 },
  }),
  equal(23, "instances restart every 10 min and lose windows", {
    ...threeOf20,
    ...differing,
    twist: { twist: "restarts", everySeconds: 600, lostWindows: 2 },
  }),
  equal(
    24,
    "80 signals of 40 operations and 2 of the service",
    { ...threeOf20, ...differing, operations: many, split: () => 0.13 },
    { replicatesPart: 0.1 },
  ),
  equal(25, "alike, 1 % of 10 rps: six requests a minute", {
    rps: () => 10,
    split: () => 0.01,
    instances: instancesAt(0.01),
  }),
];

/** A/A: canary and baseline are the same. A rollback is false. */
export const familyA: readonly Scenario[] = [...grid, ...twists];
