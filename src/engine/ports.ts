import type { Analysis, IntervalPoint } from "#model/analysis.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import type { Deployment, Instance } from "#model/deployment.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import type { Notice } from "#model/notice.ts";
import type { ExampleRow, PatternRow } from "#model/pattern-row.ts";
import type { Result } from "#model/result.ts";
import type { Measure, Sample, SampleRow } from "#model/sample.ts";
import type { Instant } from "#model/time.ts";
import type { LogContent } from "./log-content.ts";

/** An interned string: a small integer, valid while the interner's generation stands. 0 is "absent". */
export type Text = number;

/** Strings as small integers, so that the hot path compares and hashes numbers. Bounded: past its cap every new string is `overflowText`. */
export interface Interner {
  /** Changes when the table was emptied; every Text from before is then meaningless. */
  readonly generation: number;
  fromBytes(bytes: Uint8Array, start: number, end: number): Text;
  /** `fromBytes` for a reader that holds a view of its bytes: words are read four bytes at a time. */
  fromView(view: DataView, start: number, end: number): Text;
  fromString(text: string): Text;
  textOf(text: Text): string;
}

/** Span, point and log attributes that Haldane reads; a slot of the arrays below is the index in this list. */
export const readAttributes = [
  "http.request.method",
  "http.method",
  "http.route",
  "http.target",
  "url.path",
  "http.response.status_code",
  "http.status_code",
  "error.type",
  "user_agent.original",
  "http.user_agent",
  "rpc.system",
  "rpc.system.name",
  "rpc.service",
  "rpc.method",
  "rpc.grpc.status_code",
  "rpc.response.status_code",
  "messaging.system",
  "messaging.operation.type",
  "messaging.operation",
  "messaging.destination.name",
  "faas.trigger",
] as const;
export type ReadAttribute = (typeof readAttributes)[number];

/**
 * The attributes of the record at hand, one slot for each of `readAttributes`. Reused for every record: read it during the call only.
 * `texts[slot]` is the string (0 = absent or not a string); `numbers[slot]` is the integer or double (NaN = absent or not a number).
 */
export interface AttributeSlots {
  readonly texts: Int32Array;
  readonly numbers: Float64Array;
}

/** A decoded span. One object, overwritten for every span. */
export interface SpanView {
  attributes: AttributeSlots;
  /** Handle from `Observer.resource`. */
  resource: number;
  /** OTLP SpanKind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  name: Text;
  start: Instant;
  end: Instant;
  /** end - start, taken from the nanoseconds without rounding through a double epoch. */
  durationSeconds: number;
  /** OTLP status: 0 unset, 1 ok, 2 error. */
  status: number;
  /** 52-bit hash of the trace id, never 0 for a valid one. */
  traceHash: number;
  /** Kept share from tracestate `ot=th:`; 1 when nothing says that the span was sampled, NaN when it says sampled at an unknown rate. */
  sampledShare: number;
}

export type MetricType = "gauge" | "sum" | "histogram" | "exponentialHistogram" | "summary";

/** A decoded metric data point. One object, overwritten for every point; arrays are valid up to their stated length. */
export interface PointView {
  attributes: AttributeSlots;
  resource: number;
  metric: Text;
  unit: Text;
  type: MetricType;
  /** 0 unspecified, 1 delta, 2 cumulative. */
  temporality: number;
  monotonic: boolean;
  /** 0 where absent. */
  start: Instant;
  time: Instant;
  /** Data point flag bit 0: the series ended; the value is to be ignored. */
  noRecordedValue: boolean;
  value: number;
  count: number;
  /** NaN where absent. */
  sum: number;
  bounds: Float64Array;
  boundsLength: number;
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  /** Offset of the first positive bucket of an exponential histogram. */
  offset: number;
  /** Explicit bucket counts, or positive bucket counts. */
  counts: Float64Array;
  countsLength: number;
  /** True where an exponential histogram holds negative values (not a duration: rejected by the observer). */
  hasNegative: boolean;
  /** Order-free 2 x 32 bit hash (unsigned) of the whole attribute set with scope name, for the identity of the series. */
  attributesHashHigh: number;
  attributesHashLow: number;
}

