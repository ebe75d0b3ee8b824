/* eslint-disable max-lines -- the one observer: span, point and log take the same road, and read best beside each other */
import { overflowOperation, type Measure } from "#model/sample.ts";
import { windowLengthMs, windowStart, type Instant } from "#model/time.ts";
import { attribute, attributedNames, type Attribution } from "./attribute.ts";
import { DeploymentRegistry, type ServiceGroup } from "./deployment-registry.ts";
import { DirtyList } from "./dirty-list.ts";
import { defaultIngestLimits, type IngestLimits } from "./ingest-limits.ts";
import type { InstanceRow } from "./instance-row.ts";
import { MetricRoles, type MetricRole } from "./metric-role.ts";
import { defaultLogReading, type LogReading } from "./log-reading.ts";
import { PatternTable } from "./pattern-table.ts";
import type { PatternEntry } from "./service-patterns.ts";
import { readLog } from "./read-log.ts";
import { OperationNames } from "./operation.ts";
import { outcomeOf, pointFailed } from "./outcome.ts";
import type {
  AttributeValue,
  Interner,
  LogView,
  Observer,
  PointView,
  RejectReason,
  SpanView,
  TelemetryBatch,
  TelemetryWriter,
  Text,
} from "./ports.ts";
import { defaultProbes, ProbeFilter, type ProbeList } from "./probes.ts";
import {
  CounterAccumulator,
  GaugeAccumulator,
  LogsAccumulator,
  MetricHistogramAccumulator,
  RequestsAccumulator,
} from "./sample-accumulator.ts";
import { turnToSeconds } from "./seconds.ts";
import { SeriesTable, type Cell, type LoadSample, type SeriesSlot } from "./series-table.ts";
import type { StreamState, StreamUse } from "./stream-state.ts";
import { noStreams, StreamTable, type MetricStreams } from "./stream-table.ts";
import { TallyRow, type TallyName } from "./tally-row.ts";
import { emptyUnrolled, flawOf, unroll } from "./unroll.ts";

export interface AccumulateOptions {
  readonly interner: Interner;
  /** Loads what is stored of a window that left memory. */
  readonly loadSample: LoadSample;
  readonly limits?: Partial<IngestLimits>;
  readonly probes?: ProbeList;
  /** Metrics that a policy names. */
  readonly namedMetrics?: ReadonlySet<string>;
  /** The catalogue and what is always taken out where it is not given. */
  readonly logs?: LogReading;
}

/** What was stored, as the writer tells it. */
export type Stored = Pick<
  TelemetryWriter,
  "deployments" | "merges" | "instances" | "series" | "cumulative" | "patterns" | "examples"
>;

/** Records of the body at hand that were refused although the body decoded, for the answer to its sender. */
export interface Rejected {
  readonly spans: number;
  readonly points: number;
  readonly logs: number;
}

/** What records of one instance are counted into, found by small integers. */
interface Lane {
  readonly row: InstanceRow;
  readonly spans: Map<number, SeriesSlot>;
  readonly requests: Map<number, SeriesSlot>;
  readonly named: Map<string, SeriesSlot>;
  readonly streams: Map<MetricRole, MetricStreams>;
  /** The metric of the last point, whose streams mostly take the next one too. */
  lastRole: MetricRole | null;
  lastStreams: MetricStreams | null;
  logs: SeriesSlot | null;
  /** By form of line. */
  readonly patterns: Map<PatternEntry, SeriesSlot>;
}

/** One distinct resource: where its records go, or the tally that counts them. */
interface Resource {
  readonly group: ServiceGroup | null;
  readonly attribution: Attribution | null;
  /** Epoch of the group when it was placed. */
  epoch: number;
  lane: Lane | null;
  refusal: TallyName;
}

/** OTLP SpanKind. */
const serverKind = 2;
const consumerKind = 5;

const forgetEveryMs = 60_000;

/** Points of one metric closer together than this are of one export. */
const oneExportMs = 500;

/**
 * Turns observations into samples: per instance, measure and window (decisions 5 and 6). Decides nothing about arms and
 * knows no clock: `begin` tells the time of a body, `seal` which windows are closed. The one state of the ingest side;
 * `drain` hands out everything that changed, for one transaction.
 */
