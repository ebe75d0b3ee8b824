/* eslint-disable max-lines -- what exists, what moves and what is restored keep one set of numbers; apart they would share all of it */
import { aliasKinds, type Alias, type Deployment, type Instance } from "#model/deployment.ts";
import type { Instant } from "#model/time.ts";
import type { Attribution } from "./attribute.ts";
import { defaultSettleMs, type IngestLimits } from "./ingest-limits.ts";
import { InstanceRow, type ServiceCounts } from "./instance-row.ts";
import { DirtyList } from "./dirty-list.ts";
import { aliasKey, partition, sightingKey, type Partition, type Sighting } from "./partition.ts";
import { TallyRow } from "./tally-row.ts";
import { joinTraits } from "./traits.ts";

/** One service in one environment: its evidence about revisions, and what is counted for it. */
export interface ServiceGroup extends ServiceCounts {
  /** Changes whenever a record may belong elsewhere than before. */
  epoch: number;
  sightings: Map<string, Sighting>;
  partition: Partition;
  index: SightingIndex;
  /** By the key of the revision's anchor. */
  deployments: Map<string, Deployment>;
  /** By revision key and instance name. */
  rows: Map<string, InstanceRow>;
}

export type Placement =
  | { readonly placed: "row"; readonly row: InstanceRow }
  /** Its aliases fit several revisions, or contradict what its instance showed. */
  | { readonly placed: "ambiguous" }
  | { readonly placed: "overflow" };

export interface Merge {
  readonly from: number;
  readonly into: number;
}

interface StoredHome {
  readonly group: ServiceGroup;
  readonly anchor: Alias;
  readonly deploymentId: number;
}

function rowKey(home: string, name: string): string {
  return `${home}\n\n${name}`;
}

function groupKey(service: string, environment: string): string {
  return `${service}\n${environment}`;
}

/**
 * Keeps which deployments and instances exist, and their numbers (decisions 1 and 2). Everything that it concludes is
 * `partition` of the sightings so far; when evidence moves an instance, its row (and so all its samples) moves with it.
 */
export class DeploymentRegistry {
  private readonly groups = new Map<string, ServiceGroup>();
  private nextDeployment = 1;
  private nextInstance = 1;
  private rowCount = 0;
  private refusedSinceForgetting = false;
  private merges: Merge[] = [];
  /** Deployments that were handed out to be written. */
  private readonly written = new Set<number>();
  private readonly dirtyGroups = new Set<string>();
  private readonly settle = new Map<string, number>();

  private readonly limits: IngestLimits;
  private readonly changedRows = new DirtyList<InstanceRow>();

  constructor(limits: IngestLimits) {
    this.limits = limits;
  }

  /** To be called when a record was seen of an instance. */
  seen(row: InstanceRow, at: Instant): void {
    if (!row.isNews(at)) return;
    row.seen(at);
    this.changedRows.mark(row);
  }

  allGroups(): Iterable<ServiceGroup> {
    return this.groups.values();
  }

  setSettle(service: string, environment: string, settleMs: number): void {
    this.settle.set(groupKey(service, environment), settleMs);
    const group = this.groups.get(groupKey(service, environment));
    if (group !== undefined) group.settleMs = settleMs;
  }

  /** The group of a service, or null past the cap on services. */
  group(service: string, environment: string): ServiceGroup | null {
    const key = groupKey(service, environment);
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    if (this.groups.size >= this.limits.services) return null;
    const group: ServiceGroup = {
      service,
      environment,
      tally: new TallyRow(service, environment),
      operations: new Set(),
      settleMs: this.settle.get(key) ?? defaultSettleMs,
      epoch: 0,
      sightings: new Map(),
      partition: partition([]),
      index: emptyIndex,
      deployments: new Map(),
      rows: new Map(),
    };
    this.groups.set(key, group);
    return group;
  }

  /** Where the records of a resource belong, learning from it what links revisions. */
  place(group: ServiceGroup, attribution: Attribution): Placement {
    const { name, identified } = attribution.instance;
    const sighting: Sighting = { instance: identified ? name : null, aliases: attribution.aliases };
    const key = sightingKey(sighting);
    if (!group.sightings.has(key)) {
      if (this.hasNoRoom(group, sighting)) return { placed: "overflow" };
      const namings = identified ? (group.index.byInstance.get(name) ?? 0) : 0;
      if (namings >= this.limits.namingsOfInstance) return { placed: "ambiguous" };
      if (!joinTwin(group, sighting)) this.learn(group, sighting);
    }
    const home = group.partition.homes.get(key) ?? null;
    if (home === null) return { placed: "ambiguous" };
    const row = group.rows.get(rowKey(home, name)) ?? this.newRow(group, home, attribution);
    if (row === null) return { placed: "overflow" };
    row.sightings.add(key);
    const { started } = attribution;
    const traits = joinTraits(row.traits, attribution.traits);
    if (traits !== row.traits) {
      row.traits = traits;
      this.changedRows.mark(row);
    }
    if (started !== null && (row.started === null || started < row.started)) {
      row.started = started;
      this.changedRows.mark(row);
    }
    return { placed: "row", row };
  }

