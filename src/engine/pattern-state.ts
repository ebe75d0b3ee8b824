import type { PatternEvidence } from "#analyzers/metrics/new-pattern.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import type { Instant } from "#model/time.ts";

/** What a pattern is taken for: failures are exceptions, FATAL records and known failures of severity critical or high. */
export type PatternClass = "failure" | "error" | "other";

/** Exposure of one instance. */
export interface InstanceExposure {
  readonly instanceId: number;
  readonly n: number;
}

/** Running evidence on one form of log line. Forms that turn out to be one pattern are added up when they are concluded. */
export interface FormEvidence {
  /** A `Measure.pattern`. */
  readonly id: string;
  readonly class: PatternClass;
  /** Fixed at its first sight, with its place in its family. */
  readonly weight: number;
  readonly rank: number;
  /** Whether lines of instances that warm up count. */
  readonly fromStart: boolean;
  readonly firstWindow: Instant;
  readonly evidence: PatternEvidence;
  /** Hits without a trace. */
  readonly untraced: number;
  /** Instances and windows with a hit. */
  readonly bursts: number;
  readonly canaryInstances: readonly number[];
  readonly baselineInstances: readonly number[];
}

/** All that is remembered of the log patterns of an analysis: additive, the same in any order of rows. */
export interface PatternsState {
  readonly foldedTo: Instant | null;
  /** Hits of the baseline in the ten minutes before the canary came, by form. */
  readonly before: Readonly<Record<string, number>>;
  /** Exposures in the evidence. */
  readonly canary: readonly InstanceExposure[];
  readonly baseline: readonly InstanceExposure[];
  readonly forms: readonly FormEvidence[];
  /** Most forms in one tile that were not judged because enough of their kind are. */
  readonly unjudged: number;
  /** Lines came of forms that are not told apart, because a limit of the ingestion was reached. */
  readonly overflowed: boolean;
  /** Why its analyzer failed, from when on patterns are unknown; null as long as it has not. */
  readonly failure: string | null;
}

export const emptyPatterns: PatternsState = {
  foldedTo: null,
  before: {},
  canary: [],
  baseline: [],
  forms: [],
  unjudged: 0,
  overflowed: false,
  failure: null,
};

/** Forms that are one pattern now, added up. */
export interface JoinedPattern extends FormEvidence {
  readonly pattern: LogPattern;
  /** Hits of the baseline before the canary came. */
  readonly before: number;
}
