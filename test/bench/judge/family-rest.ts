import {
  plainOperation,
  plainScenario,
  steadyWorld,
  unjudged,
  type Scenario,
  type World,
} from "./scenario.ts";

const gauges = "gauges are judged by level, and the worlds of this benchmark draw none yet";
/** CPU, leaks and pauses. */
export const familyD: readonly Scenario[] = [1, 3, 10].flatMap((pods, i) => [
  ...["CPU +5 %", "CPU +10 %", "CPU +20 %", "leak of 1 % a minute"].map((name, j) =>
    unjudged("D", 301 + 4 * i + j, `${name}, ${pods} canary ${pods === 1 ? "pod" : "pods"}`, gauges),
  ),
]);

const kpis = "shares whose fall is the harm (conversion) are not a signal yet";
export const familyE: readonly Scenario[] = [
  "equal at 3 %",
  "3 % to 2.9 %",
  "3 % to 2.7 %",
  "equal, outcomes delayed by 10 min",
  "3 % to 2.7 %, outcomes delayed",
  "equal, users differ",
].map((name, i) => unjudged("E", 401 + i, `conversion ${name}`, kpis));

const structure = "calls to dependencies are not a signal yet";
export const familyF: readonly Scenario[] = [
  "equal",
  "a new dependency",
  "a lost dependency",
  "fan-out doubled",
  "fan-out +20 %",
  "retries doubled without errors",
].map((name, i) => unjudged("F", 501 + i, `traces: ${name}`, structure));

function hostile(id: number, name: string, truth: Scenario["truth"], world: Partial<World>): Scenario {
  const threeOf20 = { split: () => 0.13, instances: { canary: 3, baseline: 20 } };
  return {
    ...plainScenario,
    id,
    family: "H",
    name,
    truth,
    replicatesPart: 0.1,
    world: { ...steadyWorld, ...threeOf20, noise: "differing", ...world },
  };
}

const wire = "decided before the engine sees it: held by the tests of ingestion";
/** Telemetry that lies, and worlds that break. */
export const familyH: readonly Scenario[] = [
  {
    ...hostile(701, "canary crashes at minute 5 and falls silent", "harmful", {
      twist: { twist: "crash", atSecond: 300 },
    }),
    policy: { minimum: "60m" },
    differsFrom: 300,
  },
  hostile(702, "a shared database suffers in both arms from the onset on", "pastMargin", {
    errorFactor: (_, second) => (second >= 0 ? 20 : 1),
    slowdown: (_, second) => (second >= 0 ? 0.5 : 0),
  }),
  {
    ...hostile(703, "2 % of the canary's spans tagged as the baseline, x5", "harmful", {
      operations: [{ ...plainOperation, theta: 5 }],
      twist: { twist: "mistagged", share: 0.02 },
    }),
    policy: { minimum: "60m", errors: { ceiling: null } },
  },
  hostile(704, "the canary's clocks are 30 s behind, healthy", "healthy", {
    twist: { twist: "skew", seconds: 30 },
  }),
  unjudged("H", 705, "duplicate batches", wire),
  unjudged("H", 706, "NaN and infinite values", wire),
  hostile(707, "no traffic for the canary", "pastMargin", { split: () => 0 }),
  hostile(708, "no baseline", "pastMargin", { twist: { twist: "baselineAbsent" } }),
];
