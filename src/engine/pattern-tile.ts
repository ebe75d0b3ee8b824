import { countTraces } from "#model/merge-sample.ts";
import type { Instant } from "#model/time.ts";
import type { InstanceExposure } from "./pattern-state.ts";
import type { CountSource } from "./signal.ts";
import { requestsOf, type ArmName, type ArmRow, type IsWarm } from "./tiles.ts";

/** Hits of one arm in one tile. */
export interface ArmHits {
  /** Distinct traces, and for lines without a trace one of each instance and window. */
  readonly hits: number;
  /** Of these, the ones without a trace. */
  readonly untraced: number;
  /** Instances and windows with a hit: what one of them logs in 5 s is one burst. */
  readonly bursts: number;
  readonly instances: readonly number[];
}

/** What one tile shows of one form of line. */
export interface TileHits {
  readonly id: string;
  readonly firstWindow: Instant;
  readonly canary: ArmHits;
  readonly baseline: ArmHits;
}

/** Exposures of both arms in one tile. */
export interface TileExposures {
  readonly canary: readonly InstanceExposure[];
  readonly baseline: readonly InstanceExposure[];
}

const noHits: ArmHits = { hits: 0, untraced: 0, bursts: 0, instances: [] };

/** Hits of every form of line, in order of first window, then of id. */
export function hitsOf(rows: readonly ArmRow[], counts: (armRow: ArmRow) => boolean): readonly TileHits[] {
  const byId = new Map<string, TileHits>();
  for (const armRow of rows) {
    const { measure, sample, window, instanceId } = armRow.row;
    if (measure.kind !== "pattern" || sample.kind !== "pattern" || !counts(armRow)) continue;
    const untraced = sample.untracedLines > 0 ? 1 : 0;
    const hits = countTraces(sample.traces) + untraced;
    if (hits === 0) continue;
    const id = measure.pattern;
    const known = byId.get(id) ?? { id, firstWindow: window, canary: noHits, baseline: noHits };
    const arm = known[armRow.arm];
    byId.set(id, {
      ...known,
      firstWindow: Math.min(known.firstWindow, window),
      [armRow.arm]: {
        hits: arm.hits + hits,
        untraced: arm.untraced + untraced,
        bursts: arm.bursts + 1,
        instances: withInstance(arm.instances, instanceId),
      },
    });
  }
  return [...byId.values()].sort((a, b) => a.firstWindow - b.firstWindow || (a.id < b.id ? -1 : 1));
}

/** Ascending, each once. */
export function withInstance(known: readonly number[], instanceId: number): readonly number[] {
  return known.includes(instanceId) ? known : [...known, instanceId].sort((a, b) => a - b);
}

/**
 * Requests of both arms by instance; where one of them has none, log records of both, so that a service without requests
 * is held against what it logs. Rows that do not count take their exposure with them.
 */
export function exposuresOf(
  rows: readonly ArmRow[],
  source: CountSource["source"],
  counts: (armRow: ArmRow) => boolean,
): TileExposures {
  const counted = rows.filter(counts);
  const requests = byArm(counted, ({ row }) => requestsOf(row, source));
  if (requests.canary.length > 0 && requests.baseline.length > 0) return requests;
  return byArm(counted, ({ row }) => (row.sample.kind === "logs" ? row.sample.records : 0));
}

function byArm(rows: readonly ArmRow[], exposure: (armRow: ArmRow) => number): TileExposures {
  const of = (arm: ArmName): readonly InstanceExposure[] => {
    const sums = new Map<number, number>();
    for (const armRow of rows) {
      const n = armRow.arm === arm ? exposure(armRow) : 0;
      if (n > 0) sums.set(armRow.row.instanceId, (sums.get(armRow.row.instanceId) ?? 0) + n);
    }
    return [...sums].sort(([a], [b]) => a - b).map(([instanceId, n]) => ({ instanceId, n }));
  };
  return { canary: of("canary"), baseline: of("baseline") };
}

export function totalExposure(exposures: readonly InstanceExposure[]): number {
  return exposures.reduce((sum, { n }) => sum + n, 0);
}

/** Rows of instances that have warmed up, or all rows. */
export function countedBy(isWarm: IsWarm, fromStart: boolean): (armRow: ArmRow) => boolean {
  return fromStart ? () => true : ({ row, arm }) => isWarm(row, arm);
}