  private newRow(group: ServiceGroup, home: string, attribution: Attribution): InstanceRow | null {
    const deployment = group.deployments.get(home);
    if (deployment === undefined) throw new Error(`revision ${home} has no deployment`);
    if (this.isFull || group.rows.size >= this.limits.instancesOfService) {
      this.refusedSinceForgetting = true;
      return null;
    }
    const { instance, started, traits } = attribution;
    const id = this.nextInstance;
    const made = { id, home, deploymentId: deployment.id, started, traits, ...instance };
    const row = new InstanceRow(group, made);
    group.rows.set(rowKey(home, row.name), row);
    this.nextInstance += 1;
    this.rowCount += 1;
    this.changedRows.mark(row);
    return row;
  }

  private learn(group: ServiceGroup, sighting: Sighting): void {
    group.sightings.set(sightingKey(sighting), sighting);
    regroup(group);
    group.epoch += 1;
    this.renumber(group);
    this.moveRows(group);
  }

  /** Gives every revision its deployment; a revision that a stronger name took over hands its number on, or merges. */
  private renumber(group: ServiceGroup): void {
    const { revisions } = group.partition;
    const inherited = new Map<string, Deployment>();
    const vanished: { readonly deployment: Deployment; readonly into: string }[] = [];
    const deployments = new Map<string, Deployment>();
    for (const [key, deployment] of group.deployments) {
      if (revisions.has(key)) continue;
      const holders = [...revisions].filter(([, { aliases }]) => aliases.some((a) => aliasKey(a) === key));
      const into = holders.length === 1 ? holders[0]?.[0] : undefined;
      if (into === undefined) {
        deployments.set(key, deployment);
        continue;
      }
      if (!group.deployments.has(into) && !inherited.has(into)) inherited.set(into, deployment);
      else vanished.push({ deployment, into });
    }
    for (const [key, { aliases }] of revisions) {
      const known = group.deployments.get(key) ?? inherited.get(key) ?? this.newDeployment(group);
      deployments.set(key, { ...known, aliases });
      if (known.aliases.length !== aliases.length || !group.deployments.has(key))
        this.dirtyGroups.add(groupKey(group.service, group.environment));
    }
    for (const { deployment, into } of vanished) {
      const target = deployments.get(into);
      if (target !== undefined) this.merges.push({ from: deployment.id, into: target.id });
    }
    group.deployments = deployments;
  }

  private newDeployment(group: ServiceGroup): Deployment {
    const id = this.nextDeployment;
    this.nextDeployment += 1;
    return {
      id,
      service: group.service,
      environment: group.environment,
      aliases: [],
      firstSeen: Infinity,
      lastSeen: -Infinity,
      earliestStart: null,
    };
  }

  /** Rows whose sightings now live in another revision follow them; those that became ambiguous stay. */
  private moveRows(group: ServiceGroup): void {
    const rows = new Map<string, InstanceRow>();
    for (const [key, row] of group.rows) {
      const homes = [...row.sightings]
        .flatMap((sighting) => group.partition.homes.get(sighting) ?? [])
        .sort();
      const home = homes.includes(row.home) ? row.home : homes[0];
      const deploymentId = home === undefined ? undefined : group.deployments.get(home)?.id;
      if (home === undefined || deploymentId === undefined) {
        rows.set(key, row);
        continue;
      }
      if (home !== row.home || deploymentId !== row.deploymentId) {
        this.changedRows.mark(row);
        row.home = home;
        row.deploymentId = deploymentId;
      }
      const at = rowKey(home, row.name);
      const other = rows.get(at);
      if (other === undefined || row.id < other.id) rows.set(at, row);
    }
    group.rows = rows;
  }