/** A decoded log record. One object, overwritten for every record. */
export interface LogView {
  resource: number;
  /** time_unix_nano, else observed. */
  time: Instant;
  severity: number;
  /** 0 where there is no valid trace id. */
  traceHash: number;
  content: LogContent;
}

export type AttributeValue = string | number | boolean;

/** Why a record was rejected (answered in partial_success) although its body decoded. */
export type RejectReason = "badId" | "noTime" | "future" | "notFinite" | "shape";

/** What decoders tell: one call a record, in any order of resources. `reject` reasons are counted by the observer. */
export interface Observer {
  readonly interner: Interner;
  /**
   * Given: a handle from `resource` stays good, across bodies, while this number stands; it changes only between bodies.
   * Absent: a handle is good until the end of its body.
   */
  readonly resourceGeneration?: number;
  /** What this observer does not read; a decoder may leave it empty (0, NaN). Absent: everything is read. */
  readonly unread?: {
    /** Bit k stands for span kind k: name and attributes of those spans. */
    readonly spanKinds: number;
    /** `url.path` and `http.target` of spans that carry `http.route`. Paths are mostly distinct and would crowd the interner. */
    readonly pathBesideRoute: boolean;
    /** Metrics of whose points only the resource and the time are read: the others are most of what a runtime sends. */
    readonly metric?: (metric: Text, unit: Text) => boolean;
  };
  /**
   * Called once per distinct resource of a body (or of a generation). An array of scalars comes as its elements joined by
   * ","; maps, bytes and empty values are left out.
   */
  resource(attributes: ReadonlyMap<string, AttributeValue>): number;
  span(span: SpanView): void;
  point(point: PointView): void;
  log(log: LogView): void;
  reject(signal: "span" | "point" | "log", reason: RejectReason, count: number): void;
}

/** A series of one instance. Ids are given by the one writer. */
export interface Series {
  readonly id: number;
  readonly instanceId: number;
  readonly measure: Measure;
}

/** What a cumulative series showed last, so that a restart goes on where it stood. `key` is the identity of the series. */
export interface CumulativeState {
  readonly key: string;
  readonly start: Instant;
  readonly time: Instant;
  readonly value: number;
  readonly sum: number;
  readonly counts: readonly number[] | null;
  readonly offset: number;
  readonly scale: number;
}

/** Counted facts that belong to no sample, per service where one is known ("" otherwise). Added up by the store. */
export interface Tally {
  readonly service: string;
  readonly environment: string;
  /** Such as `unattributed.noServiceName`, `ambiguous`, `rejected.future`, `overflow.series`, `late`, `resets`, `gaps`, `probes`. */
  readonly name: string;
  readonly count: number;
}

/** How far one partition of a source was taken: everything below `next` is in the samples, or was refused and counted. */
export interface SourceOffset {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly next: number;
}

/** Everything one group commit writes, in one transaction: rows replace what stood under their key, tallies add; a part that is absent is empty. */
export interface TelemetryBatch {
  readonly deployments: readonly Deployment[];
  /** A deployment that turned out to be another one: its samples are read under `into`. */
  readonly merges: readonly { readonly from: number; readonly into: number }[];
  readonly instances: readonly Instance[];
  readonly series: readonly Series[];
  readonly samples: readonly {
    readonly seriesId: number;
    readonly window: Instant;
    readonly late: boolean;
    readonly sample: Sample;
  }[];
  readonly cumulative: readonly CumulativeState[];
  readonly tallies: readonly Tally[];
  /** Digests of the decompressed bodies in this batch, hex (decision 10). */
  readonly digests: readonly { readonly digest: string; readonly at: Instant }[];
  /** How far sources were taken with this batch; none where absent. */
  readonly offsets?: readonly SourceOffset[];
  readonly patterns?: readonly PatternRow[];
  readonly examples?: readonly ExampleRow[];
}

