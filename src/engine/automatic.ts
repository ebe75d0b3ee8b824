import { deploymentLabel, type Deployment, type Instance } from "#model/deployment.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import { compareAge, compareNames } from "./newer.ts";
import type { TelemetryReader } from "./ports.ts";

/** Two versions that both showed telemetry in this stretch before the newest seal emit at once. */
export const togetherMs = 60_000;

type Activity = ReturnType<TelemetryReader["activity"]>[number];

/** A comparison that opens by itself: the newer version of a service against the one that serves most of the rest. */
export interface Opening {
  readonly service: string;
  readonly environment: string;
  readonly canary: string;
  readonly baseline: string;
  readonly canaryId: number;
}

/** Deployments of one service and environment that are alive at a seal, newest first, with their requests. */
export function aliveVersions(
  deployments: readonly Deployment[],
  activity: readonly Activity[],
  sealedTo: Instant,
): readonly { readonly deployment: Deployment; readonly requests: number }[] {
  return deployments.flatMap((deployment) => {
    const seen = activity.find(({ deploymentId }) => deploymentId === deployment.id);
    if (seen === undefined || seen.newestWindow < sealedTo - togetherMs) return [];
    return [{ deployment, requests: seen.requests }];
  });
}

/** Zero configuration: which analyses should open now, report-only. The newest is compared with the busiest other version. */
export function openingsOf(
  deployments: readonly Deployment[],
  activity: readonly Activity[],
  sealedTo: Instant,
): readonly Opening[] {
  const groups = new Map<string, Deployment[]>();
  for (const deployment of deployments) {
    const key = JSON.stringify([deployment.service, deployment.environment]);
    groups.set(key, [...(groups.get(key) ?? []), deployment]);
  }
  return [...groups.values()].flatMap((group): Opening[] => {
    const alive = aliveVersions(group, activity, sealedTo);
    if (alive.length < 2) return [];
    const newest = newestOf(alive);
    const others = alive.filter(({ deployment }) => deployment.id !== newest.deployment.id);
    const busiest = others.reduce((a, b) => (b.requests > a.requests ? b : a));
    const { service, environment, id } = newest.deployment;
    return [
      {
        service,
        environment,
        canary: nameOf(newest.deployment, group),
        baseline: nameOf(busiest.deployment, group),
        canaryId: id,
      },
    ];
  });
}

type Alive = ReturnType<typeof aliveVersions>[number];

/**
 * The newest of several versions (decision 3). Where none tells when it started and all were first heard of within a minute,
 * Haldane itself came late: the first event says nothing then, and the version decides before it.
 */
function newestOf(alive: readonly Alive[]): Alive {
  const [first] = alive;
  if (first === undefined) throw new Error("no version is alive");
  // Starts order versions only where all of them tell one: mixed with first events the order would not be one.
  if (alive.every(({ deployment }) => deployment.earliestStart !== null)) {
    return alive.reduce((a, b) => (compareAge(a.deployment, b.deployment) >= 0 ? a : b));
  }
  const latest = Math.max(...alive.map(({ deployment }) => deployment.firstSeen));
  const heardTogether = alive.filter(({ deployment }) => deployment.firstSeen > latest - togetherMs);
  return heardTogether.reduce((a, b) =>
    compareNames(deploymentLabel(b.deployment), deploymentLabel(a.deployment)) > 0 ? b : a,
  );
}

/** The label where no other version shares it, else the strongest alias that is this deployment's own. */
export function nameOf(deployment: Deployment, group: readonly Deployment[]): string {
  const own = (value: string): boolean =>
    group.every(
      (other) => other.id === deployment.id || other.aliases.every((alias) => alias.value !== value),
    );
  const label = deploymentLabel(deployment);
  if (own(label)) return label;
  return deployment.aliases.find(({ value }) => own(value))?.value ?? label;
}

/** For people who ask why no analysis is open, by how many versions are known and how many emit now. */
export function whyNothingOpened(alive: number, versions: number, instances: readonly Instance[]): string {
  if (versions === 0) return "no version of this service was seen";
  if (alive === 0) return `no telemetry in the last ${togetherMs / 1000} s`;
  if (alive === 1) {
    const unversioned = instances.length > 0 && versions === 1;
    return unversioned
      ? "one version is seen; an analysis opens by itself when two versions emit at once"
      : "only one of its versions emits now; an analysis opens by itself when two emit at once";
  }
  return `an analysis of the newest version has ended, or its first ${windowLengthMs / 1000} s window is not sealed yet`;
}
