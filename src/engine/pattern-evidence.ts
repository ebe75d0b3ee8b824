import { emptyPattern, foldPattern } from "#analyzers/metrics/new-pattern.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import type { Instant } from "#model/time.ts";
import {
  countedBy,
  exposuresOf,
  hitsOf,
  totalExposure,
  withInstance,
  type TileExposures,
  type TileHits,
} from "./pattern-tile.ts";
import type { FormEvidence, InstanceExposure, PatternsState } from "./pattern-state.ts";
import {
  countsFromStart,
  isJudged,
  isOverflow,
  patternClass,
  patternFamily,
  patternsPerClass,
  patternWeight,
  type PatternFamily,
} from "./pattern-weights.ts";
import type { CountSource } from "./signal.ts";
import { tilesEnd, tilesOf, type ArmRow, type IsWarm } from "./tiles.ts";

/** What folding of patterns needs to know beside the rows. */
export interface PatternContext {
  readonly counts: CountSource;
  readonly evidenceFrom: Instant;
  readonly sealedTo: Instant;
  readonly isWarm: IsWarm;
  readonly patterns: readonly LogPattern[];
}

/** Hits of the baseline before the canary came. Those of instances that warmed up then count too: it is known to log them. */
export function patternsBefore(before: readonly ArmRow[]): PatternsState["before"] {
  return Object.fromEntries(hitsOf(before, () => true).map(({ id, baseline }) => [id, baseline.hits]));
}

/**
 * Adds every whole tile that is sealed and not yet folded. A tile without a hit of a form changes no ratio (evidence is
 * conditional on the hits of both arms together), so a form that is first seen late has all exposure since the start in
 * its evidence as if it had been watched from there.
 *
 * Lines of an instance that warms up are left out with its requests, in both arms: what a starting process logs has nothing
 * beside it in a baseline that has run for days. FATAL records and critical known failures always count.
 */
export function foldPatternTiles(
  state: PatternsState,
  rows: readonly ArmRow[],
  context: PatternContext,
): PatternsState {
  const from = state.foldedTo ?? context.evidenceFrom;
  const { tileMs } = context.counts;
  const known = new Map(context.patterns.flatMap((pattern) => pattern.ids.map((id) => [id, pattern])));
  const folded = tilesOf(rows, from, context.sealedTo, tileMs).reduce(
    (sum, tile) => foldTile(sum, tile.rows, { ...context, known }),
    state,
  );
  return { ...folded, foldedTo: tilesEnd(from, context.sealedTo, tileMs) };
}

type TileContext = PatternContext & { readonly known: ReadonlyMap<string, LogPattern> };

interface Tile {
  readonly hits: ReadonlyMap<string, TileHits>;
  readonly exposures: TileExposures;
}

function foldTile(state: PatternsState, rows: readonly ArmRow[], context: TileContext): PatternsState {
  const warm = tileOf(rows, context, false);
  const exposed = {
    ...state,
    canary: added(state.canary, warm.exposures.canary),
    baseline: added(state.baseline, warm.exposures.baseline),
  };
  if (!rows.some(({ row }) => row.measure.kind === "pattern")) return exposed;
  const whole = tileOf(rows, context, true);
  const grown = withNewForms(exposed, { warm, whole }, context);
  const forms = grown.forms.map((form) => addTile(form, form.fromStart ? whole : warm));
  return { ...grown, forms };
}

function tileOf(rows: readonly ArmRow[], { counts, isWarm }: TileContext, fromStart: boolean): Tile {
  const counted = countedBy(isWarm, fromStart);
  return {
    hits: new Map(hitsOf(rows, counted).map((hits) => [hits.id, hits])),
    exposures: exposuresOf(rows, counts.source, counted),
  };
}

/** Evidence of a form with one more tile. */
function addTile(form: FormEvidence, { hits, exposures }: Tile): FormEvidence {
  const tile = hits.get(form.id);
  if (tile === undefined) return form;
  const { canary, baseline } = tile;
  const canaryN = totalExposure(exposures.canary);
  const baselineN = totalExposure(exposures.baseline);
  if (canaryN === 0 || baselineN === 0) return form;
  return {
    ...form,
    evidence: foldPattern(form.evidence, {
      canaryN,
      canaryX: canary.hits,
      baselineN,
      baselineX: baseline.hits,
    }),
    untraced: form.untraced + canary.untraced + baseline.untraced,
    bursts: form.bursts + canary.bursts + baseline.bursts,
    canaryInstances: canary.instances.reduce(withInstance, form.canaryInstances),
    baselineInstances: baseline.instances.reduce(withInstance, form.baselineInstances),
  };
}

/** Late rows of both arms as one more tile; forms that only late rows show are left out. */
export function withLateTile(
  state: PatternsState,
  lateRows: readonly ArmRow[],
  context: PatternContext,
): readonly FormEvidence[] {
  if (!lateRows.some(({ row }) => row.measure.kind === "pattern")) return state.forms;
  const known = new Map<string, LogPattern>();
  const warm = tileOf(lateRows, { ...context, known }, false);
  const whole = tileOf(lateRows, { ...context, known }, true);
  return state.forms.map((form) => addTile(form, form.fromStart ? whole : warm));
}

/** Forms first seen in a tile, in order of first window and id, with the weights of their places. */
function withNewForms(
  state: PatternsState,
  tile: { readonly warm: Tile; readonly whole: Tile },
  { known }: TileContext,
): PatternsState {
  const tracked = new Set(state.forms.map(({ id }) => id));
  const ranks = new Map<PatternFamily, number>();
  for (const { class: kind, id } of state.forms) {
    const family = patternFamily(kind, Object.hasOwn(state.before, id));
    ranks.set(family, (ranks.get(family) ?? 0) + 1);
  }
  const forms: FormEvidence[] = [];
  let unjudged = 0;
  let { overflowed } = state;
  for (const hits of tile.whole.hits.values()) {
    const pattern = known.get(hits.id);
    if (pattern !== undefined && isOverflow(pattern)) overflowed = true;
    if (tracked.has(hits.id) || pattern === undefined || !isJudged(pattern)) continue;
    const fromStart = countsFromStart(pattern);
    if (!fromStart && !tile.warm.hits.has(hits.id)) continue;
    const kind = patternClass(pattern);
    const seenBefore = Object.hasOwn(state.before, hits.id);
    const family = patternFamily(kind, seenBefore);
    const rank = (ranks.get(family) ?? 0) + 1;
    if (rank > patternsPerClass) {
      unjudged += 1;
      continue;
    }
    ranks.set(family, rank);
    forms.push({
      ...{ id: hits.id, class: kind, weight: patternWeight(kind, seenBefore, rank), rank, fromStart },
      ...{ firstWindow: hits.firstWindow, evidence: emptyPattern(), untraced: 0, bursts: 0 },
      ...{ canaryInstances: [], baselineInstances: [] },
    });
  }
  return {
    ...state,
    forms: [...state.forms, ...forms],
    unjudged: Math.max(state.unjudged, unjudged),
    overflowed,
  };
}

/** Sums by instance, ascending. */
function added(
  known: readonly InstanceExposure[],
  more: readonly InstanceExposure[],
): readonly InstanceExposure[] {
  const sums = new Map(known.map(({ instanceId, n }) => [instanceId, n]));
  for (const { instanceId, n } of more) sums.set(instanceId, (sums.get(instanceId) ?? 0) + n);
  return [...sums].sort(([a], [b]) => a - b).map(([instanceId, n]) => ({ instanceId, n }));
}