export class Accumulate implements Observer {
  readonly interner: Interner;
  /** Handles of resources stay good while this stands. */
  resourceGeneration = 1;
  /** Only served spans are counted by what they say; a route is preferred to a path everywhere. */
  readonly unread = {
    spanKinds: ~((1 << serverKind) | (1 << consumerKind)),
    pathBesideRoute: true,
    metric: (metric: Text, unit: Text): boolean => this.roles.of(metric, unit) === null,
  };
  private readonly limits: IngestLimits;
  private readonly registry: DeploymentRegistry;
  private readonly series: SeriesTable;
  private readonly streams: StreamTable;
  private readonly operations: OperationNames;
  private readonly roles: MetricRoles;
  private readonly probes: ProbeFilter;
  private readonly patterns: PatternTable;
  private readonly logReading: LogReading;
  private readonly tallies = new DirtyList<TallyRow>();
  private readonly noGroup = new TallyRow("", "");
  private readonly lanes = new Map<InstanceRow, Lane>();
  private resources: Resource[] = [];
  private readonly byDescription = new Map<string, number>();
  private readonly unrolled = emptyUnrolled();
  private operationEpoch = 0;
  private generation: number;
  private now: Instant = 0;
  private sealed: Instant = -Infinity;
  private forgotAt: Instant = -Infinity;
  private rejected = { spans: 0, points: 0, logs: 0 };

  constructor(options: AccumulateOptions) {
    this.interner = options.interner;
    this.generation = options.interner.generation;
    this.limits = { ...defaultIngestLimits, ...options.limits };
    this.registry = new DeploymentRegistry(this.limits);
    this.series = new SeriesTable(this.limits, options.loadSample);
    this.streams = new StreamTable(this.limits);
    this.logReading = options.logs ?? defaultLogReading();
    this.patterns = new PatternTable(this.limits, this.logReading.redaction, ({ tally }, name, count) => {
      this.tally(tally, name, count);
    });
    this.operations = new OperationNames(options.interner);
    this.roles = new MetricRoles(options.interner, options.namedMetrics ?? new Set());
    this.probes = new ProbeFilter(options.interner, options.probes ?? defaultProbes);
  }

  /** Takes up what was stored; to be called before the first body. */
  restore(stored: Stored): void {
    const rows = this.registry.restore({
      deployments: stored.deployments(),
      merges: stored.merges(),
      instances: stored.instances(),
    });
    this.series.restore(stored.series(), rows);
    this.streams.restore(stored.cumulative());
    this.patterns.restore(
      { patterns: stored.patterns(), examples: stored.examples() },
      { group: (service, environment) => this.registry.group(service, environment), rows },
    );
  }

  /** Metrics that a policy names, from here on. */
  setNamedMetrics(named: ReadonlySet<string>): void {
    this.roles.setNamed(named);
    this.dropStreams();
  }

  /** How long after its end a window of a service stays open (decision 6). */
  setSettle(service: string, environment: string, settleMs: number): void {
    this.registry.setSettle(service, environment, settleMs);
  }

  /** Starts a body that arrived at `now`; past its caps, what has been idle makes room. */
  begin(now: Instant): void {
    this.now = now;
    this.rejected = { spans: 0, points: 0, logs: 0 };
    this.operations.clearIfCrowded();
    this.dropStaleTexts();
    if (this.resources.length >= this.limits.resources) this.dropResources();
    const crowded =
      this.registry.isCrowded || this.series.isCrowded || this.patterns.isCrowded || this.isFullOfStreams();
    if (crowded && now - this.forgotAt >= forgetEveryMs) this.forgetIdle(now);
  }

  private isFullOfStreams(): boolean {
    return this.streams.size >= this.limits.streams;
  }

  /** Records of the body since `begin` that were refused. */
  refused(): Rejected {
    return { ...this.rejected };
  }

  /** Windows whose allowance has passed at `now` are closed: what comes for them later goes to their late rows. */
  seal(now: Instant): void {
    if (now <= this.sealed) return;
    this.sealed = now;
    let longest = 0;
    for (const group of this.registry.allGroups()) longest = Math.max(longest, group.settleMs);
    this.series.evict(now - longest);
  }

