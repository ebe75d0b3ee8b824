import { aliasKinds, type Alias, type AliasKind } from "#model/deployment.ts";

/** One distinct way in which a service was seen: an instance (null where unidentified) with its aliases, strongest first. */
export interface Sighting {
  readonly instance: string | null;
  readonly aliases: readonly Alias[];
}

/** One revision: its strongest name, and every name by which it is known, strongest first. */
export interface Revision {
  readonly anchor: Alias;
  readonly aliases: readonly Alias[];
}

/** Revisions by the key of their anchor, and for each sighting its revision's key, or null where it fits several. */
export interface Partition {
  readonly revisions: ReadonlyMap<string, Revision>;
  readonly homes: Map<string, string | null>;
}

export function aliasKey(alias: Alias): string {
  return `${alias.kind}=${alias.value}`;
}

export function sightingKey(sighting: Sighting): string {
  return `${sighting.instance === null ? "" : `@${sighting.instance}`}\n${sighting.aliases.map(aliasKey).join("\n")}`;
}

interface Growing {
  readonly anchor: Alias;
  readonly values: Map<AliasKind, Set<string>>;
}

function learn(revision: Growing, aliases: readonly Alias[]): void {
  for (const { kind, value } of aliases) {
    const values = revision.values.get(kind);
    if (values === undefined) revision.values.set(kind, new Set([value]));
    else values.add(value);
  }
}

function holds(revision: Growing, alias: Alias): boolean {
  return revision.values.get(alias.kind)?.has(alias.value) ?? false;
}

/** The strongest kind that both know decides; where they share none, nothing speaks against it. */
function fits(revision: Growing, aliases: readonly Alias[]): boolean {
  for (const alias of aliases) if (revision.values.has(alias.kind)) return holds(revision, alias);
  return true;
}

/** No anchor key: the sighting fits several revisions. */
const several = "";

/** What is chosen for a sighting: the key of a revision, `several`, or null where nothing is said. */
type Choice = string | null;

class Levels {
  readonly revisions = new Map<string, Growing>();
  readonly homes = new Map<string, string | null>();
  private readonly byInstance = new Map<string, Set<string>>();

  /** Places all sightings whose strongest alias is of one kind; stronger kinds were placed before. */
  place(level: readonly Sighting[]): void {
    const byInstance = level.map((sighting) => this.chooseByInstance(sighting));
    const contested = contestedClaims(level, byInstance, (key, alias) => this.holdsAt(key, alias));
    level.forEach((sighting, i) => {
      const choice = byInstance[i] ?? null;
      if (choice === null) return;
      if (choice === several || contested.has(`${sighting.instance ?? ""}\n${choice}`))
        this.homes.set(sightingKey(sighting), null);
      else this.settle(sighting, choice);
    });
    const rest = level.filter((_, i) => (byInstance[i] ?? null) === null);
    const holders = this.holders();
    const byAlias = rest.map((sighting) => chooseByAlias(sighting, holders));
    rest.forEach((sighting, i) => {
      const choice = byAlias[i] ?? null;
      if (choice === several) this.homes.set(sightingKey(sighting), null);
      else this.settle(sighting, choice ?? this.found(sighting));
    });
    for (const sighting of level) this.remember(sighting);
  }

  private holdsAt(key: string, alias: Alias): boolean {
    const revision = this.revisions.get(key);
    return revision !== undefined && holds(revision, alias);
  }

  private chooseByInstance(sighting: Sighting): Choice {
    const strongest = sighting.aliases[0];
    if (sighting.instance === null || strongest === undefined) return null;
    const fitting = [...(this.byInstance.get(sighting.instance) ?? [])].filter((key) => {
      const revision = this.revisions.get(key);
      return revision !== undefined && fits(revision, sighting.aliases);
    });
    const agreeing = fitting.filter((key) => this.holdsAt(key, strongest));
    const chosen = agreeing.length > 0 ? agreeing : fitting;
    return chosen.length > 1 ? several : (chosen[0] ?? null);
  }

  /** Which revisions carry an alias. */
  private holders(): ReadonlyMap<string, readonly string[]> {
    const holders = new Map<string, string[]>();
    for (const [key, { values }] of this.revisions)
      for (const [kind, names] of values)
        for (const value of names) {
          const alias = aliasKey({ kind, value });
          const known = holders.get(alias);
          if (known === undefined) holders.set(alias, [key]);
          else known.push(key);
        }
    return holders;
  }

  private found(sighting: Sighting): string {
    const anchor = sighting.aliases[0];
    if (anchor === undefined) throw new Error("a sighting without aliases has no revision");
    const key = aliasKey(anchor);
    if (!this.revisions.has(key)) this.revisions.set(key, { anchor, values: new Map() });
    return key;
  }

  private settle(sighting: Sighting, key: string): void {
    this.homes.set(sightingKey(sighting), key);
    const revision = this.revisions.get(key);
    if (revision !== undefined) learn(revision, sighting.aliases);
  }

  private remember(sighting: Sighting): void {
    const home = this.homes.get(sightingKey(sighting)) ?? null;
    if (sighting.instance === null || home === null) return;
    const known = this.byInstance.get(sighting.instance);
    if (known === undefined) this.byInstance.set(sighting.instance, new Set([home]));
    else known.add(home);
  }
}

function chooseByAlias(sighting: Sighting, holders: ReadonlyMap<string, readonly string[]>): Choice {
  const strongest = sighting.aliases[0];
  if (strongest === undefined) return null;
  const keys = holders.get(aliasKey(strongest)) ?? [];
  return keys.length > 1 ? several : (keys[0] ?? null);
}

/** One instance that claims one revision under two different names of one kind contradicts itself: neither is believed. */
function contestedClaims(
  level: readonly Sighting[],
  choices: readonly Choice[],
  known: (key: string, alias: Alias) => boolean,
): ReadonlySet<string> {
  const claimed = new Map<string, string>();
  const contested = new Set<string>();
  level.forEach((sighting, i) => {
    const choice = choices[i] ?? null;
    const strongest = sighting.aliases[0];
    if (choice === null || choice === several || strongest === undefined) return;
    if (known(choice, strongest)) return;
    const claim = `${sighting.instance ?? ""}\n${choice}`;
    const before = claimed.get(claim);
    if (before !== undefined && before !== strongest.value) contested.add(claim);
    claimed.set(claim, strongest.value);
  });
  return contested;
}

/**
 * Groups sightings of one service in one environment into revisions (decision 1). A function of the set: the order in
 * which sightings arrived never matters. Kinds are settled from the strongest down; a sighting goes to the revision of
 * its instance where that does not contradict it, else to the only revision that carries its strongest alias, else it founds one.
 */
export function partition(sightings: readonly Sighting[]): Partition {
  const levels = new Levels();
  for (const kind of aliasKinds)
    levels.place(sightings.filter((sighting) => sighting.aliases[0]?.kind === kind));
  const revisions = new Map<string, Revision>();
  for (const [key, { anchor, values }] of levels.revisions) {
    const aliases = aliasKinds.flatMap((kind) =>
      [...(values.get(kind) ?? [])].sort().map((value): Alias => ({ kind, value })),
    );
    revisions.set(key, { anchor, aliases });
  }
  return { revisions, homes: levels.homes };
}
