import type { SampleRow } from "#model/sample.ts";
import type { Concluded } from "./findings.ts";
import type { CountSource, IntegrityState, RejectedPoints, Signal } from "./signal.ts";
import type { ArmName, ArmRow } from "./tiles.ts";
import { sayShare } from "./wording.ts";

/** Above this share of an arm's windows of a metric with rejected points, a signal has no data that one could rely on. */
export const rejectedShareAllowed = 0.01;

/** The metric of which a row tells; null where it is of spans or logs. */
function metricOfRow({ measure }: SampleRow): string | null {
  switch (measure.kind) {
    case "requests":
      return measure.source === "metrics" ? "" : null;
    case "logs":
    case "pattern":
      return null;
    case "counter":
    case "gauge":
    case "histogram":
    case "rejected":
      return measure.metric;
  }
}

/** Adds the rows of one tile to what is known of an arm's rejected points. */
export function addRejected(known: RejectedPoints, rows: readonly ArmRow[], arm: ArmName): RejectedPoints {
  const seen = new Map<string, Set<string>>();
  const rejected = new Map<string, number>();
  for (const { arm: rowArm, row } of rows) {
    const metric = rowArm === arm ? metricOfRow(row) : null;
    if (metric === null) continue;
    const windows = seen.get(metric) ?? new Set();
    seen.set(metric, windows.add(`${row.instanceId}/${row.window}`));
    if (row.measure.kind === "rejected") rejected.set(metric, (rejected.get(metric) ?? 0) + 1);
  }
  const added = [...seen].map(([metric, windows]) => {
    const before = known[metric] ?? { windows: 0, rejected: 0 };
    return [
      metric,
      { windows: before.windows + windows.size, rejected: before.rejected + (rejected.get(metric) ?? 0) },
    ] as const;
  });
  return added.length === 0 ? known : { ...known, ...Object.fromEntries(added) };
}

/** The metric whose points a signal is made of; null where it is made of spans or logs. */
function metricOf({ kind, metric }: Signal, source: CountSource["source"]): string | null {
  if (kind === "logs") return null;
  if (kind === "counter" || kind === "gauge" || kind === "histogram") return metric;
  return source === "metrics" ? "" : null;
}

function rejectedShare(points: RejectedPoints, metric: string): number {
  const { windows, rejected } = points[metric] ?? { windows: 0, rejected: 0 };
  return windows === 0 ? 0 : rejected / windows;
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
    finding: {
      ...concluded.finding,
      conclusion: "unknown",
      why,
      evidence: { ...concluded.finding.evidence, safe: null },
    },
  };
}