  /** Everything that changed since the last drain. Rows hold absolute values; tallies are to be added. */
  drain(): Omit<TelemetryBatch, "digests"> {
    const samples = this.series.drainSamples();
    const patterns = this.patterns.drain();
    const { deployments, merges, instances } = this.registry.drain();
    return {
      deployments,
      merges,
      instances,
      series: this.series.drainSeries(),
      samples,
      cumulative: this.streams.drain(),
      ...patterns,
      tallies: this.tallies.drain().flatMap((row) => row.drain()),
    };
  }

  /** What is held in memory, for the metrics of the process. */
  sizes(): Readonly<Record<"series" | "windows" | "streams" | "patterns", number>> {
    const { series, streams, patterns } = this;
    return { series: series.size, windows: series.cellCount, streams: streams.size, patterns: patterns.size };
  }

  resource(attributes: ReadonlyMap<string, AttributeValue>): number {
    const description = describe(attributes);
    const known = this.byDescription.get(description);
    if (known !== undefined) return known;
    const handle = this.resources.push(this.newResource(attributes)) - 1;
    this.byDescription.set(description, handle);
    return handle;
  }

  span(span: SpanView): void {
    if (this.isFuture(span.end)) {
      this.refuse("spans", span.resource, "rejected.future");
      return;
    }
    const lane = this.laneOf(span.resource);
    if (lane === null) return;
    this.registry.seen(lane.row, Math.max(span.end, this.now - this.limits.pastMs));
    if (span.kind !== serverKind && span.kind !== consumerKind) return;
    if (this.probes.isProbe(span.attributes)) {
      this.tally(lane.row.group.tally, "probes", 1);
      return;
    }
    const operation = this.operations.of(span.attributes, span.name);
    const slot = this.requestSeries(lane, operation, "spans");
    if (slot === null) return;
    const { accumulator } = this.cellOf(slot, span.end, "");
    if (!(accumulator instanceof RequestsAccumulator)) return;
    accumulator.add(1, outcomeOf(span.attributes, this.interner, span.status === 2));
    accumulator.addShare(span.sampledShare);
    if (span.durationSeconds < 0) this.tally(lane.row.group.tally, "negativeDuration", 1);
    accumulator.duration.addValue(Math.max(0, span.durationSeconds));
  }

  point(point: PointView): void {
    const role = this.roles.of(point.metric, point.unit);
    const lane = this.laneOf(point.resource);
    if (lane === null) return;
    const early = this.isFuture(point.time) ? "rejected.future" : null;
    const flaw = point.time > 0 ? early : "rejected.noTime";
    const refusal = flaw ?? (role === null ? null : flawOf(point));
    if (flaw === null) this.registry.seen(lane.row, Math.max(point.time, this.now - this.limits.pastMs));
    if (refusal !== null) {
      this.tally(lane.row.group.tally, refusal, 1);
      if (!refusal.startsWith("rejected.")) return;
      this.rejected.points += 1;
      if (role !== null && flaw === null) this.addRejected(lane, role, point.time);
      return;
    }
    if (role === null) return;
    this.usePoint(lane, role, point);
  }

  log(log: LogView): void {
    if (this.isFuture(log.time)) {
      this.refuse("logs", log.resource, "rejected.future");
      return;
    }
    const lane = this.laneOf(log.resource);
    if (lane === null) return;
    this.registry.seen(lane.row, Math.max(log.time, this.now - this.limits.pastMs));
    lane.logs ??= this.seriesOf(lane, { kind: "logs" });
    if (lane.logs === null) return;
    const cell = this.cellOf(lane.logs, log.time, "");
    if (!(cell.accumulator instanceof LogsAccumulator)) return;
    cell.accumulator.addRecord();
    if (log.severity >= 17) cell.accumulator.addTrace(log.traceHash);
    this.addPattern(lane, cell, log);
  }

