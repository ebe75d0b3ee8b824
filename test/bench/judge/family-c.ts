import type { Slowness } from "./duration-shape.ts";
import { percent } from "./family-a.ts";
import {
  instancesAt,
  plainOperation,
  plainScenario,
  steadyWorld,
  type OperationShape,
  type Scenario,
  type World,
} from "./scenario.ts";

/** Errors are equal; the hour is watched to its end. */
const watched = { minimum: "60m", errors: { guarded: false } };

function slower(id: number, name: string, slowness: Slowness, world: Partial<World>): Scenario {
  return {
    ...plainScenario,
    id,
    family: "C",
    name,
    truth: "harmful",
    replicatesPart: 0.25,
    policy: watched,
    world: { ...steadyWorld, ...world, operations: [{ ...plainOperation, slowness }] },
  };
}

const cells = [
  [0.01, 100],
  [0.01, 1000],
  [0.05, 100],
  [0.05, 1000],
  [0.5, 100],
] as const;

const grid = (["alike", "differing"] as const).flatMap((noise, i) =>
  cells.flatMap(([share, rps], j) =>
    (["scale", "tail"] as const).flatMap((kind, k) =>
      [0.1, 0.2, 0.5].map((by, l) =>
        slower(
          201 + i * 30 + j * 6 + k * 3 + l,
          `${noise}, ${percent(share)} of ${rps} rps, ${kind === "scale" ? "all" : "tail"} +${by * 100} %`,
          { kind, by },
          { noise, rps: () => rps, split: () => share, instances: instancesAt(share) },
        ),
      ),
    ),
  ),
);

const of20 = { rps: () => 1000, split: () => 0.13, instances: { canary: 3, baseline: 20 } };

const oneSlow: readonly OperationShape[] = Array.from({ length: 40 }, (_, i) => ({
  ...plainOperation,
  name: `GET /${i}`,
  traffic: { canary: 1 / 40, baseline: 1 / 40 },
  slowness: i === 0 ? { kind: "scale", by: 0.5 } : { kind: "none" },
}));

const specials: readonly Scenario[] = [
  slower(280, "0.2 % time-outs, 13 % of 1000 rps", { kind: "timeOuts", part: 0.002 }, of20),
  slower(
    281,
    "p50 20 % better, p99 50 % worse, 13 % of 1000 rps",
    { kind: "mixed", faster: 0.2, by: 0.5 },
    of20,
  ),
  {
    ...slower(282, "one of 40 operations +50 %, 13 % of 1000 rps", { kind: "none" }, of20),
    replicatesPart: 0.02,
    culprits: ["latency GET /0"],
    world: { ...steadyWorld, ...of20, operations: oneSlow },
  },
];

/** Durations that are worse, exponential histograms of scale 4. */
export const familyC: readonly Scenario[] = [...grid, ...specials];
