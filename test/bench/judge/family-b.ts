import { percent } from "./family-a.ts";
import {
  instancesAt,
  plainOperation,
  plainScenario,
  steadyWorld,
  unjudged,
  type OperationShape,
  type Scenario,
  type World,
} from "./scenario.ts";

/** Errors alone are judged, to the end of the hour: what is found is told apart from what would be promoted first. */
const errorsOnly = { minimum: "60m", latency: { guarded: false }, errors: { ceiling: null } };

function worse(id: number, name: string, theta: number, world: Partial<World>): Scenario {
  const baseline = world.operations?.[0] ?? plainOperation;
  return {
    ...plainScenario,
    id,
    family: "B",
    name,
    truth: "harmful",
    replicatesPart: 0.25,
    theta,
    policy: errorsOnly,
    world: { ...steadyWorld, durations: false, ...world, operations: [{ ...baseline, theta }] },
  };
}

function cell(noise: World["noise"], share: number, rps: number): Partial<World> {
  return { noise, rps: () => rps, split: () => share, instances: instancesAt(share) };
}

const grid = (["alike", "differing"] as const).flatMap((noise, i) =>
  [0.01, 0.05, 0.5].flatMap((share, j) =>
    [10, 100, 1000].flatMap((rps, k) =>
      [2, 5, 20].map((theta, l) =>
        worse(
          101 + i * 27 + j * 9 + k * 3 + l,
          `${noise}, ${percent(share)} of ${rps} rps, x${theta}`,
          theta,
          cell(noise, share, rps),
        ),
      ),
    ),
  ),
);

/** The cells in which an oracle at alpha 0.1 % needs between about one minute and the hour. */
const strict = (
  [
    [0.01, 100, 20],
    [0.01, 1000, 5],
    [0.05, 100, 5],
    [0.05, 100, 20],
    [0.05, 1000, 2],
    [0.5, 10, 5],
    [0.5, 100, 2],
    [0.5, 100, 5],
    [0.5, 1000, 2],
  ] as const
).map(([share, rps, theta], i): Scenario => ({
  ...worse(
    170 + i,
    `alpha 0.1 %: alike, ${percent(share)} of ${rps} rps, x${theta}`,
    theta,
    cell("alike", share, rps),
  ),
  policy: { ...errorsOnly, alpha: 0.001 },
}));

const threeOf6 = {
  rps: () => 1000,
  split: () => 0.05,
  instances: { canary: 3, baseline: 6 },
  operations: [{ ...plainOperation, errors: 0.01 }],
};

const fromFiveMinutes = worse(
  161,
  "x5 from minute 5 on: 5 % of 1000 rps, base 1 %, 3 instances v 6",
  5,
  threeOf6,
);

/** Six of forty operations fail twice as often. */
const mixed: readonly OperationShape[] = Array.from({ length: 40 }, (_, i) => ({
  ...plainOperation,
  name: `GET /${i}`,
  traffic: { canary: 1 / 40, baseline: 1 / 40 },
  errors: 0.005,
  theta: i < 6 ? 2 : 1,
}));

const specials: readonly Scenario[] = [
  worse(160, "x5 at once: 5 % of 1000 rps, base 1 %, 3 instances v 6", 5, threeOf6),
  {
    ...fromFiveMinutes,
    theta: null,
    differsFrom: 300,
    world: {
      ...fromFiveMinutes.world,
      operations: threeOf6.operations,
      errorFactor: (side, second) => (side === "canary" && second >= 300 ? 5 : 1),
    },
  },
  {
    ...worse(162, "errors from zero: none before, 0.1 % in the canary", 1, cell("alike", 0.05, 1000)),
    theta: null,
    world: {
      ...steadyWorld,
      ...cell("alike", 0.05, 1000),
      durations: false,
      errorFactor: (side) => (side === "canary" ? 1 : 0),
    },
  },
  {
    ...worse(163, "a burst that goes away: x3 for three minutes", 1, cell("differing", 0.05, 1000)),
    truth: "between",
    theta: null,
    differsFrom: 600,
    world: {
      ...steadyWorld,
      ...cell("differing", 0.05, 1000),
      durations: false,
      errorFactor: (side, second) => (side === "canary" && second >= 600 && second < 780 ? 3 : 1),
    },
  },
  {
    ...worse(165, "6 of 40 operations x2, 50 % of 1000 rps", 2, cell("differing", 0.5, 1000)),
    theta: null,
    replicatesPart: 0.05,
    culprits: ["errors", ...mixed.slice(0, 6).map(({ name }) => `errors ${name}`)],
    world: { ...steadyWorld, ...cell("differing", 0.5, 1000), durations: false, operations: mixed },
  },
  unjudged("B", 166, "another type of error at an equal rate", "the mix of status codes is not a signal yet"),
];

/** Error shares that are worse. */
export const familyB: readonly Scenario[] = [...grid, ...strict, ...specials];
