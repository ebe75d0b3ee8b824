import { median } from "simple-statistics";
import type { Instant } from "#model/time.ts";
import { windowLengthMs } from "#model/time.ts";
import type { CountSource } from "./signal.ts";
import type { ArmName, ArmRow } from "./tiles.ts";

/** Spans are trusted where metrics confirm their number within this share (decision 8), beside chance at the edges. */
const confirmWithin = 0.02;
/** Tiles left out of the comparison while traffic sets in, and tiles compared; or at most this long, whatever comes first. */
const confirmAfterTiles = 2;
const confirmTiles = 3;
const confirmAtMostMs = 60_000;
/** The SDKs' default, assumed where a minute of evidence shows no second point of any instance. */
const assumedIntervalMs = 60_000;

/** Not settled yet, and why; or settled. */
export type CountSourceChoice =
  | { readonly settled: true; readonly source: CountSource }
  | { readonly settled: false; readonly why: string };

/**
 * Settles once where requests are counted and how long a tile is, from the sealed rows of [from, to). Spans come sooner;
 * metrics are complete where spans are sampled. Both arms use the same source. `before`: baseline rows from before the canary,
 * which tell that metrics will come although the first export is still due.
 */
export function chooseCountSource(
  rows: readonly ArmRow[],
  before: readonly ArmRow[],
  { from, to }: { readonly from: Instant; readonly to: Instant },
): CountSourceChoice {
  const spans = countsBySource(rows, "spans");
  const metrics = countsBySource(rows, "metrics");
  const hasSpans = spans.canary > 0 && spans.baseline > 0;
  const hasMetrics = metrics.canary > 0 && metrics.baseline > 0;
  if (!hasSpans && !hasMetrics) return { settled: false, why: missingSide(spans, metrics) };
  const metricsAnywhere = metrics.canary + metrics.baseline + countsBySource(before, "metrics").baseline > 0;
  if (hasSpans && !metricsAnywhere) return settleOnSpans(rows, "only spans are sent", to - from);
  const intervalMs = exportIntervalMs([...before, ...rows]);
  if (intervalMs === null && to - from < assumedIntervalMs) {
    return { settled: false, why: "waiting for a second metric export, to know the export interval" };
  }
  const tileMs = wholeWindows(intervalMs ?? assumedIntervalMs);
  if (hasMetrics && spans.canary + spans.baseline === 0) {
    return { settled: true, source: { source: "metrics", tileMs, why: "only metrics are sent" } };
  }
  if (to - from < Math.min((confirmAfterTiles + confirmTiles) * tileMs, confirmAtMostMs)) {
    return { settled: false, why: "comparing spans with metrics, to know whether spans are sampled" };
  }
  return compareSources(rows, { hasSpans, hasMetrics, from, to, tileMs });
}

function compareSources(
  rows: readonly ArmRow[],
  seen: {
    readonly hasSpans: boolean;
    readonly hasMetrics: boolean;
    readonly from: Instant;
    readonly to: Instant;
    readonly tileMs: number;
  },
): CountSourceChoice {
  const { from, to, tileMs } = seen;
  if (!seen.hasMetrics) return settleOnSpans(rows, "metrics are not sent by both versions", to - from);
  const onMetrics = (why: string): CountSourceChoice => ({
    settled: true,
    source: { source: "metrics", tileMs, why },
  });
  if (!seen.hasSpans) return onMetrics("spans are not sent by both versions");
  const skippedMs = confirmAfterTiles * tileMs;
  const confirmed =
    metricsConfirm(rows, from + skippedMs, to - from - skippedMs, tileMs) && statedShare(rows) === 1;
  return confirmed
    ? settleOnSpans(rows, "metrics confirm that spans are not sampled", to - from)
    : onMetrics("spans are fewer than the metrics count: they are sampled");
}

