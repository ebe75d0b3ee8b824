import type { WeightSpan } from "#model/analysis.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { CountSource, IntegrityState } from "./signal.ts";
import { addRejected } from "./rejected-points.ts";
import { requestsOf, tilesEnd, tilesOf, type ArmRow, type TileRows } from "./tiles.ts";

/** Tiles in a row in which both arms must agree to the last digit before a copy is suspected. */
const identicalTilesNeeded = 6;
const identicalRequestsNeeded = 10;
/** The baseline is sick above this multiple of its own history, with at least so many errors in the last minute. */
const sickRatio = 3;
const sickErrors = 20;
const recentMs = 60_000;
/** Silence is only telling where traffic at the canary's own rate would have shown this many requests: P(0 | 12) = 6e-6. */
export const silenceRequests = 12;
/** Windows without data before silence is spoken of. */
export const silenceWindows = 3;

/** Folds the whole tiles that are new into the running facts that guard a promotion. */
export function foldIntegrity(
  state: IntegrityState,
  rows: readonly ArmRow[],
  context: {
    readonly counts: CountSource;
    readonly evidenceFrom: Instant;
    readonly sealedTo: Instant;
    readonly weights: readonly WeightSpan[];
  },
): IntegrityState {
  const from = state.foldedTo ?? context.evidenceFrom;
  const { tileMs } = context.counts;
  const to = tilesEnd(from, context.sealedTo, tileMs);
  const folded = tilesOf(rows, from, context.sealedTo, tileMs).reduce(
    (before, tile) => foldTile(before, tile, context),
    state,
  );
  return { ...folded, foldedTo: to };
}

function foldTile(
  state: IntegrityState,
  tile: TileRows,
  { counts, weights }: { readonly counts: CountSource; readonly weights: readonly WeightSpan[] },
): IntegrityState {
  const canary = totals(tile, "canary", counts.source);
  const baseline = totals(tile, "baseline", counts.source);
  const end = tile.start + counts.tileMs;
  const same =
    canary.n >= identicalRequestsNeeded &&
    canary.n === baseline.n &&
    canary.x === baseline.x &&
    canary.durations === baseline.durations;
  const recent = [...state.baselineRecent, { at: end, n: baseline.n, x: baseline.x }];
  const aged = recent.filter(({ at }) => at <= end - recentMs);
  // An arm without any request is silent or has no traffic yet: that is told apart from a split that is off.
  const weight = canary.n === 0 || baseline.n === 0 ? null : weightOver(weights, tile.start, end);
  return {
    ...state,
    identicalTiles: same ? state.identicalTiles + 1 : 0,
    canaryRequests: state.canaryRequests + canary.n,
    canaryServedTo: canary.n > 0 ? end : state.canaryServedTo,
    canaryRequestsFrom: state.canaryRequestsFrom ?? (canary.n > 0 ? tile.start : null),
    rejected: {
      canary: addRejected(state.rejected.canary, tile.rows, "canary"),
      baseline: addRejected(state.rejected.baseline, tile.rows, "baseline"),
    },
    split: weight === null ? state.split : addSplit(state.split, weight, canary.n, baseline.n),
    baselineHistory: aged.reduce((sum, { n, x }) => ({ n: sum.n + n, x: sum.x + x }), state.baselineHistory),
    baselineRecent: recent.filter(({ at }) => at > end - recentMs),
  };
}

function totals(
  tile: TileRows,
  arm: ArmRow["arm"],
  source: CountSource["source"],
): { n: number; x: number; durations: number } {
  const sum = { n: 0, x: 0, durations: 0 };
  for (const { arm: rowArm, row } of tile.rows) {
    const n = requestsOf(row, source);
    if (rowArm !== arm || n === 0 || row.sample.kind !== "requests") continue;
    sum.n += n;
    sum.x += row.sample.errors;
    sum.durations += row.sample.duration?.sum ?? 0;
  }
  return sum;
}

/** The commanded canary weight that was in force over the whole of [from, to); null where it changed or is not known. */
function weightOver(weights: readonly WeightSpan[], from: Instant, to: Instant): number | null {
  const span = weights.find(
    (candidate) => candidate.from <= from && (candidate.to === null || candidate.to >= to),
  );
  return span?.canaryWeight ?? null;
}

function addSplit(
  split: IntegrityState["split"],
  weight: number,
  canary: number,
  baseline: number,
): IntegrityState["split"] {
  const before = split.find((entry) => entry.weight === weight) ?? { weight, canary: 0, baseline: 0 };
  const after = { weight, canary: before.canary + canary, baseline: before.baseline + baseline };
  return [...split.filter((entry) => entry.weight !== weight), after].sort((a, b) => a.weight - b.weight);
}

/** Newest window end with any sample of an arm: any telemetry is a sign of life. */
export function lastSeen(
  rows: readonly ArmRow[],
  arm: ArmRow["arm"],
  before: Instant | null,
): Instant | null {
  return rows.reduce<Instant | null>((last, { arm: rowArm, row }) => {
    const end = row.window + windowLengthMs;
    return rowArm === arm && (last === null || end > last) ? end : last;
  }, before);
}

/** True where both arms showed the very same numbers for several tiles: a copy, or a wrong tag. */
export function suspectsIdentical(state: IntegrityState): boolean {
  return state.identicalTiles >= identicalTilesNeeded;
}

/** True where the baseline's last minute is far above its own history. */
export function baselineSick(state: IntegrityState): boolean {
  const recent = state.baselineRecent.reduce((sum, { n, x }) => ({ n: sum.n + n, x: sum.x + x }), {
    n: 0,
    x: 0,
  });
  const { n, x } = state.baselineHistory;
  if (recent.x < sickErrors || recent.n === 0 || n === 0) return false;
  return recent.x / recent.n > (sickRatio * (x + 1)) / n;
}

/** How long an arm has been silent at the newest seal, beyond its export interval; 0 while data flows. */
export function silentForMs(last: Instant | null, sealedTo: Instant, tileMs: number): number {
  if (last === null) return 0;
  const silentMs = sealedTo - last;
  return silentMs >= silenceWindows * Math.max(windowLengthMs, tileMs) ? silentMs : 0;
}

/** Whether silence of that length says anything: at the canary's own rate enough requests would have come, or its metrics stopped. */
export function silenceTells(
  state: IntegrityState,
  silentMs: number,
  source: CountSource["source"],
): boolean {
  if (source === "metrics") return true;
  const { canaryRequests, canaryRequestsFrom, canaryLast } = state;
  if (canaryRequestsFrom === null || canaryLast === null) return false;
  const activeMs = Math.max(windowLengthMs, canaryLast - canaryRequestsFrom);
  return (canaryRequests / activeMs) * silentMs >= silenceRequests;
}