  /** Rows that were idle since an instant make room; returns those forgotten. */
  forgetIdle(before: number): readonly InstanceRow[] {
    const forgotten: InstanceRow[] = [];
    this.refusedSinceForgetting = false;
    for (const group of this.groups.values()) {
      const kept = new Map<string, InstanceRow>();
      for (const [key, row] of group.rows)
        if (row.lastSeen < before && !row.dirty) forgotten.push(row);
        else kept.set(key, row);
      if (kept.size === group.rows.size) continue;
      group.rows = kept;
      const names = new Set(forgotten.flatMap((row) => [...row.sightings]));
      group.sightings = new Map(
        [...group.sightings].filter(([key, s]) => s.instance === null || !names.has(key)),
      );
      this.anchorSightings(group);
      group.epoch += 1;
    }
    this.rowCount -= forgotten.length;
    return forgotten;
  }

  /** Keeps what forgotten instances had linked: every deployment stays known under its names. */
  private anchorSightings(group: ServiceGroup): void {
    const all = new Map(group.sightings);
    for (const deployment of group.deployments.values())
      for (const sighting of sightingsOf(deployment)) all.set(sightingKey(sighting), sighting);
    group.sightings = all;
    regroup(group);
  }

  get isFull(): boolean {
    return this.rowCount >= this.limits.instances;
  }

  /** True where an instance was refused and those that are idle may make room. */
  get isCrowded(): boolean {
    return this.isFull || this.refusedSinceForgetting;
  }

  /** A service that floods must not crowd out the others. */
  private hasNoRoom(group: ServiceGroup, { instance }: Sighting): boolean {
    if (!this.isFull && group.rows.size < this.limits.instancesOfService) return false;
    if (instance !== null && group.index.byInstance.has(instance)) return false;
    this.refusedSinceForgetting = true;
    return true;
  }

  /** Takes up what was stored: deployments with their names, and which instance stood in which. */
  restore(stored: {
    readonly deployments: readonly Deployment[];
    readonly merges: readonly Merge[];
    readonly instances: readonly Instance[];
  }): ReadonlyMap<number, InstanceRow> {
    const into = new Map(stored.merges.map((merge) => [merge.from, merge.into]));
    const final = (id: number): number => {
      let at = id;
      for (let next = into.get(at); next !== undefined && next !== id; next = into.get(at)) at = next;
      return at;
    };
    const homes = new Map<number, StoredHome>();
    for (const deployment of stored.deployments) {
      this.nextDeployment = Math.max(this.nextDeployment, deployment.id + 1);
      this.written.add(deployment.id);
      const group = this.group(deployment.service, deployment.environment);
      const anchor = strongestAlias(deployment);
      if (group === null || anchor === null || into.has(deployment.id)) continue;
      homes.set(deployment.id, { group, anchor, deploymentId: deployment.id });
      group.deployments = new Map(group.deployments).set(aliasKey(anchor), deployment);
      group.sightings = new Map([
        ...group.sightings,
        ...sightingsOf(deployment).map((s): [string, Sighting] => [sightingKey(s), s]),
      ]);
    }
    const rows = this.restoreRows(stored.instances, (id) => homes.get(final(id)));
    for (const group of this.groups.values()) {
      regroup(group);
      group.epoch += 1;
    }
    return rows;
  }

  private restoreRows(
    instances: readonly Instance[],
    homeOf: (deploymentId: number) => StoredHome | undefined,
  ): ReadonlyMap<number, InstanceRow> {
    const rows = new Map<number, InstanceRow>();
    const byGroup = new Map<
      ServiceGroup,
      { rows: Map<string, InstanceRow>; sightings: Map<string, Sighting> }
    >();
    for (const instance of instances) {
      this.nextInstance = Math.max(this.nextInstance, instance.id + 1);
      const at = homeOf(instance.deploymentId);
      if (at === undefined) continue;
      const home = aliasKey(at.anchor);
      const row = new InstanceRow(at.group, { ...instance, home, deploymentId: at.deploymentId });
      row.firstSeen = instance.firstSeen;
      row.lastSeen = instance.lastSeen;
      const sighting = { instance: instance.identified ? instance.name : null, aliases: [at.anchor] };
      row.sightings.add(sightingKey(sighting));
      const into = byGroup.get(at.group) ?? {
        rows: new Map(at.group.rows),
        sightings: new Map(at.group.sightings),
      };
      byGroup.set(at.group, into);
      into.rows.set(rowKey(home, instance.name), row);
      into.sightings.set(sightingKey(sighting), sighting);
      rows.set(instance.id, row);
      this.rowCount += 1;
    }
    for (const [group, found] of byGroup) Object.assign(group, found);
    return rows;
  }