  /** Counts a record under its form of line, in the window of `beside`. */
  private addPattern(lane: Lane, beside: Cell, log: LogView): void {
    const { matcher } = this.logReading;
    const said = readLog(log, matcher);
    if (log.content.isCut) this.tally(lane.row.group.tally, "cut.logBodies", 1);
    if (said === null) return;
    const entry = this.patterns.record(lane.row, log, said, matcher);
    const slot = lane.patterns.get(entry) ?? this.series.of(lane.row, { kind: "pattern", pattern: entry.id });
    if (slot !== null) lane.patterns.set(entry, slot);
    else {
      this.tally(lane.row.group.tally, "overflow.patternSeries", 1);
      return;
    }
    const { accumulator } = this.series.cell(slot, beside.window, beside.late);
    if (!(accumulator instanceof LogsAccumulator)) return;
    accumulator.addRecord();
    accumulator.addTrace(log.traceHash);
  }

  reject(_signal: "span" | "point" | "log", reason: RejectReason, count: number): void {
    this.tally(this.noGroup, `rejected.${reason}`, count);
  }

  private isFuture(at: Instant): boolean {
    return at > this.now + this.limits.futureMs;
  }

  private refuse(kind: "spans" | "logs", handle: number, name: TallyName): void {
    this.rejected[kind] += 1;
    this.tally(this.resources[handle]?.group?.tally ?? this.noGroup, name, 1);
  }

  private tally(row: TallyRow, name: TallyName, count: number): void {
    row.add(name, count);
    this.tallies.mark(row);
  }

  private newResource(attributes: ReadonlyMap<string, AttributeValue>): Resource {
    const attributed = attribute(attributes);
    const none = { epoch: -1, lane: null };
    const named = attributed.ok ? attributed.value : attributed.error;
    if ("tag" in named && named.tag === "noServiceName")
      return { ...none, group: null, attribution: null, refusal: "unattributed.noServiceName" };
    const group = this.registry.group(named.service, named.environment);
    if (group === null) return { ...none, group, attribution: null, refusal: "overflow.services" };
    const attribution = attributed.ok ? attributed.value : null;
    return { ...none, group, attribution, refusal: "unattributed.noRevision" };
  }

  /** Where the records of a resource go now; null where they are only counted. */
  private laneOf(handle: number): Lane | null {
    const resource = this.resources[handle];
    if (resource === undefined) throw new Error(`no resource ${handle} in this generation`);
    const { group, attribution } = resource;
    if (group !== null && attribution !== null && resource.epoch !== group.epoch) {
      const placement = this.registry.place(group, attribution);
      resource.lane = placement.placed === "row" ? this.lane(placement.row) : null;
      resource.refusal = placement.placed === "overflow" ? "overflow.instances" : "ambiguous";
      resource.epoch = group.epoch;
    }
    if (resource.lane === null) this.tally(group?.tally ?? this.noGroup, resource.refusal, 1);
    return resource.lane;
  }

  private lane(row: InstanceRow): Lane {
    const known = this.lanes.get(row);
    if (known !== undefined) return known;
    const lane = {
      row,
      spans: new Map<number, SeriesSlot>(),
      requests: new Map<number, SeriesSlot>(),
      named: new Map<string, SeriesSlot>(),
      streams: new Map<MetricRole, MetricStreams>(),
      lastRole: null,
      lastStreams: null,
      logs: null,
      patterns: new Map<PatternEntry, SeriesSlot>(),
    };
    this.lanes.set(row, lane);
    return lane;
  }

  private seriesOf(lane: Lane, measure: Measure): SeriesSlot | null {
    const slot = this.series.of(lane.row, measure);
    if (slot === null) this.tally(lane.row.group.tally, "overflow.series", 1);
    return slot;
  }

  private requestSeries(lane: Lane, operation: number, source: "spans" | "metrics"): SeriesSlot | null {
    if (this.operationEpoch !== this.operations.epoch) this.dropOperations();
    const slots = source === "spans" ? lane.spans : lane.requests;
    const known = slots.get(operation);
    if (known !== undefined) return known;
    const { operations, tally } = lane.row.group;
    const asked = this.operations.nameOf(operation);
    const fits = operations.has(asked) || operations.size < this.limits.operations;
    const name = fits ? asked : overflowOperation;
    if (name === overflowOperation) this.tally(tally, "overflow.operations", 1);
    else operations.add(name);
    const slot = this.seriesOf(lane, { kind: "requests", source, operation: name });
    if (slot !== null && name !== overflowOperation) slots.set(operation, slot);
    return slot;
  }