/** The one writer of telemetry.db. */
export interface TelemetryWriter {
  commit(batch: TelemetryBatch): void;
  knowsDigest(digest: string): boolean;
  forgetDigests(before: Instant): void;
  deployments(): readonly Deployment[];
  merges(): readonly { readonly from: number; readonly into: number }[];
  instances(): readonly Instance[];
  series(): readonly Series[];
  cumulative(): readonly CumulativeState[];
  offsets(): readonly SourceOffset[];
  /** In the order in which they were first committed. */
  patterns(): readonly PatternRow[];
  examples(): readonly ExampleRow[];
  sample(seriesId: number, window: Instant, late: boolean): Sample | null;
  /** Thins old windows (decision 11): 5 s windows kept 2 h, 1 min 24 h, 10 min 7 d; `pinnedFrom` and later are left alone. One bounded round: call again soon while `merged` is not 0. */
  retain(now: Instant, pinnedFrom: Instant | null): { readonly merged: number; readonly dropped: number };
  checkpoint(mode: "passive" | "truncate"): void;
  close(): void;
}

export interface SampleQuery {
  readonly deploymentIds: readonly number[];
  /** Windows that start in [from, to). */
  readonly from: Instant;
  readonly to: Instant;
  readonly late: boolean;
}

/** Reads of telemetry.db; a deployment that was merged into another is read under the other. */
export interface TelemetryReader {
  deployments(): readonly Deployment[];
  instances(deploymentIds: readonly number[]): readonly Instance[];
  samples(query: SampleQuery): readonly SampleRow[];
  tallies(): readonly Tally[];
  /** Log patterns that these deployments have series of, in order of their ids, with the examples of these deployments. */
  patterns(deploymentIds: readonly number[]): readonly LogPattern[];
  /** The newest window with a sample for each deployment since an instant, and its request count. */
  activity(since: Instant): readonly {
    readonly deploymentId: number;
    readonly newestWindow: Instant;
    readonly oldestWindow: Instant;
    readonly requests: number;
  }[];
}

/** An analysis as stored: what everybody may see, and the engine's own state (evidence cache, frozen cut points) as JSON text. */
export interface StoredAnalysis {
  readonly analysis: Analysis;
  readonly engineState: string;
  readonly policyText: string;
}

/** One step of an analysis, committed whole or not at all: saved before acted. */
export interface Commit {
  readonly analysis: Analysis;
  readonly engineState: string;
  readonly at: Instant;
  /** Appended to the history of verdicts when its word, action or phase differs from the last. */
  readonly changed: boolean;
  readonly commands: readonly Command[];
  readonly intervals: readonly IntervalPoint[];
  /** Who is to be told of this step, in its transaction; none where absent. */
  readonly notices?: readonly Notice[];
  /** An operator's deed, for the record. */
  readonly note: { readonly actor: string; readonly deed: string; readonly reason: string } | null;
}

export type CommitError =
  /** The unique index refused a second terminal verdict of one attempt. */
  | { readonly tag: "secondTerminal"; readonly stands: string }
  /** A second acting analysis for one service and environment (decision 23). */
  | { readonly tag: "alreadyActing"; readonly analysisId: string };

export interface HistoryEntry {
  readonly at: Instant;
  readonly word: string;
  readonly text: string;
  readonly actor: string;
}

