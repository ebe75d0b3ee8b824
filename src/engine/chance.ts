import { speedSpread } from "#analyzers/metrics/speed-spread.ts";
import {
  burstDispersion,
  shrunken,
  shrunkenSpread,
  soloDispersion,
  type InstanceCount,
  type SpreadPrior,
} from "#analyzers/stats/dispersion.ts";
import type { Chance, CountSource, Signal } from "./signal.ts";
import { durationTile, shareTile, type ArmRow } from "./tiles.ts";

/** Degrees of freedom behind the spread that a policy states. */
const priorDegrees = 10;
const blockMs = 60_000;

/** Baseline rows of the time before the canary, by minute. */
export type Minutes = readonly (readonly ArmRow[])[];

export function byMinute(rows: readonly ArmRow[]): Minutes {
  const minutes = new Map<number, ArmRow[]>();
  for (const row of rows) {
    const minute = Math.floor(row.row.window / blockMs);
    const known = minutes.get(minute);
    if (known === undefined) minutes.set(minute, [row]);
    else known.push(row);
  }
  return [...minutes].sort(([a], [b]) => a - b).map(([, inMinute]) => inMinute);
}

/** What is believed where nothing was seen: the policy's spread, and no bursts. */
export function believedChance(tau0: number): Chance {
  return { tau: tau0, degrees: priorDegrees, phi: 1 };
}

/**
 * Chance in a share: phi from the baseline's own instances and minutes, then tau from its instances, shrunk towards the policy's
 * spread. Instances that did not serve in every minute tell nothing of bursts.
 */
export function chanceOfShare(
  before: Minutes,
  signal: Signal,
  source: CountSource["source"],
  tau0: number,
): Chance {
  const table = new Map<number, InstanceCount[]>();
  before.forEach((rows, minute) => {
    for (const { instanceId, n, x } of shareTile(rows, signal, source, null).baseline) {
      const known = table.get(instanceId) ?? before.map(() => ({ n: 0, x: 0 }));
      table.set(instanceId, known);
      known[minute] = { n, x };
    }
  });
  const instances = [...table.values()];
  if (instances.length === 0) return believedChance(tau0);
  const steady = instances.filter((minutes) => minutes.every(({ n }) => n > 0));
  const [only] = steady;
  const phi =
    steady.length === 1 && only !== undefined
      ? soloDispersion(only)
      : burstDispersion(steady.map((minutes) => minutes.map(({ x }) => x)));
  const totals = instances.map((minutes) => ({
    n: minutes.reduce((sum, { n }) => sum + n, 0),
    x: minutes.reduce((sum, { x }) => sum + x, 0),
  }));
  return { ...shrunkenSpread(totals, phi, { tau0, degrees: priorDegrees }), phi };
}

/** Chance in durations: tau of ln speed from the baseline's own instances, shrunk towards the policy's spread. */
export function chanceOfDurations(
  before: readonly ArmRow[],
  signal: Signal,
  source: CountSource["source"],
  tau0: number,
): Chance {
  const prior: SpreadPrior = { tau0, degrees: priorDegrees };
  const { tile } = durationTile(before, signal, source, () => true, null);
  const seen = speedSpread(tile.baseline.map(({ histogram }) => histogram));
  return seen === null ? believedChance(tau0) : { ...shrunken(prior, seen.variance, seen.instances), phi: 1 };
}
