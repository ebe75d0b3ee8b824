import type { Policy } from "./policy.ts";
import { mergeHistograms } from "#model/merge-histogram.ts";
import type { Histogram } from "#model/histogram.ts";
import type { Instant } from "#model/time.ts";
import { emptyShare, foldShare } from "#analyzers/metrics/share.ts";
import { foldDuration, openDuration, type DurationPlan } from "#analyzers/metrics/duration.ts";
import type { SharePlan } from "#analyzers/metrics/share.ts";
import { chanceOfDurations, chanceOfShare, type Minutes } from "./chance.ts";
import type { Chance, CountSource, Signal, SignalState } from "./signal.ts";
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
  readonly minutesBefore: Minutes;
}

/** Alpha of an attempt: a deployment analysed again spends half as much each time (decision 4). */
export function attemptFactor(attempt: number): number {
  return 2 ** (1 - attempt);
}

function isShare({ kind }: Signal): boolean {
  return kind !== "latency" && kind !== "histogram";
}

type Limits = Pick<Policy["logs"], "tolerance" | "margin" | "atMost" | "spread">;

/** What the policy allows a signal. */
function limitsOf(signal: Signal, policy: Policy): Limits {
  const metric = policy.metrics.find((candidate) => candidate.name === signal.metric);
  if (signal.kind === "errors") return policy.errors;
  if (metric !== undefined && metric.kind !== "gauge") return metric;
  return isShare(signal) ? policy.logs : policy.latency;
}

/** What a policy and chance ask of any test. */
function planOf(
  signal: Signal,
  policy: Policy,
  attempt: number,
  { tau, degrees }: Chance,
): Omit<DurationPlan, "quantiles"> {
  const { tolerance, margin, atMost } = limitsOf(signal, policy);
  return {
    alpha: policy.alpha,
    beta: policy.beta,
    weight: signal.weight,
    attemptFactor: attemptFactor(attempt),
    tolerance,
    margin,
    atMost,
    tau0: tau,
    tauDegrees: degrees,
    guarded: signal.guarded,
  };
}

export function sharePlan(signal: Signal, policy: Policy, attempt: number, chance: Chance): SharePlan {
  return {
    ...planOf(signal, policy, attempt, chance),
    ceiling: signal.kind === "errors" ? policy.errors.ceiling : null,
    limit: signal.kind === "errors" && signal.operation === "" ? policy.errors.limit : null,
    phi: chance.phi,
  };
}

export function durationPlan(signal: Signal, policy: Policy, attempt: number, chance: Chance): DurationPlan {
  return { ...planOf(signal, policy, attempt, chance), quantiles: policy.latency.quantiles };
}

/** The state of a signal before its first tile. */
export function openSignal(signal: Signal, context: FoldContext): Folded {
  const foldedTo = context.evidenceFrom;
  const { source } = context.counts;
  const { spread } = limitsOf(signal, context.policy);
  if (isShare(signal)) {
    const chance = chanceOfShare(context.minutesBefore, signal, source, spread);
    return { signal, test: "share", foldedTo, chance, evidence: emptyShare() };
  }
  const gathered = baselineHistogram(context.before, signal, source);
  const chance = chanceOfDurations(context.before, signal, source, spread);
  const waiting: Waiting = { signal, test: "waiting", foldedTo, chance, gathered: null };
  return gathered !== null && countOf(gathered) >= freezeRequests
    ? freeze(waiting, gathered, context)
    : waiting;
}

type Folded = Exclude<SignalState, { test: "gauge" }>;

/** Adds every whole tile that is sealed and not yet folded. The order of tiles does not matter to the evidence. */
export function foldSignal(state: Folded, rows: readonly ArmRow[], context: FoldContext): Folded {
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
function gather(state: Waiting, rows: readonly ArmRow[], context: FoldContext): Folded {
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

function freeze(state: Waiting, frozen: Histogram, context: FoldContext): Folded {
  const { signal, foldedTo, chance } = state;
  const opened = openDuration(frozen, durationPlan(signal, context.policy, context.attempt, chance));
  if (opened.ok) return { signal, test: "duration", foldedTo, chance, evidence: opened.value };
  return opened.error.tag === "tooFew"
    ? { ...state, gathered: frozen }
    : { signal, test: "unusable", foldedTo, why: opened.error.message };
}
