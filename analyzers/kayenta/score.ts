import type { Classification } from "./classify.ts";

/** One classified metric with the groups that it counts in. */
export interface ScoredMetric {
  readonly name: string;
  readonly classification: Classification;
  readonly groups: readonly string[];
  /** True where this result vetoes the canary unless it passes. */
  readonly critical: boolean;
  /** Shown, and counted nowhere. */
  readonly muted: boolean;
}

/** Score of a canary from 0 to 100, with that of each group. */
export interface SummaryScore {
  readonly score: number;
  readonly groups: ReadonlyMap<string, number>;
  /** Why a veto made it 0; null without one. */
  readonly veto: string | null;
}

/** Part of all metrics without data from which on nothing is concluded. */
const mostWithoutData = 0.5;

/** Percent of a group's metrics that pass; 0 where none has data. An error counts as not passed. */
function groupScore(metrics: readonly ScoredMetric[]): number {
  const judged = metrics.filter(({ classification }) => classification !== "Nodata");
  const passed = judged.filter(({ classification }) => classification === "Pass");
  return judged.length === 0 ? 0 : (100 * passed.length) / judged.length;
}

/** Percent by group: as given; the groups without a weight share equally what is left of 100. */
function weightsOf(names: readonly string[], given: ReadonlyMap<string, number>): (name: string) => number {
  let listed = 0;
  for (const weight of given.values()) listed += weight;
  const others = names.filter((name) => !given.has(name)).length;
  return (name) => given.get(name) ?? (100 - listed) / others;
}

/** Half-up to two decimals. */
function rounded(score: number): number {
  return Math.floor(score * 100 + 0.5 + 1e-9) / 100;
}

function vetoOf(metrics: readonly ScoredMetric[]): string | null {
  const critical = metrics.find((metric) => metric.critical && metric.classification !== "Pass");
  if (critical !== undefined) return `Critical metric ${critical.name} is ${critical.classification}`;
  const missing = metrics.filter(({ classification }) => classification === "Nodata").length;
  if (metrics.length === 0) return "No metrics";
  return missing / metrics.length >= mostWithoutData ? "Half of the metrics or more have no data" : null;
}

/**
 * Scores classified metrics as Kayenta does: percent passed by group, weighted; 0 where a critical metric failed or half of the
 * metrics have no data. Differs on purpose: an error is a failure (Kayenta leaves it out, so a judge that crashes on every
 * metric scores 100), and a group without any data counts as the 0 that it shows (Kayenta counts it as 100).
 */
export function scoreMetrics(
  results: readonly ScoredMetric[],
  groupWeights: ReadonlyMap<string, number>,
): SummaryScore {
  const counted = results.filter(({ muted }) => !muted);
  const names = [...new Set(counted.flatMap(({ groups }) => groups))];
  const groups = new Map(
    names.map((name) => [name, groupScore(counted.filter((metric) => metric.groups.includes(name)))]),
  );
  const veto = vetoOf(counted);
  if (veto !== null) return { score: 0, groups, veto };
  const weight = weightsOf(names, groupWeights);
  let sum = 0;
  for (const [name, score] of groups) sum += (score * weight(name)) / 100;
  return { score: rounded(sum), groups, veto };
}
