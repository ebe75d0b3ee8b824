import { deploymentLabel, type Deployment } from "#model/deployment.ts";
import { hasAlias } from "./resolve-arm.ts";

/** Names told at most. */
const mostNames = 10;

function listed(names: readonly string[]): string {
  const distinct = [...new Set(names)].sort();
  const rest = distinct.length - mostNames;
  const told = distinct.slice(0, mostNames).join(", ");
  return distinct.length === 0 ? "nothing" : rest > 0 ? `${told} and ${rest} more` : told;
}

/** That a service was asked for and not seen, with those that were. */
export function sayServicesSeen(asked: string, all: readonly Pick<Deployment, "service">[]): string {
  return `no telemetry of "${asked}" seen; services seen: ${listed(all.map(({ service }) => service))}`;
}

/** For each version of one service that was asked for and not seen: that it was not, with those that were. */
export function sayVersionsSeen(
  group: readonly Deployment[],
  asked: { readonly service: string; readonly canary: string | null; readonly baseline: string | null },
): readonly string[] {
  const seen = listed(group.map(deploymentLabel));
  return (["canary", "baseline"] as const).flatMap((arm) => {
    const name = asked[arm];
    if (name === null || group.some((deployment) => hasAlias(deployment, name))) return [];
    return [`no telemetry of the ${arm} "${name}" of ${asked.service} seen; versions seen: ${seen}`];
  });
}
