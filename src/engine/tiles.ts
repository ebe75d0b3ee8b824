import { mergeHistograms } from "#model/merge-histogram.ts";
import { countTraces, mergeSamples } from "#model/merge-sample.ts";
import type { Histogram } from "#model/histogram.ts";
import type { Sample, SampleRow } from "#model/sample.ts";
import type { Instant } from "#model/time.ts";
import type { DurationArm, DurationTile } from "#analyzers/metrics/duration.ts";
import type { ShareCount, ShareTile } from "#analyzers/metrics/share.ts";
import type { CountSource, Signal } from "./signal.ts";

export type ArmName = "canary" | "baseline";

/** Sealed rows of both arms; a baseline row of a shifted reference already stands at the canary window it is compared with. */
export interface ArmRow {
  readonly arm: ArmName;
  readonly row: SampleRow;
}

/** Whole windows taken together, by their start. */
export interface TileRows {
  readonly start: Instant;
  readonly rows: readonly ArmRow[];
}

/** Groups the rows of [from, to) into whole tiles counted from `from`; rows of a tile that is not over by `to` are left for later. */
export function tilesOf(
  rows: readonly ArmRow[],
  from: Instant,
  to: Instant,
  tileMs: number,
): readonly TileRows[] {
  const whole = Math.floor((to - from) / tileMs);
  const groups = new Map<number, ArmRow[]>();
  for (const armRow of rows) {
    const at = Math.floor((armRow.row.window - from) / tileMs);
    if (at < 0 || at >= whole) continue;
    const group = groups.get(at);
    if (group === undefined) groups.set(at, [armRow]);
    else group.push(armRow);
  }
  return [...groups.entries()]
    .sort(([a], [b]) => a - b)
    .map(([at, group]) => ({ start: from + at * tileMs, rows: group }));
}

/** Where the last whole tile ends. */
export function tilesEnd(from: Instant, to: Instant, tileMs: number): Instant {
  return from + Math.max(0, Math.floor((to - from) / tileMs)) * tileMs;
}

/** Requests of a row under the frozen source; 0 for any other row. */
export function requestsOf({ measure, sample }: SampleRow, source: CountSource["source"]): number {
  return measure.kind === "requests" && measure.source === source && sample.kind === "requests"
    ? sample.count
    : 0;
}

/** Exposure and bad outcomes of a share signal, by instance. `at`: number of the tile from the start of evidence; null for late rows. */
export function shareTile(
  rows: readonly ArmRow[],
  signal: Signal,
  source: CountSource["source"],
  at: number | null,
): ShareTile {
  return {
    at,
    canary: shareCounts(rows, "canary", signal, source),
    baseline: shareCounts(rows, "baseline", signal, source),
  };
}

function shareCounts(
  rows: readonly ArmRow[],
  arm: ArmName,
  signal: Signal,
  source: CountSource["source"],
): readonly ShareCount[] {
  // A counter that an arm does not send is not a counter at zero: without it there is no exposure either.
  if (
    signal.kind === "counter" &&
    !rows.some((armRow) => armRow.arm === arm && isCounter(armRow.row, signal))
  )
    return [];
  const counts = new Map<number, { n: number; x: number }>();
  for (const { arm: rowArm, row } of rows) {
    if (rowArm !== arm) continue;
    const { n, x } = shareOf(row, signal, source);
    if (n === 0 && x === 0) continue;
    const count = counts.get(row.instanceId) ?? { n: 0, x: 0 };
    counts.set(row.instanceId, { n: count.n + n, x: count.x + x });
  }
  return [...counts.entries()]
    .sort(([a], [b]) => a - b)
    .map(([instanceId, count]) => ({ instanceId, ...count }));
}

function isCounter({ measure }: SampleRow, signal: Signal): boolean {
  return measure.kind === "counter" && measure.metric === signal.metric;
}

function shareOf(row: SampleRow, signal: Signal, source: CountSource["source"]): { n: number; x: number } {
  const { measure, sample } = row;
  const n = requestsOf(row, source);
  switch (signal.kind) {
    case "errors":
      return measure.kind === "requests" &&
        sample.kind === "requests" &&
        n > 0 &&
        isOf(measure.operation, signal)
        ? { n, x: sample.errors }
        : { n: 0, x: 0 };
    case "logs":
      return sample.kind === "logs" ? { n: 0, x: countTraces(sample.traces) } : { n, x: 0 };
    case "counter":
      return measure.kind === "counter" && measure.metric === signal.metric && sample.kind === "counter"
        ? { n: 0, x: sample.total }
        : { n, x: 0 };
    case "latency":
    case "gauge":
    case "histogram":
      return { n: 0, x: 0 };
  }
}

