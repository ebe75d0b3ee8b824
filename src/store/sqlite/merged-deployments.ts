import { joinTraits } from "#engine/traits.ts";
import type { Deployment, Instance } from "#model/deployment.ts";
import type { Connection } from "./open-database.ts";

/** Which deployment and instance a stored row is read under, after merges (chains included). */
export interface MergedDeployments {
  readonly canonical: (deploymentId: number) => number;
  /** All stored deployments that are read under the same ones as the given. */
  readonly members: (deploymentIds: readonly number[]) => readonly number[];
  /** True while nothing was merged: every row stands for itself. */
  readonly none: boolean;
}

/** Reads the merges as they stand; to be called inside the transaction of the read that uses them. */
export function createMergedDeployments(db: Connection): () => MergedDeployments {
  const statement = db.prepare<[], { from_id: number; into_id: number }>(
    "SELECT from_id, into_id FROM deployment_merge",
  );
  return () => {
    const into = new Map(statement.all().map((row) => [row.from_id, row.into_id]));
    const canonical = (deploymentId: number): number => {
      let at = deploymentId;
      // Bounded by the number of merges, so that a ring (a bug of the writer) ends too.
      for (let steps = 0; steps <= into.size; steps++) {
        const next = into.get(at);
        if (next === undefined) return at;
        at = next;
      }
      return deploymentId;
    };
    const members = (deploymentIds: readonly number[]): readonly number[] => {
      const wanted = new Set(deploymentIds.map(canonical));
      const merged = [...into.keys()].filter((id) => wanted.has(canonical(id)));
      return [...new Set([...wanted, ...merged])];
    };
    return { canonical, members, none: into.size === 0 };
  };
}

function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}

/** Deployments as read: a merged one adds its aliases and times to the one it is read under. */
export function foldDeployments(
  stored: readonly Deployment[],
  canonical: (id: number) => number,
): readonly Deployment[] {
  const folded = new Map(stored.filter((one) => canonical(one.id) === one.id).map((one) => [one.id, one]));
  for (const one of stored) {
    const target = folded.get(canonical(one.id));
    if (target === undefined || target.id === one.id) continue;
    const added = one.aliases.filter(
      (alias) => !target.aliases.some((known) => known.kind === alias.kind && known.value === alias.value),
    );
    folded.set(target.id, {
      ...target,
      aliases: [...target.aliases, ...added],
      firstSeen: Math.min(target.firstSeen, one.firstSeen),
      lastSeen: Math.max(target.lastSeen, one.lastSeen),
      earliestStart: earlier(target.earliestStart, one.earliestStart),
    });
  }
  return [...folded.values()];
}

/** Instances as read: one pod seen under both names of a merged deployment is one instance, known by the smaller id. */
export function foldInstances(
  stored: readonly Instance[],
  canonical: (deploymentId: number) => number,
): { readonly instances: readonly Instance[]; readonly idOf: ReadonlyMap<number, number> } {
  const folded = new Map<string, Instance>();
  const idOf = new Map<number, number>();
  for (const one of stored) {
    const deploymentId = canonical(one.deploymentId);
    const key = JSON.stringify([deploymentId, one.identified, one.name]);
    const known = folded.get(key);
    idOf.set(one.id, known?.id ?? one.id);
    folded.set(
      key,
      known === undefined
        ? { ...one, deploymentId }
        : {
            ...known,
            started: earlier(known.started, one.started),
            traits: joinTraits(known.traits, one.traits),
            firstSeen: Math.min(known.firstSeen, one.firstSeen),
            lastSeen: Math.max(known.lastSeen, one.lastSeen),
          },
    );
  }
  return { instances: [...folded.values()], idOf };
}