/**
 * True where spans and metrics count the same requests. A metric point is counted when it is exported, up to one tile after
 * its requests: the two counts differ by chance as two Poisson counts of one tile do, three standard deviations of which are allowed.
 */
function metricsConfirm(rows: readonly ArmRow[], from: Instant, lengthMs: number, tileMs: number): boolean {
  if (lengthMs < tileMs) return false;
  const inside = rows.filter(({ row }) => row.window >= from);
  const spans = countsBySource(inside, "spans");
  const metrics = countsBySource(inside, "metrics");
  return (["canary", "baseline"] as const).every((arm) => {
    const perTile = (metrics[arm] * tileMs) / lengthMs;
    return Math.abs(spans[arm] - metrics[arm]) <= confirmWithin * metrics[arm] + 3 * Math.sqrt(2 * perTile);
  });
}

function settleOnSpans(rows: readonly ArmRow[], why: string, elapsedMs: number): CountSourceChoice {
  const share = statedShare(rows);
  const sampling =
    share === 1
      ? ""
      : share === null
        ? "; the spans are sampled at an unstated rate, which weakens what can be concluded"
        : `; the spans are a stated ${(share * 100).toPrecision(3)} % of the traffic`;
  // Batch processors hold spans back for up to 5 s, but a span's window is that of its end: one window is a whole tile.
  return elapsedMs <= 0
    ? { settled: false, why: "no sealed window yet" }
    : { settled: true, source: { source: "spans", tileMs: windowLengthMs, why: `${why}${sampling}` } };
}

function countsBySource(rows: readonly ArmRow[], source: CountSource["source"]): Record<ArmName, number> {
  const counts = { canary: 0, baseline: 0 };
  for (const { arm, row } of rows) {
    if (row.measure.kind === "requests" && row.measure.source === source && row.sample.kind === "requests") {
      counts[arm] += row.sample.count;
    }
  }
  return counts;
}

function missingSide(spans: Record<ArmName, number>, metrics: Record<ArmName, number>): string {
  const canary = spans.canary + metrics.canary > 0;
  const baseline = spans.baseline + metrics.baseline > 0;
  if (canary && baseline)
    return "the canary sends one kind of telemetry and the baseline another: nothing to compare";
  if (canary) return "no requests of the baseline seen yet";
  return baseline ? "no requests of the canary seen yet" : "no requests of either version seen yet";
}

/** The smallest kept share that spans state; null where one is sampled at an unknown rate. */
function statedShare(rows: readonly ArmRow[]): number | null {
  let share = 1;
  for (const { row } of rows) {
    if (row.measure.kind !== "requests" || row.measure.source !== "spans" || row.sample.kind !== "requests")
      continue;
    if (row.sample.sampledShare === null) return null;
    share = Math.min(share, row.sample.sampledShare);
  }
  return share;
}

/** Longest over instances and metrics of the median gap between windows with points; null before any gap was seen. */
export function exportIntervalMs(rows: readonly ArmRow[]): number | null {
  const windows = new Map<string, Set<number>>();
  for (const { row } of rows) {
    const { measure } = row;
    if (measure.kind === "logs" || measure.kind === "pattern" || measure.kind === "rejected") continue;
    if (measure.kind === "requests" && measure.source === "spans") continue;
    const key = `${row.instanceId} ${measure.kind === "requests" ? "" : measure.metric}`;
    const seen = windows.get(key) ?? new Set();
    seen.add(row.window);
    windows.set(key, seen);
  }
  let longest: number | null = null;
  for (const seen of windows.values()) {
    const inOrder = [...seen].sort((a, b) => a - b);
    const gaps = inOrder.slice(1).map((window, at) => window - (inOrder[at] ?? window));
    if (gaps.length > 0) longest = Math.max(longest ?? 0, median(gaps));
  }
  return longest;
}

function wholeWindows(intervalMs: number): number {
  return Math.max(1, Math.ceil(intervalMs / windowLengthMs)) * windowLengthMs;
}
