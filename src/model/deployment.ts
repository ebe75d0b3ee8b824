import type { Instant } from "./time.ts";

/**
 * The names by which one revision is known, strongest first. Two observations that both carry a name of one kind
 * with different values are different revisions, even where a weaker name agrees (a config-only change keeps its version).
 */
export const aliasKinds = ["deploymentId", "templateHash", "imageDigest", "version", "vcsRevision"] as const;
export type AliasKind = (typeof aliasKinds)[number];

export interface Alias {
  readonly kind: AliasKind;
  readonly value: string;
}

/** One revision of one service going out in one environment (decision 1). `service` is namespace/name, or the name alone. */
export interface Deployment {
  readonly id: number;
  readonly service: string;
  readonly environment: string;
  readonly aliases: readonly Alias[];
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
  /** Earliest process or pod start among its instances; null where no instance tells. */
  readonly earliestStart: Instant | null;
}

/** Where and on what something runs, beyond its revision: names for people ("zone", "node type") to values. */
export type Traits = Readonly<Record<string, string>>;

/** One pod, host or process of a deployment (decision 2). */
export interface Instance {
  readonly id: number;
  readonly deploymentId: number;
  readonly name: string;
  /** False where the sender gave no instance identity at all: all such records count as one instance. */
  readonly identified: boolean;
  readonly started: Instant | null;
  readonly traits: Traits;
  readonly firstSeen: Instant;
  readonly lastSeen: Instant;
}

/** The name for people: version first, then the strongest alias. */
export function deploymentLabel(deployment: Pick<Deployment, "aliases" | "id">): string {
  const version = deployment.aliases.find((alias) => alias.kind === "version");
  const strongest = aliasKinds
    .map((kind) => deployment.aliases.find((alias) => alias.kind === kind))
    .find((alias) => alias !== undefined);
  return version?.value ?? strongest?.value ?? `deployment ${deployment.id}`;
}
