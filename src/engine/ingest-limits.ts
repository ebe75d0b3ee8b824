/** Bounds of what telemetry may make the engine hold. What goes beyond is counted under the tally named with it. */
export interface IngestLimits {
  /** Services with their environments; `overflow.services`. */
  readonly services: number;
  /** Instances held in memory; those idle longest make room first, else `overflow.instances`. */
  readonly instances: number;
  /** Instances of one service and environment, so that one service that floods leaves room to the others; `overflow.instances`. */
  readonly instancesOfService: number;
  /** Sets of names that one instance may show over its life; one that shows more contradicts itself: `ambiguous`. */
  readonly namingsOfInstance: number;
  /** Operations of one service and environment, shared by its deployments; the rest is `overflowOperation`, `overflow.operations`. */
  readonly operations: number;
  /** Series (instance and measure); `overflow.series`. */
  readonly series: number;
  /** Series of one service and environment; `overflow.series`. */
  readonly seriesOfService: number;
  /** Forms of log line of all services; further lines go to the pattern `<other>` of their source, `overflow.patterns`. */
  readonly patterns: number;
  /** Log patterns of one service and environment, and half of its forms of line; `overflow.patterns`. */
  readonly patternsOfService: number;
  /** Loggers, events, templates, functions and exceptions, as they occur together, of one service; `overflow.patterns`. */
  readonly patternSources: number;
  /** Series of log patterns; beyond it lines are counted among all logs only, `overflow.patternSeries`. */
  readonly patternSeries: number;
  /** The same of one service and environment. */
  readonly patternSeriesOfService: number;
  /** The same of one instance. */
  readonly patternSeriesOfInstance: number;
  /** UTF-16 code units of an example of a pattern, which is cut. */
  readonly exampleChars: number;
  /** Memory of all examples; beyond it none is kept, `overflow.examples`. */
  readonly exampleBytes: number;
  /** The same of one service and environment. */
  readonly exampleBytesOfService: number;
  /** Metric streams whose last point is remembered; `overflow.streams`. */
  readonly streams: number;
  /** Metric streams of one service and environment; `overflow.streams`. */
  readonly streamsOfService: number;
  /** Distinct resource descriptions remembered, so that attribution runs once each. */
  readonly resources: number;
  /** Streams and instances idle for longer are forgotten when room is needed. */
  readonly idleMs: number;
  /** Records further ahead of the clock are rejected; `rejected.future`. */
  readonly futureMs: number;
  /** Records further behind the clock count, but make no instance or deployment older than that: one stamped 1970 must not. */
  readonly pastMs: number;
  /** A cumulative stream seen first counts whole if it began at most so long before its first point. */
  readonly firstSightMs: number;
}

export const defaultIngestLimits: IngestLimits = {
  services: 2_000,
  instances: 10_000,
  instancesOfService: 2_500,
  namingsOfInstance: 16,
  operations: 200,
  series: 200_000,
  seriesOfService: 50_000,
  patterns: 20_000,
  patternsOfService: 2_000,
  patternSources: 1_000,
  patternSeries: 100_000,
  patternSeriesOfService: 20_000,
  patternSeriesOfInstance: 1_000,
  exampleChars: 500,
  exampleBytes: 64 * 1024 * 1024,
  exampleBytesOfService: 8 * 1024 * 1024,
  streams: 200_000,
  streamsOfService: 50_000,
  resources: 10_000,
  idleMs: 30 * 60_000,
  futureMs: 10 * 60_000,
  pastMs: 60 * 60_000,
  firstSightMs: 5 * 60_000,
};

/** Settle allowance where no policy says another (decision 6). */
export const defaultSettleMs = 10_000;