/** control.db: truth about analyses and commands. Synchronous on purpose: there is no `await` inside a decision. */
export interface ControlStore {
  open(stored: StoredAnalysis, commit: Commit, idempotencyKey: string | null): Result<null, CommitError>;
  commit(commit: Commit): Result<null, CommitError>;
  analysis(id: string): StoredAnalysis | null;
  /** Newest first. */
  analyses(filter: {
    readonly service: string | null;
    readonly environment: string | null;
    readonly open: boolean | null;
    readonly limit: number;
  }): readonly Analysis[];
  openAnalyses(): readonly StoredAnalysis[];
  byIdempotencyKey(key: string): { readonly analysisId: string; readonly requestDigest: string } | null;
  saveIdempotencyKey(key: string, analysisId: string, requestDigest: string, at: Instant): void;
  history(id: string): readonly HistoryEntry[];
  intervals(id: string): readonly IntervalPoint[];
  /** Next generation of one controller target; counts up across analyses. */
  nextGeneration(controller: string, service: string, environment: string): number;
  commands(analysisId: string): readonly CommandRecord[];
  /** Due commands, rollbacks first; those of a lower generation than the newest of their target are marked superseded, never returned. */
  dueCommands(now: Instant, limit: number): readonly CommandRecord[];
  markSent(id: string, now: Instant): void;
  markOutcome(
    id: string,
    outcome:
      | {
          readonly status: "acknowledged" | "confirmed" | "rejected";
          readonly at: Instant;
          readonly error: string | null;
        }
      | { readonly status: "retry"; readonly at: Instant; readonly nextAt: Instant; readonly error: string },
  ): void;
  /**
   * The controller of this command holds a generation that was not given here (a lost data folder, a second installation):
   * later generations of the target start past it. With `resend` the command, unless superseded, takes the next one and is due at once.
   */
  outnumber(id: string, held: number, resend: boolean, now: Instant): void;
  /** One command as it stands, or null. */
  command(id: string): CommandRecord | null;
  /** Acknowledged or confirmed newest command of each target, for the reconciler. */
  standingCommands(): readonly CommandRecord[];
  checkpoint(mode: "passive" | "truncate"): void;
  close(): void;
}

export type ControllerError =
  /** No answer, refused connection, time-out, 429 or 5xx: try again. */
  | { readonly tag: "unreachable"; readonly message: string; readonly retryAfterMs: number | null }
  /** The controller said no (4xx): trying the same again will not help. */
  | { readonly tag: "rejected"; readonly message: string }
  /** The controller holds a higher generation: a newer command won. */
  | { readonly tag: "superseded"; readonly generation: number };

/** What a controller says is in force. `null` where it cannot be read. */
export interface WeightReading {
  readonly canaryWeight: number;
  readonly baselineWeight: number;
  readonly generation: number;
}

/** A driver of one traffic controller. `apply` is idempotent: setting what is already set succeeds. */
export interface Controller {
  readonly name: string;
  apply(command: Command, signal: AbortSignal): Promise<Result<WeightReading | null, ControllerError>>;
  read(
    target: { readonly service: string; readonly environment: string },
    signal: AbortSignal,
  ): Promise<Result<WeightReading | null, ControllerError>>;
}

/** Figures of a source since its start, by topic; read at any time. */
export interface SourceCounters {
  readonly messages: ReadonlyMap<string, number>;
  readonly bytes: ReadonlyMap<string, number>;
  /** Messages that changed no sample, under "topic reason". */
  readonly skipped: ReadonlyMap<string, number>;
  /** How often reading ended by a failure and was begun again. */
  readonly failures: number;
  /** Messages that wait in each partition. */
  lag(): readonly { readonly topic: string; readonly partition: number; readonly messages: number }[];
}

/** A driver that fetches telemetry by itself. Whatever it meets it goes on trying, and nothing of it ends the process. */
export interface Source {
  readonly name: string;
  /** Begins in the background; a peer that is not there holds nothing up. */
  start(): void;
  /** Takes no more, and resolves once what it took is durable. */
  stop(): Promise<void>;
  /** What it does now, for people. */
  state(): { readonly reading: boolean; readonly detail: string };
  /** What reached the source's peer before this instant has been taken: `now` where nothing waits. To be asked at each beat. */
  readUpTo(now: Instant): Instant;
  readonly counters: SourceCounters;
}

/** Time, for the rim. The pure parts are given instants. */
export interface Clock {
  now(): Instant;
}
