import { withOnsetRow, type OnsetRow } from "#analyzers/stats/late-onset.ts";
import { addRateLikelihood, type RateBucket } from "#analyzers/stats/rate-likelihood.ts";
import { ratioGrid } from "#analyzers/stats/ratio-grid.ts";

/** What one instance served and how much of it was bad, in one tile. */
export interface ShareCount {
  readonly instanceId: number;
  readonly n: number;
  readonly x: number;
}

/** One bucket of time: both arms over the same windows. */
export interface ShareTile {
  /** Number of the tile from the start of evidence, so that a harm that begins late is found; null for late rows. */
  readonly at: number | null;
  readonly canary: readonly ShareCount[];
  readonly baseline: readonly ShareCount[];
}

/** All that is kept of the tiles so far: plain numbers, additive, the same in any order of tiles. */
export interface ShareEvidence {
  /** Log-likelihood of the log rate ratio on `ratioGrid`. */
  readonly likelihood: readonly number[];
  /** The newest tiles that showed a bad outcome, for a harm that begins late. */
  readonly recent: readonly OnsetRow[];
  /** Totals by instance over the tiles that carried evidence, ascending by id. */
  readonly canary: readonly ShareCount[];
  readonly baseline: readonly ShareCount[];
  /** Totals of the canary over all tiles, for the known limit. */
  readonly canaryN: number;
  readonly canaryX: number;
  readonly tilesUsed: number;
  /** Tiles in which one arm had no exposure. */
  readonly tilesSkipped: number;
}

const ratioTable = { logRatios: ratioGrid, ratios: ratioGrid.map((u) => Math.exp(u)) };

/** Evidence before the first tile. */
export function emptyShare(): ShareEvidence {
  return {
    likelihood: ratioGrid.map(() => 0),
    recent: [],
    canary: [],
    baseline: [],
    canaryN: 0,
    canaryX: 0,
    tilesUsed: 0,
    tilesSkipped: 0,
  };
}

/** Sums over instances. */
export function totals(counts: readonly ShareCount[]): { n: number; x: number } {
  let n = 0;
  let x = 0;
  for (const count of counts) {
    n += count.n;
    x += count.x;
  }
  return { n, x };
}

/** Adds counts by instance; the result ascends by id. */
function addCounts(known: readonly ShareCount[], added: readonly ShareCount[]): readonly ShareCount[] {
  // The same instances as before, in the same order, are the usual case.
  if (
    added.length === known.length &&
    added.every(({ instanceId }, i) => known[i]?.instanceId === instanceId)
  )
    return known.map(({ instanceId, n, x }, i) => ({
      instanceId,
      n: n + (added[i]?.n ?? 0),
      x: x + (added[i]?.x ?? 0),
    }));
  const sums = new Map<number, ShareCount>();
  for (const count of known) sums.set(count.instanceId, count);
  for (const { instanceId, n, x } of added) {
    const sum = sums.get(instanceId);
    sums.set(instanceId, { instanceId, n: n + (sum?.n ?? 0), x: x + (sum?.x ?? 0) });
  }
  return [...sums.values()].sort((a, b) => a.instanceId - b.instanceId);
}

/**
 * Adds one tile. Tiles may come in any order. A tile in which one arm has no exposure carries no evidence on the ratio;
 * its canary part still counts towards the known limit.
 */
export function foldShare(evidence: ShareEvidence, tile: ShareTile): ShareEvidence {
  const canary = totals(tile.canary);
  const baseline = totals(tile.baseline);
  const canaryN = evidence.canaryN + canary.n;
  const canaryX = evidence.canaryX + canary.x;
  if (canary.n <= 0 || baseline.n <= 0)
    return { ...evidence, canaryN, canaryX, tilesSkipped: evidence.tilesSkipped + 1 };
  const bucket: RateBucket = {
    canaryN: canary.n,
    canaryX: canary.x,
    baselineN: baseline.n,
    baselineX: baseline.x,
  };
  let likelihood = evidence.likelihood;
  if (canary.x + baseline.x > 0) {
    const sum = likelihood.slice();
    addRateLikelihood(sum, ratioTable, bucket);
    likelihood = sum;
  }
  return {
    likelihood,
    recent: tile.at === null ? evidence.recent : withOnsetRow(evidence.recent, tile.at, bucket),
    canary: addCounts(evidence.canary, tile.canary),
    baseline: addCounts(evidence.baseline, tile.baseline),
    canaryN,
    canaryX,
    tilesUsed: evidence.tilesUsed + 1,
    tilesSkipped: evidence.tilesSkipped,
  };
}