  private cellOf(slot: SeriesSlot, at: Instant, unit: string): ReturnType<SeriesTable["cell"]> {
    const window = windowStart(at);
    const { group } = slot.row;
    const late = window + windowLengthMs + group.settleMs <= this.sealed;
    if (late) this.tally(group.tally, "late", 1);
    return this.series.cell(slot, window, late, unit);
  }

  private usePoint(lane: Lane, role: MetricRole, point: PointView): void {
    const { tally } = lane.row.group;
    const known = this.knownState(lane, role, point);
    const asRequests = countsRequests(role, point);
    if (asRequests && known?.isTraffic !== true && this.probes.isProbe(point.attributes)) {
      this.tally(tally, "probes", 1);
      return;
    }
    const streams = this.streamsOf(lane, role, point.time);
    const goesOn = known !== null && this.streams.isOf(known, point);
    const state = goesOn ? known : this.streams.open(streams, { row: lane.row, role }, point);
    if (state === null) {
      this.tally(tally, "overflow.streams", 1);
      return;
    }
    const replaced = goesOn ? null : known;
    if (replaced !== null) this.tally(tally, "boundsChanged", 1);
    if (asRequests) state.isTraffic = true;
    unroll(point, state, this.wholeFrom(lane, streams, { point, replaced }), this.unrolled);
    this.streams.mark(state);
    if (this.unrolled.tally !== null) this.tally(tally, this.unrolled.tally, 1);
    if (this.unrolled.use === "nothing") return;
    if (role.named) this.addNamed(lane, role, point);
    if (asRequests) this.addRequests(lane, role, { point, state });
  }

  /** The state that a point of the same attributes was counted in last, or null. */
  private knownState(lane: Lane, role: MetricRole, point: PointView): StreamState | null {
    const streams = lane.lastRole === role ? lane.lastStreams : lane.streams.get(role);
    return streams === null || streams === undefined ? null : this.streams.last(streams, point);
  }

  private streamsOf(lane: Lane, role: MetricRole, firstTime: Instant): MetricStreams {
    if (lane.lastRole === role && lane.lastStreams !== null) return lane.lastStreams;
    const streams = lane.streams.get(role) ?? noStreams(firstTime);
    lane.streams.set(role, streams);
    lane.lastRole = role;
    lane.lastStreams = streams;
    return streams;
  }

  /**
   * From which start on a stream seen first counts whole. Where an earlier export of the same metric was seen, the stream
   * was not in it: its whole value is news (the first error of a long-lived process). Else only a recent start is.
   */
  private wholeFrom(
    lane: Lane,
    streams: MetricStreams,
    at: { readonly point: PointView; readonly replaced: StreamState | null },
  ): Instant {
    const { time } = at.point;
    if (at.replaced !== null) return at.replaced.time;
    if (time - streams.firstTime >= oneExportMs) return -Infinity;
    streams.firstTime = Math.min(streams.firstTime, time);
    return Math.min(time - this.limits.firstSightMs, lane.row.firstSeen);
  }

  /** What could not be used is kept beside what could: a signal that lost too much of its points is unknown. */
  private addRejected(lane: Lane, role: MetricRole, at: Instant): void {
    const metrics = [...(role.requests === null ? [] : [""]), ...(role.named ? [role.metric] : [])];
    for (const metric of metrics) {
      const slot = this.seriesOf(lane, { kind: "rejected", metric });
      if (slot === null) continue;
      const { accumulator } = this.cellOf(slot, at, "");
      if (accumulator instanceof CounterAccumulator) accumulator.add(1);
    }
  }

