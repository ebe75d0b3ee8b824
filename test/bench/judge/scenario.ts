import type { Slowness } from "./duration-shape.ts";

export const families = ["A", "B", "C", "D", "E", "F", "G", "H"] as const;
export type Family = (typeof families)[number];

export type Side = "canary" | "baseline";

/** One kind of request of the service and how it differs between the arms. */
export interface OperationShape {
  readonly name: string;
  /** Share of each arm's traffic. */
  readonly traffic: Readonly<Record<Side, number>>;
  /** Error share of the baseline, and the canary's ratio to it. */
  readonly errors: number;
  readonly theta: number;
  readonly slowness: Slowness;
  /** ln of the median over 100 ms. */
  readonly speed: number;
}

/**
 * What happens to telemetry or traffic beside chance. One of them at most bears on a scenario.
 * A gap loses an instance's window; a late row comes 60 s after its time; a crash ends a canary's telemetry at a second.
 */
export type Twist =
  | { readonly twist: "none" }
  | { readonly twist: "gaps"; readonly share: number }
  | { readonly twist: "late"; readonly share: number; readonly bySeconds: number }
  | { readonly twist: "restarts"; readonly everySeconds: number; readonly lostWindows: number }
  | { readonly twist: "retries"; readonly attempts: number }
  | { readonly twist: "bot"; readonly rps: number; readonly errors: number }
  | { readonly twist: "crash"; readonly atSecond: number }
  | { readonly twist: "mistagged"; readonly share: number }
  | { readonly twist: "skew"; readonly seconds: number }
  | { readonly twist: "duplicates"; readonly share: number }
  | { readonly twist: "baselineAbsent" };

/** A world that is drawn window by window. Seconds count from the first canary request; before it only the baseline serves. */
export interface World {
  /** Requests per second of both arms together. */
  readonly rps: (second: number) => number;
  /** The canary's share of them. */
  readonly split: (second: number) => number;
  readonly instances: Readonly<Record<Side, number>>;
  /** Healthy instances differ, minutes differ, and shocks hit both arms; or none of it. */
  readonly noise: "alike" | "differing";
  readonly operations: readonly OperationShape[];
  /** Multiplies the error share of an arm at a second. */
  readonly errorFactor: (side: Side, second: number) => number;
  /** Added to ln of durations of an arm at a second. */
  readonly slowdown: (side: Side, second: number) => number;
  readonly twist: Twist;
  /** False: rows carry no durations, and latency is not judged. */
  readonly durations: boolean;
}

/** What is true of the canary, against which verdicts are counted. */
export type Truth =
  | { readonly truth: "healthy" }
  | { readonly truth: "harmful" }
  /** Neither a rollback nor a promotion would be wrong: inside tolerance and margin, or unknowable. */
  | { readonly truth: "between" }
  /** At or past the margin: a promotion is wrong. */
  | { readonly truth: "pastMargin" };

export interface Scenario {
  /** Fixes the seeds: never reused, never renumbered. */
  readonly id: number;
  readonly family: Family;
  readonly name: string;
  readonly world: World;
  readonly truth: Truth["truth"];
  /** Written over the default policy. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Part of the replicates asked for: costly scenarios take fewer. */
  readonly replicatesPart: number;
  /** For the oracle and the bound: the ratio of error shares, where errors alone differ. */
  readonly theta: number | null;
  /** Second at which the difference sets in. */
  readonly differsFrom: number;
  /** Signals that are truly worse, where culprits are counted; else null. */
  readonly culprits: readonly string[] | null;
  /** Why the engine does not judge this today; the scenario is listed and not played. */
  readonly unjudged: string | null;
}

/** What a scenario is where nothing else is said: a healthy canary at 5 % of 100 requests a second. */
export const plainScenario: Omit<Scenario, "id" | "family" | "name" | "world"> = {
  truth: "healthy",
  policy: {},
  replicatesPart: 1,
  theta: null,
  differsFrom: 0,
  culprits: null,
  unjudged: null,
};

/** A scenario that the engine cannot judge today: it is listed with its reason. */
export function unjudged(family: Family, id: number, name: string, why: string): Scenario {
  return { ...plainScenario, id, family, name, world: steadyWorld, truth: "between", unjudged: why };
}

export const plainOperation: OperationShape = {
  name: "GET /items",
  traffic: { canary: 1, baseline: 1 },
  errors: 0.001,
  theta: 1,
  slowness: { kind: "none" },
  speed: 0,
};

/** Instances of each arm at the shares of traffic that the families use. */
export function instancesAt(share: number): World["instances"] {
  if (share <= 0.01) return { canary: 1, baseline: 20 };
  return share <= 0.05 ? { canary: 1, baseline: 19 } : { canary: 10, baseline: 10 };
}

export const steadyWorld: World = {
  rps: () => 100,
  split: () => 0.05,
  instances: instancesAt(0.05),
  noise: "alike",
  operations: [plainOperation],
  errorFactor: () => 1,
  slowdown: () => 0,
  twist: { twist: "none" },
  durations: true,
};
