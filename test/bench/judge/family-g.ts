import { instanceSpread, roundedUp } from "#analyzers/stats/effective-instances.ts";
import { harmSteps } from "#analyzers/stats/ratio-grid.ts";
import { speedSteps } from "#analyzers/stats/speed-grid.ts";
import { provableLogMargin } from "#analyzers/stats/widened-margin.ts";
import { plainOperation, plainScenario, steadyWorld, type Scenario, type World } from "./scenario.ts";

const arms = [
  { canary: 1, baseline: 1, share: 0.5 },
  { canary: 2, baseline: 3, share: 0.4 },
  { canary: 3, baseline: 20, share: 0.13 },
  { canary: 10, baseline: 10, share: 0.5 },
] as const;

const beta = 0.05;

/** The margin that the engine will use with these instances: the policy's, or what they can prove, but never beyond the widest. */
export function marginWith(
  kind: "errors" | "latency",
  { canary, baseline }: { readonly canary: number; readonly baseline: number },
): number {
  const spread = instanceSpread(
    Array.from({ length: canary }, () => 1),
    Array.from({ length: baseline }, () => 1),
  );
  const [tau, least, most, steps] =
    kind === "errors" ? ([0.25, 1.5, 3, harmSteps] as const) : ([0.06, 1.2, 1.5, speedSteps] as const);
  const provable = Math.exp(
    provableLogMargin({
      tau: roundedUp(tau * spread),
      degrees: 10,
      tailShare: beta / 4,
      needed: 1 / beta,
      steps,
    }),
  );
  return Math.min(most, Math.max(least, provable));
}

function atMargin(
  id: number,
  kind: "errors" | "latency",
  arm: (typeof arms)[number],
  times: number,
): Scenario {
  const ratio = marginWith(kind, arm) * times;
  const world: World = {
    ...steadyWorld,
    noise: "differing",
    rps: () => 1000,
    split: () => arm.share,
    instances: arm,
    durations: kind === "latency",
    operations: [
      kind === "errors"
        ? { ...plainOperation, theta: ratio }
        : { ...plainOperation, slowness: { kind: "scale", by: ratio - 1 } },
    ],
  };
  return {
    ...plainScenario,
    id,
    family: "G",
    name: `${kind} at ${times}x the margin ${ratio.toPrecision(3)}x, ${arm.canary} v ${arm.baseline}`,
    truth: times >= 1 ? "pastMargin" : "between",
    replicatesPart: kind === "errors" ? 0.25 : 0.1,
    theta: kind === "errors" ? ratio : null,
    policy:
      kind === "errors"
        ? { errors: { ceiling: null }, latency: { guarded: false } }
        : { errors: { guarded: false } },
    world,
  };
}

const boundary = arms.flatMap((arm, i) => [
  ...[0.9, 1, 1.2, 2].map((times, j) => atMargin(601 + 10 * i + j, "errors", arm, times)),
  ...[1, 1.2, 2].map((times, j) => atMargin(605 + 10 * i + j, "latency", arm, times)),
]);

function healthy(id: number, name: string, world: Partial<World>): Scenario {
  return {
    ...plainScenario,
    id,
    family: "G",
    name,
    replicatesPart: 0.1,
    theta: 1,
    world: { ...steadyWorld, ...world },
  };
}

const twoOf3 = { split: () => 0.4, instances: { canary: 2, baseline: 3 } };
const half = { rps: () => 1000, split: () => 0.5, instances: { canary: 10, baseline: 10 } };

/** Canaries at their margin, which must not be promoted, and healthy ones, which should be. */
export const familyG: readonly Scenario[] = [
  ...boundary,
  healthy(650, "healthy, 40 % of 300 rps, 2 v 3", { ...twoOf3, rps: () => 300 }),
  healthy(651, "healthy and differing, 40 % of 300 rps, 2 v 3", {
    ...twoOf3,
    rps: () => 300,
    noise: "differing",
  }),
  healthy(652, "healthy, 50 % of 1000 rps, 10 v 10", half),
  healthy(653, "healthy and differing, 50 % of 1000 rps, 10 v 10", { ...half, noise: "differing" }),
  healthy(654, "healthy, base 1 %, 5 % of 1000 rps, 3 v 6", {
    rps: () => 1000,
    instances: { canary: 3, baseline: 6 },
    operations: [{ ...plainOperation, errors: 0.01 }],
  }),
];
