import type { Policy } from "./policy.ts";
import { mergeHistograms } from "#model/merge-histogram.ts";
import type { Histogram } from "#model/histogram.ts";
import type { Instant } from "#model/time.ts";
import { emptyShare, foldShare } from "#analyzers/metrics/share.ts";
import { foldDuration, openDuration, type DurationPlan } from "#analyzers/metrics/duration.ts";
import type { SharePlan } from "#analyzers/metrics/share.ts";
import type { CountSource, Signal, SignalState } from "./signal.ts";
import {
  baselineHistogram,
  countOf,
  durationTile,
  shareTile,
  tilesEnd,
  tilesOf,
  type ArmRow,
  type IsWarm,
} from "./tiles.ts";

/** Requests that the baseline must have shown before latency cut points freeze, and the least time (decision 19). */
export const freezeRequests = 100;
export const freezeMs = 15_000;

/** What folding needs to know beside the rows. */
export interface FoldContext {
  readonly policy: Policy;
  readonly counts: CountSource;
  readonly evidenceFrom: Instant;
  readonly sealedTo: Instant;
  readonly attempt: number;
  readonly isWarm: IsWarm;
  /** True at the end of the horizon: then the exact tests of the deadline are worked out. */
  readonly deadline: boolean;
  /** Baseline rows of the ten minutes before the canary came. */
  readonly before: readonly ArmRow[];
}

/** Alpha of an attempt: a deployment analysed again spends half as much each time (decision 4). */
export function attemptFactor(attempt: number): number {
  return 2 ** (1 - attempt);
}

export function sharePlan(signal: Signal, policy: Policy, attempt: number): SharePlan {
  const metric = policy.metrics.find((candidate) => candidate.name === signal.metric);
  const limits =
    signal.kind === "errors"
      ? policy.errors
      : metric !== undefined && metric.kind !== "gauge"
        ? metric
        : policy.logs;
  return {
    alpha: policy.alpha,
    beta: policy.beta,
    weight: signal.weight,
    attemptFactor: attemptFactor(attempt),
    tolerance: limits.tolerance,
    margin: limits.margin,
    atMost: limits.atMost,
    ceiling: signal.kind === "errors" ? policy.errors.ceiling : null,
    tau0: limits.spread,
    tauDegrees: 10,
    phi: 1,
    guarded: signal.guarded,
  };
}

export function durationPlan(signal: Signal, policy: Policy, attempt: number): DurationPlan {
  const metric = policy.metrics.find((candidate) => candidate.name === signal.metric);
  const limits = metric !== undefined && metric.kind !== "gauge" ? metric : policy.latency;
  return {
    alpha: policy.alpha,
    beta: policy.beta,
    weight: signal.weight,
    attemptFactor: attemptFactor(attempt),
    tolerance: limits.tolerance,
    margin: limits.margin,
    atMost: limits.atMost,
    quantiles: policy.latency.quantiles,
    tau0: limits.spread,
    tauDegrees: 10,
    guarded: signal.guarded,
  };
}

/** The state of a signal before its first tile. */
export function openSignal(signal: Signal, context: FoldContext): SignalState {
  const foldedTo = context.evidenceFrom;
  if (signal.kind !== "latency" && signal.kind !== "histogram") {
    return { signal, test: "share", foldedTo, evidence: emptyShare() };
  }
  const gathered = baselineHistogram(context.before, signal, context.counts.source);
  const waiting: Waiting = { signal, test: "waiting", foldedTo, gathered: null };
  return gathered !== null && countOf(gathered) >= freezeRequests
    ? freeze(waiting, gathered, context)
    : waiting;
}

/** Adds every whole tile that is sealed and not yet folded. The order of tiles does not matter to the evidence. */
export function foldSignal(state: SignalState, rows: readonly ArmRow[], context: FoldContext): SignalState {
  const { tileMs, source } = context.counts;
  const to = tilesEnd(state.foldedTo, context.sealedTo, tileMs);
  if (to === state.foldedTo) return state;
  const numberOf = (start: Instant): number => Math.round((start - context.evidenceFrom) / tileMs);
  switch (state.test) {
    case "unusable":
      return { ...state, foldedTo: to };
    case "waiting":
      return gather(state, rows, context);
    case "share": {
      const tiles = tilesOf(rows, state.foldedTo, context.sealedTo, tileMs);
      const evidence = tiles.reduce(
        (folded, tile) => foldShare(folded, shareTile(tile.rows, state.signal, source, numberOf(tile.start))),
        state.evidence,
      );
      return { ...state, foldedTo: to, evidence };
    }
    case "duration": {
      const tiles = tilesOf(rows, state.foldedTo, context.sealedTo, tileMs);
      const evidence = tiles.reduce(
        (folded, tile) =>
          foldDuration(
            folded,
            durationTile(tile.rows, state.signal, source, context.isWarm, numberOf(tile.start)).tile,
          ),
        state.evidence,
      );
      return { ...state, foldedTo: to, evidence };
    }
  }
}

type Waiting = Extract<SignalState, { test: "waiting" }>;

/** Tile by tile, so that cut points freeze at the same tile however late one looks. */
function gather(state: Waiting, rows: readonly ArmRow[], context: FoldContext): SignalState {
  const { tileMs, source } = context.counts;
  const until = state.foldedTo + tileMs;
  if (until > context.sealedTo) return state;
  const inTile = rows.filter(({ row }) => row.window >= state.foldedTo && row.window < until);
  const more = baselineHistogram(inTile, state.signal, source);
  const gathered = together(state.gathered, more);
  const next: Waiting = { ...state, foldedTo: until, gathered };
  const enough =
    gathered !== null && countOf(gathered) >= freezeRequests && until - context.evidenceFrom >= freezeMs;
  return foldSignal(enough ? freeze(next, gathered, context) : next, rows, context);
}

function together(a: Histogram | null, b: Histogram | null): Histogram | null {
  if (a === null || b === null) return a ?? b;
  const merged = mergeHistograms(a, b);
  return merged.ok ? merged.value : a;
}

function freeze(state: Waiting, frozen: Histogram, context: FoldContext): SignalState {
  const { signal, foldedTo } = state;
  const opened = openDuration(frozen, durationPlan(signal, context.policy, context.attempt));
  if (opened.ok) return { signal, test: "duration", foldedTo, evidence: opened.value };
  return opened.error.tag === "tooFew"
    ? { ...state, gathered: frozen }
    : { signal, test: "unusable", foldedTo, why: opened.error.message };
}
