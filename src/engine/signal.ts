import type { FindingKind } from "#model/finding.ts";
import type { GaugeEvidence } from "#analyzers/gauges/gauge-blocks.ts";
import type { DurationEvidence } from "#analyzers/metrics/duration.ts";
import type { ShareEvidence } from "#analyzers/metrics/share.ts";
import type { Histogram } from "#model/histogram.ts";
import type { Instant } from "#model/time.ts";
import { emptyPatterns, type PatternsState } from "./pattern-state.ts";

/** One thing measured and judged, with the weight that was fixed when evidence started (decision 14). */
export interface Signal {
  /** Such as "errors", "latency POST /pay", "counter cache.misses": unique inside an analysis. */
  readonly id: string;
  readonly kind: Extract<FindingKind, "errors" | "latency" | "logs" | "counter" | "gauge" | "histogram">;
  /** "" for the whole service. */
  readonly operation: string;
  /** The metric's name for counter, gauge and histogram, else "". */
  readonly metric: string;
  readonly guarded: boolean;
  readonly weight: number;
}

/**
 * What chance is taken to do to a signal between equal versions, frozen before its first evidence from the baseline's own history:
 * the spread tau between instances with the degrees of freedom behind it, and the dispersion phi of bursts.
 */
export interface Chance {
  readonly tau: number;
  readonly degrees: number;
  readonly phi: number;
}

/** The running evidence of one signal. `foldedTo`: windows that start before it are in the evidence, or were used to freeze cut points. */
export type SignalState =
  | {
      readonly signal: Signal;
      readonly test: "share";
      readonly foldedTo: Instant;
      readonly chance: Chance;
      readonly evidence: ShareEvidence;
    }
  | {
      readonly signal: Signal;
      readonly test: "duration";
      readonly foldedTo: Instant;
      readonly chance: Chance;
      readonly evidence: DurationEvidence;
    }
  | {
      readonly signal: Signal;
      readonly test: "gauge";
      readonly foldedTo: Instant;
      readonly chance: Chance;
      readonly evidence: GaugeEvidence;
    }
  /** Gathers the baseline's distribution to freeze cut points on; what it gathers carries no evidence. */
  | {
      readonly signal: Signal;
      readonly test: "waiting";
      readonly foldedTo: Instant;
      readonly chance: Chance;
      readonly gathered: Histogram | null;
    }
  /** The baseline's distribution cannot carry this test: why. */
  | { readonly signal: Signal; readonly test: "unusable"; readonly foldedTo: Instant; readonly why: string };

/** Where requests are counted and how long a tile is, frozen at the first evidence (decisions 7 and 8). */
export interface CountSource {
  readonly source: "spans" | "metrics";
  readonly tileMs: number;
  readonly why: string;
}

/**
 * All that the engine remembers of an analysis between two looks. Everything in it can be computed again from sealed
 * windows (decision 13); storing it only saves the work.
 */
export interface EngineState {
  readonly version: 3;
  readonly canaryIds: readonly number[];
  readonly baselineIds: readonly number[];
  /** First window of evidence; null until both arms were seen. */
  readonly evidenceFrom: Instant | null;
  readonly referenceShiftMs: number;
  readonly counts: CountSource | null;
  readonly signals: readonly SignalState[];
  readonly patterns: PatternsState;
  /** Operations that came after the weights were fixed, in order of coming: they share the reserve. */
  readonly lateOperations: readonly string[];
  /** Operations past the cap on signals: not judged, said in the notes. */
  readonly unjudgedOperations: number;
  readonly lastLook: Instant | null;
  /** Our own ingestion had a gap: no promotion before this instant. */
  readonly gapUntil: Instant | null;
  readonly integrity: IntegrityState;
  /** Assumptions and limits that are printed with the verdict. */
  readonly notes: readonly string[];
}

/**
 * What of an arm's points could not be used, by metric ("" = the metrics that count requests), in windows of single instances:
 * those with any point of the metric, and of these the ones with a rejected point.
 */
export type RejectedPoints = Readonly<
  Record<string, { readonly windows: number; readonly rejected: number }>
>;

/** Running facts that guard a promotion, folded tile by tile. */
export interface IntegrityState {
  readonly foldedTo: Instant | null;
  /** Tiles in a row in which both arms showed exactly the same. */
  readonly identicalTiles: number;
  readonly canaryLast: Instant | null;
  readonly baselineLast: Instant | null;
  readonly canaryRequests: number;
  readonly canaryRequestsFrom: Instant | null;
  /** End of the last tile in which the canary served a request. */
  readonly canaryServedTo: Instant | null;
  readonly rejected: { readonly canary: RejectedPoints; readonly baseline: RejectedPoints };
  /** Requests of both arms in tiles wholly inside one weight, by weight. */
  readonly split: readonly { readonly weight: number; readonly canary: number; readonly baseline: number }[];
  /** Baseline errors and requests before and during the last minute, for the sick-baseline check. */
  readonly baselineHistory: { readonly n: number; readonly x: number };
  readonly baselineRecent: readonly { readonly at: Instant; readonly n: number; readonly x: number }[];
}

export const emptyEngineState: EngineState = {
  version: 3,
  canaryIds: [],
  baselineIds: [],
  evidenceFrom: null,
  referenceShiftMs: 0,
  counts: null,
  signals: [],
  patterns: emptyPatterns,
  lateOperations: [],
  unjudgedOperations: 0,
  lastLook: null,
  gapUntil: null,
  integrity: {
    foldedTo: null,
    identicalTiles: 0,
    canaryLast: null,
    baselineLast: null,
    canaryRequests: 0,
    canaryRequestsFrom: null,
    canaryServedTo: null,
    rejected: { canary: {}, baseline: {} },
    split: [],
    baselineHistory: { n: 0, x: 0 },
    baselineRecent: [],
  },
  notes: [],
};