  /** Counts and times the requests of a point. Turns the increment to seconds: it is no good to others afterwards. */
  private addRequests(
    lane: Lane,
    role: MetricRole,
    of: { readonly point: PointView; readonly state: StreamState },
  ): void {
    const { histogram } = this.unrolled;
    if (this.unrolled.use !== "histogram" || histogram.count === 0) return;
    const { point, state } = of;
    const use = state.use?.epoch === this.operations.epoch ? state.use : this.useOf(lane, point);
    if (use === null) return;
    if (!isOverflow(use.slot.measure)) state.use = use;
    const { accumulator } = this.cellOf(use.slot, point.time, "s");
    if (!(accumulator instanceof RequestsAccumulator)) return;
    accumulator.add(histogram.count, use.outcome);
    const secondsPerUnit = role.requests?.secondsPerUnit ?? null;
    if (secondsPerUnit === null) {
      this.tally(lane.row.group.tally, "unitUnknown", 1);
      return;
    }
    turnToSeconds(histogram, secondsPerUnit);
    if (!accumulator.duration.addIncrement(histogram)) this.tally(lane.row.group.tally, "layoutsDiffer", 1);
  }

  /** What the attributes of a point of request durations say; null past the cap on series. */
  private useOf(lane: Lane, point: PointView): StreamUse | null {
    const { attributes } = point;
    const slot = this.requestSeries(lane, this.operations.of(attributes, 0), "metrics");
    if (slot === null) return null;
    const outcome = outcomeOf(attributes, this.interner, pointFailed(attributes));
    return { slot, outcome, epoch: this.operations.epoch };
  }

  private addNamed(lane: Lane, role: MetricRole, point: PointView): void {
    const { use, value, histogram } = this.unrolled;
    if (use === "nothing") return;
    const kind = use === "count" ? "counter" : use === "level" ? "gauge" : "histogram";
    const key = `${kind}/${role.metric}`;
    const slot = lane.named.get(key) ?? this.seriesOf(lane, { kind, metric: role.metric });
    if (slot === null) return;
    lane.named.set(key, slot);
    const { accumulator } = this.cellOf(slot, point.time, role.unit);
    if (accumulator instanceof CounterAccumulator) accumulator.add(value);
    else if (accumulator instanceof GaugeAccumulator) accumulator.add(value);
    else if (
      accumulator instanceof MetricHistogramAccumulator &&
      !accumulator.histogram.addIncrement(histogram)
    )
      this.tally(lane.row.group.tally, "layoutsDiffer", 1);
  }

  private dropStaleTexts(): void {
    if (this.generation === this.interner.generation) return;
    this.generation = this.interner.generation;
    this.dropStreams();
  }

  private dropStreams(): void {
    for (const lane of this.lanes.values()) {
      lane.streams.clear();
      lane.lastRole = null;
      lane.lastStreams = null;
    }
  }

  private dropOperations(): void {
    this.operationEpoch = this.operations.epoch;
    for (const lane of this.lanes.values()) {
      lane.spans.clear();
      lane.requests.clear();
    }
  }

  private dropResources(): void {
    this.resources = [];
    this.byDescription.clear();
    this.resourceGeneration += 1;
  }

  private forgetIdle(now: Instant): void {
    this.forgotAt = now;
    const before = now - this.limits.idleMs;
    if (this.streams.forgetIdle(before)) this.dropStreams();
    const rows = new Set(this.registry.forgetIdle(before));
    if (rows.size === 0) return;
    for (const row of rows) this.lanes.delete(row);
    this.series.forgetRows(rows);
    this.patterns.forgetRows(rows);
  }
}

/** Only a distribution of durations counts requests. */
function countsRequests(role: MetricRole, point: PointView): boolean {
  return role.requests !== null && point.type !== "gauge" && point.type !== "sum";
}

/** What is counted among the other operations is counted as such each time. */
function isOverflow(measure: Measure): boolean {
  return measure.kind === "requests" && measure.operation === overflowOperation;
}

/** What `attribute` reads of a resource, as one text: resources that agree on it are attributed alike. */
function describe(attributes: ReadonlyMap<string, AttributeValue>): string {
  let description = "";
  for (const name of attributedNames) {
    const value = attributes.get(name);
    if (value !== undefined) description += `${name}=${String(value).length}:${String(value)}\n`;
  }
  return description;
}