function isOf(operation: string, signal: Signal): boolean {
  return signal.operation === "" || signal.operation === operation;
}

/** Says whether a row counts for latency: instances that are still warming up are left out (decision 20). */
export type IsWarm = (row: SampleRow, arm: ArmName) => boolean;

/**
 * Durations of a signal by instance. Rows whose layout does not merge with their instance's others are left out and counted.
 * `at` as for shares.
 */
// eslint-disable-next-line @typescript-eslint/max-params -- what an arm is read by, and the tile's number
export function durationTile(
  rows: readonly ArmRow[],
  signal: Signal,
  source: CountSource["source"],
  isWarm: IsWarm,
  at: number | null,
): { readonly tile: DurationTile; readonly unmerged: number } {
  const canary = durationArm(rows, "canary", signal, source, isWarm);
  const baseline = durationArm(rows, "baseline", signal, source, isWarm);
  return {
    tile: { at, canary: canary.arms, baseline: baseline.arms },
    unmerged: canary.unmerged + baseline.unmerged,
  };
}

// eslint-disable-next-line @typescript-eslint/max-params -- the same five that durationTile is made of
function durationArm(
  rows: readonly ArmRow[],
  arm: ArmName,
  signal: Signal,
  source: CountSource["source"],
  isWarm: IsWarm,
): { readonly arms: readonly DurationArm[]; readonly unmerged: number } {
  const merged = new Map<number, Histogram>();
  let unmerged = 0;
  for (const { arm: rowArm, row } of rows) {
    if (rowArm !== arm || !isWarm(row, arm)) continue;
    const histogram = durationOf(row, signal, source);
    if (histogram === null) continue;
    const before = merged.get(row.instanceId);
    const together = before === undefined ? null : mergeHistograms(before, histogram);
    if (together === null) merged.set(row.instanceId, histogram);
    else if (together.ok) merged.set(row.instanceId, together.value);
    else unmerged += 1;
  }
  const arms = [...merged.entries()]
    .sort(([a], [b]) => a - b)
    .map(([instanceId, histogram]) => ({ instanceId, histogram }));
  return { arms, unmerged };
}

function durationOf(row: SampleRow, signal: Signal, source: CountSource["source"]): Histogram | null {
  const { measure, sample } = row;
  if (signal.kind === "latency") {
    return requestsOf(row, source) > 0 &&
      measure.kind === "requests" &&
      sample.kind === "requests" &&
      isOf(measure.operation, signal)
      ? sample.duration
      : null;
  }
  return measure.kind === "histogram" && measure.metric === signal.metric && sample.kind === "histogram"
    ? sample.histogram
    : null;
}

/** The whole baseline distribution of a signal in some rows, to freeze cut points; null where there is none. */
export function baselineHistogram(
  rows: readonly ArmRow[],
  signal: Signal,
  source: CountSource["source"],
): Histogram | null {
  const { tile } = durationTile(rows, signal, source, () => true, null);
  return tile.baseline.reduce<Histogram | null>((whole, { histogram }) => {
    if (whole === null) return histogram;
    const merged = mergeHistograms(whole, histogram);
    return merged.ok ? merged.value : whole;
  }, null);
}

/** Number of values in a histogram. */
export function countOf(histogram: Histogram): number {
  const zeros = histogram.layout === "exponential" ? histogram.zeroCount : 0;
  return histogram.counts.reduce((sum, count) => sum + count, zeros);
}

/** Samples of one measure merged over an arm, for what is shown and not judged. */
export function mergedSample(
  rows: readonly ArmRow[],
  arm: ArmName,
  fits: (row: SampleRow) => boolean,
): Sample | null {
  return rows.reduce<Sample | null>((whole, { arm: rowArm, row }) => {
    if (rowArm !== arm || !fits(row)) return whole;
    if (whole === null) return row.sample;
    const merged = mergeSamples(whole, row.sample);
    return merged.ok ? merged.value : whole;
  }, null);
}
