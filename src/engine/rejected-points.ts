import type { Concluded } from "./findings.ts";
import type { CountSource, IntegrityState, RejectedPoints, Signal } from "./signal.ts";
import type { ArmName, ArmRow } from "./tiles.ts";
import { sayShare } from "./wording.ts";

/** Above this share of an arm's windows with rejected points, a signal has no data that one could rely on. */
export const rejectedShareAllowed = 0.01;

/** Adds the rows of one tile to what is known of an arm's rejected points. */
export function addRejected(known: RejectedPoints, rows: readonly ArmRow[], arm: ArmName): RejectedPoints {
  const seen = new Set<string>();
  const windows = { ...known.windows };
  for (const { arm: rowArm, row } of rows) {
    if (rowArm !== arm) continue;
    seen.add(`${row.instanceId}/${row.window}`);
    const { measure } = row;
    if (measure.kind === "rejected") windows[measure.metric] = (windows[measure.metric] ?? 0) + 1;
  }
  return { seen: known.seen + seen.size, windows };
}

/** The metric whose points a signal is made of; null where it is made of spans or logs. */
function metricOf({ kind, metric }: Signal, source: CountSource["source"]): string | null {
  if (kind === "logs") return null;
  if (kind === "counter" || kind === "histogram") return metric;
  return source === "metrics" ? "" : null;
}

function rejectedShare({ seen, windows }: RejectedPoints, metric: string): number {
  return seen === 0 ? 0 : (windows[metric] ?? 0) / seen;
}

/**
 * A signal of which an arm lost too many points is unknown and proves nothing; harm that the rest shows stands, since harm
 * comes first whatever the integrity checks say.
 */
export function unlessRejected(
  concluded: Concluded,
  { rejected }: IntegrityState,
  source: CountSource["source"],
): Concluded {
  const metric = metricOf(concluded.signal, source);
  if (metric === null || concluded.finding.conclusion === "worse") return concluded;
  const shares = (["canary", "baseline"] as const).map((arm) => ({
    arm,
    share: rejectedShare(rejected[arm], metric),
  }));
  const flawed = shares.filter(({ share }) => share > rejectedShareAllowed);
  if (flawed.length === 0) return concluded;
  const where = flawed.map(({ arm, share }) => `${sayShare(share)} of the ${arm}'s windows`).join(" and ");
  const why = `${concluded.finding.signal} unknown: points were rejected in ${where} (not a number, negative or malformed); see what was rejected and why at /v1/services`;
  return {
    ...concluded,
    logSafe: null,
    finding: { ...concluded.finding, conclusion: "unknown", why },
  };
}
