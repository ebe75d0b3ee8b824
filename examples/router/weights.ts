import { z } from "zod";

/** What Haldane sends: absolute weights for two versions of one service, with a generation that only goes up. */
export const weightsEvent = z.object({
  type: z.literal("haldane.weights"),
  timestamp: z.string(),
  data: z.object({
    service: z.string(),
    environment: z.string(),
    canary: z.string(),
    baseline: z.string(),
    canaryWeight: z.number().min(0).max(100),
    baselineWeight: z.number().min(0).max(100),
    generation: z.number().int().min(0),
    kind: z.enum(["step", "rollback", "promote", "hold"]),
    reason: z.string(),
    analysisId: z.string(),
    idempotencyKey: z.string(),
  }),
});

/** The weights in force. Generation 0 is the state before the first command. */
export interface Weights {
  readonly canary: string | null;
  readonly baseline: string;
  readonly canaryWeight: number;
  readonly baselineWeight: number;
  readonly generation: number;
}

export type Wanted = z.output<typeof weightsEvent>["data"];

/** applied: in force from now on, also where it already was. stale: a newer command won. absurd: would leave traffic without a server. */
export type Applied =
  | { readonly tag: "applied"; readonly weights: Weights }
  | { readonly tag: "stale"; readonly generation: number }
  | { readonly tag: "absurd"; readonly message: string };

/** All traffic to one version, before any command. */
export function allTo(version: string): Weights {
  return { canary: null, baseline: version, canaryWeight: 0, baselineWeight: 100, generation: 0 };
}

/** Takes a command over the weights in force. The same command twice changes nothing; a lower generation never does. */
export function applyWeights(inForce: Weights, wanted: Wanted, serving: ReadonlySet<string>): Applied {
  if (wanted.generation < inForce.generation) return { tag: "stale", generation: inForce.generation };
  if (wanted.canaryWeight + wanted.baselineWeight <= 0) {
    return { tag: "absurd", message: "canaryWeight and baselineWeight are both 0: send a positive one" };
  }
  const missing = [
    { version: wanted.canary, weight: wanted.canaryWeight },
    { version: wanted.baseline, weight: wanted.baselineWeight },
  ].find((side) => side.weight > 0 && !serving.has(side.version));
  if (missing !== undefined) {
    return {
      tag: "absurd",
      message: `version ${missing.version} has no instance: weight ${missing.weight} refused`,
    };
  }
  const { canary, baseline, canaryWeight, baselineWeight, generation } = wanted;
  return { tag: "applied", weights: { canary, baseline, canaryWeight, baselineWeight, generation } };
}

/** The version that serves a request, by a number in [0, 1). */
export function chooseVersion(weights: Weights, random: number): string {
  if (weights.canary === null) return weights.baseline;
  const share = weights.canaryWeight / (weights.canaryWeight + weights.baselineWeight);
  return random < share ? weights.canary : weights.baseline;
}