  /** Deployments that changed, with the times of the rows that changed; merges since the last drain. */
  drain(): {
    readonly instances: readonly Instance[];
    readonly deployments: readonly Deployment[];
    readonly merges: readonly Merge[];
  } {
    const marked = this.changedRows.drain();
    const dirtyRows = marked.filter((row) => row.firstSeen < Infinity);
    for (const row of marked) if (row.firstSeen === Infinity) this.changedRows.mark(row);
    const byDeployment = new Map<number, InstanceRow[]>();
    for (const row of dirtyRows) {
      const rows = byDeployment.get(row.deploymentId);
      if (rows === undefined) byDeployment.set(row.deploymentId, [row]);
      else rows.push(row);
    }
    const changed: Deployment[] = [];
    const groups = new Set(this.dirtyGroups);
    for (const row of dirtyRows) groups.add(groupKey(row.group.service, row.group.environment));
    for (const key of groups) {
      const group = this.groups.get(key);
      if (group === undefined) continue;
      const renamed = this.dirtyGroups.delete(key);
      for (const [anchor, deployment] of group.deployments) {
        const rows = byDeployment.get(deployment.id) ?? [];
        if (rows.length === 0 && !renamed) continue;
        const grown = rows.reduce(withRow, deployment);
        group.deployments.set(anchor, grown);
        if (grown.firstSeen < Infinity) {
          this.written.add(grown.id);
          changed.push(grown);
        } else this.dirtyGroups.add(key);
      }
    }
    // A deployment without a record was never written: there is nothing to read under the other.
    const known = this.merges.filter(({ from }) => this.written.has(from));
    const merges = known.filter(({ into }) => this.written.has(into));
    this.merges = known.filter(({ into }) => !this.written.has(into));
    return { deployments: changed, merges, instances: dirtyRows.map((row) => row.toInstance()) };
  }
}

/** How often each instance was named, and the one revision that a set of names means. */
interface SightingIndex {
  readonly byInstance: Map<string, number>;
  readonly byNames: ReadonlyMap<string, string>;
}

const emptyIndex: SightingIndex = { byInstance: new Map(), byNames: new Map() };

function namesKey({ aliases }: Sighting): string {
  return aliases.map(aliasKey).join("\n");
}

/** Groups all sightings of a service. */
function regroup(group: ServiceGroup): void {
  group.partition = partition([...group.sightings.values()]);
  const { revisions, homes } = group.partition;
  const holders = new Map<string, number>();
  for (const { aliases } of revisions.values())
    for (const alias of aliases) holders.set(aliasKey(alias), (holders.get(aliasKey(alias)) ?? 0) + 1);
  const byInstance = new Map<string, number>();
  const byNames = new Map<string, string>();
  for (const [key, sighting] of group.sightings) {
    const { instance, aliases } = sighting;
    if (instance !== null) byInstance.set(instance, (byInstance.get(instance) ?? 0) + 1);
    const home = homes.get(key) ?? null;
    const [strongest] = aliases;
    if (home !== null && strongest !== undefined && holders.get(aliasKey(strongest)) === 1)
      byNames.set(namesKey(sighting), home);
  }
  group.index = { byInstance, byNames };
}

/**
 * A new instance that shows just the names that another one showed, of one revision alone, joins it: it changes nothing
 * for anybody, so a service of many instances is not grouped anew for each. False where only grouping can tell.
 */
function joinTwin(group: ServiceGroup, sighting: Sighting): boolean {
  const { byInstance, byNames } = group.index;
  const home = byNames.get(namesKey(sighting));
  if (sighting.instance === null || home === undefined || byInstance.has(sighting.instance)) return false;
  group.sightings.set(sightingKey(sighting), sighting);
  group.partition.homes.set(sightingKey(sighting), home);
  byInstance.set(sighting.instance, 1);
  return true;
}

function withRow(deployment: Deployment, row: InstanceRow): Deployment {
  const { earliestStart } = deployment;
  return {
    ...deployment,
    firstSeen: Math.min(deployment.firstSeen, row.firstSeen),
    lastSeen: Math.max(deployment.lastSeen, row.lastSeen),
    earliestStart: row.started === null ? earliestStart : Math.min(row.started, earliestStart ?? Infinity),
  };
}

function strongestAlias(deployment: Deployment): Alias | null {
  for (const kind of aliasKinds) {
    const alias = deployment.aliases.find((candidate) => candidate.kind === kind);
    if (alias !== undefined) return alias;
  }
  return null;
}

/** Sightings that say what a stored deployment says: each name together with the strongest. */
function sightingsOf(deployment: Deployment): readonly Sighting[] {
  const anchor = strongestAlias(deployment);
  if (anchor === null) return [];
  const others = deployment.aliases.filter((alias) => alias !== anchor);
  if (others.length === 0) return [{ instance: null, aliases: [anchor] }];
  return others.map((alias) => ({ instance: null, aliases: [anchor, alias] }));
}
