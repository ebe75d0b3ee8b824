import type { Command } from "#model/command.ts";

/** HAProxy takes whole weights from 0 to this for each server. */
export const heaviest = 256;

export type ArmName = "canary" | "baseline";

/** A server of one arm, as HAProxy says it is. */
export interface ArmServer {
  readonly name: string;
  readonly arm: ArmName;
  readonly weight: number;
  /** Neither in maintenance nor draining: it counts in the share of its arm. */
  readonly inService: boolean;
  /** In service and not found dead by a check: it takes requests when its weight is above 0. */
  readonly up: boolean;
}

/** How much each arm has, in one unit for both. */
export type PerArm = Readonly<Record<ArmName, number>>;

/** The canary's share, 0 to 1, of servers that all have their arm's weight; NaN where nothing has weight. */
export function shareOf(weights: PerArm, counts: PerArm): number {
  const canary = weights.canary * counts.canary;
  return canary / (canary + weights.baseline * counts.baseline);
}

/** The canary's share, 0 to 1, that a command asks for. */
export function wantedShare(command: Pick<Command, "canaryWeight" | "baselineWeight">): number {
  return command.canaryWeight / (command.canaryWeight + command.baselineWeight);
}

/** Errors closer than this are equal: the difference is rounding of doubles. */
const sameError = 1e-12;

/**
 * The weight of each server of an arm, so that the canary's share of weight x servers is as close to `share` (0 to 1) as
 * whole weights come; of equally close pairs the heaviest, for the finest later steps. A share above 0 keeps the canary's weight
 * above 0, and one below 1 the baseline's. `counts`: servers of each arm, at least 1.
 */
export function planWeights(share: number, counts: PerArm): PerArm {
  if (share <= 0) return { canary: 0, baseline: heaviest };
  if (share >= 1) return { canary: heaviest, baseline: 0 };
  const perCanary = (counts.canary * (1 - share)) / (share * counts.baseline);
  let best: PerArm = { canary: 1, baseline: 1 };
  let bestError = Infinity;
  for (let canary = 1; canary <= heaviest; canary += 1) {
    const below = Math.min(heaviest, Math.max(1, Math.floor(canary * perCanary)));
    for (const baseline of [below, Math.min(heaviest, below + 1)]) {
      const weights = { canary, baseline };
      const error = Math.abs(shareOf(weights, counts) - share);
      if (error > bestError + sameError) continue;
      best = weights;
      bestError = Math.min(error, bestError);
    }
  }
  return best;
}

/** Servers of each arm that are in service; all of an arm where none is, so that a plan can still be made. */
export function countServers(servers: readonly ArmServer[]): PerArm {
  const count = (arm: ArmName): number => {
    const all = servers.filter((server) => server.arm === arm);
    return all.filter((server) => server.inService).length || all.length;
  };
  return { canary: count("canary"), baseline: count("baseline") };
}

export interface Move {
  readonly server: string;
  readonly weight: number;
}

/** Whether some server takes requests once every server has its arm's weight. */
export function carries(servers: readonly ArmServer[], weights: PerArm): boolean {
  return servers.some((server) => server.up && weights[server.arm] > 0);
}

/**
 * What must be set to come from the weights in force to `wanted`, in groups to be sent in this order: lower the canary, raise
 * the baseline, raise the canary, lower the baseline. After any part of it the canary's share is at most the larger of before and
 * after, and requests find a server wherever they do before and after: the baseline is raised first where none of it
 * takes requests yet, and lowered only once the canary is raised. Servers already at their weight are left out.
 */
export function orderMoves(servers: readonly ArmServer[], wanted: PerArm): readonly (readonly Move[])[] {
  const moves = (arm: ArmName, direction: 1 | -1): readonly Move[] =>
    servers
      .filter((server) => server.arm === arm && Math.sign(wanted[arm] - server.weight) === direction)
      .map(({ name }) => ({ server: name, weight: wanted[arm] }));
  const baselineCarries = servers.some(({ arm, up, weight }) => arm === "baseline" && up && weight > 0);
  const lowerCanary = moves("canary", -1);
  const raiseBaseline = moves("baseline", 1);
  const first = baselineCarries ? [lowerCanary, raiseBaseline] : [raiseBaseline, lowerCanary];
  return [...first, moves("canary", 1), moves("baseline", -1)].filter((group) => group.length > 0);
}
