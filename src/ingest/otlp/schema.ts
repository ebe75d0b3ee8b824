/**
 * The messages of OTLP 1.x that Haldane knows, as data: the one place with field numbers, JSON names and kinds.
 * Source: opentelemetry-proto (collector services, common, resource, trace, metrics, logs). A field that is not listed is
 * unknown and skipped.
 */

export type Signal = "traces" | "metrics" | "logs";

/** Numeric kinds by their wire form. `id` is bytes written as hexadecimal in JSON. */
export type ScalarKind =
  | "string"
  | "id"
  | "bytes"
  | "bool"
  | "int32"
  | "int64"
  | "uint64"
  | "sint32"
  | "fixed32"
  | "fixed64"
  | "sfixed64"
  | "double";

export type WireType = 0 | 1 | 2 | 5;

export interface FieldPlan {
  readonly number: number;
  /** lowerCamelCase name: the only JSON name. */
  readonly name: string;
  /** `enum` and `message` have their detail below. */
  readonly kind: ScalarKind | "enum" | "message";
  readonly wire: WireType;
  readonly repeated: boolean;
  /** A repeated number: packed and unpacked forms are both legal. */
  readonly packable: boolean;
  readonly message: MessagePlan | null;
  readonly names: ReadonlyMap<string, number> | null;
  /** A member of the message's one oneof: setting it clears the other members. */
  readonly oneof: boolean;
  /** True where each occurrence is one span, data point or log record. */
  readonly isRecord: boolean;
}

export interface MessagePlan {
  readonly name: string;
  /** True for AnyValue, the only message that can nest without bound. */
  readonly nests: boolean;
  readonly byNumber: readonly (FieldPlan | undefined)[];
  readonly byName: ReadonlyMap<string, FieldPlan>;
}

/** "name:kind" by field number; a star marks repeated, a bar before the name a member of the message's oneof. */
type Shape = Readonly<Record<number, string>>;

const shapes: Readonly<Record<string, Shape>> = {
  TracesData: { 1: "resourceSpans:*ResourceSpans" },
  ResourceSpans: { 1: "resource:Resource", 2: "scopeSpans:*ScopeSpans", 3: "schemaUrl:string" },
  ScopeSpans: { 1: "scope:InstrumentationScope", 2: "spans:*Span", 3: "schemaUrl:string" },
  Span: {
    1: "traceId:id",
    2: "spanId:id",
    3: "traceState:string",
    4: "parentSpanId:id",
    5: "name:string",
    6: "kind:SpanKind",
    7: "startTimeUnixNano:fixed64",
    8: "endTimeUnixNano:fixed64",
    9: "attributes:*KeyValue",
    10: "droppedAttributesCount:int32",
    11: "events:*SpanEvent",
    12: "droppedEventsCount:int32",
    13: "links:*SpanLink",
    14: "droppedLinksCount:int32",
    15: "status:Status",
    16: "flags:fixed32",
  },
  SpanEvent: { 1: "timeUnixNano:fixed64", 2: "name:string", 3: "attributes:*KeyValue" },
  SpanLink: {
    1: "traceId:id",
    2: "spanId:id",
    3: "traceState:string",
    4: "attributes:*KeyValue",
    6: "flags:fixed32",
  },
  Status: { 2: "message:string", 3: "code:StatusCode" },

  MetricsData: { 1: "resourceMetrics:*ResourceMetrics" },
  ResourceMetrics: { 1: "resource:Resource", 2: "scopeMetrics:*ScopeMetrics", 3: "schemaUrl:string" },
  ScopeMetrics: { 1: "scope:InstrumentationScope", 2: "metrics:*Metric", 3: "schemaUrl:string" },
  Metric: {
    1: "name:string",
    2: "description:string",
    3: "unit:string",
    5: "|gauge:Gauge",
    7: "|sum:Sum",
    9: "|histogram:Histogram",
    10: "|exponentialHistogram:ExponentialHistogram",
    11: "|summary:Summary",
  },
  Gauge: { 1: "dataPoints:*NumberDataPoint" },
  Sum: { 1: "dataPoints:*NumberDataPoint", 2: "aggregationTemporality:Temporality", 3: "isMonotonic:bool" },
  Histogram: { 1: "dataPoints:*HistogramDataPoint", 2: "aggregationTemporality:Temporality" },
  ExponentialHistogram: {
    1: "dataPoints:*ExponentialHistogramDataPoint",
    2: "aggregationTemporality:Temporality",
  },
  Summary: { 1: "dataPoints:*SummaryDataPoint" },
  NumberDataPoint: {
    2: "startTimeUnixNano:fixed64",
    3: "timeUnixNano:fixed64",
    4: "|asDouble:double",
    6: "|asInt:sfixed64",
    7: "attributes:*KeyValue",
    8: "flags:int32",
  },
  HistogramDataPoint: {
    2: "startTimeUnixNano:fixed64",
    3: "timeUnixNano:fixed64",
    4: "count:fixed64",
    5: "sum:double",
    6: "bucketCounts:*fixed64",
    7: "explicitBounds:*double",
    9: "attributes:*KeyValue",
    10: "flags:int32",
    11: "min:double",
    12: "max:double",
  },
  ExponentialHistogramDataPoint: {
    1: "attributes:*KeyValue",
    2: "startTimeUnixNano:fixed64",
    3: "timeUnixNano:fixed64",
    4: "count:fixed64",
    5: "sum:double",
    6: "scale:sint32",
    7: "zeroCount:fixed64",
    8: "positive:Buckets",
    9: "negative:Buckets",
    10: "flags:int32",
    12: "min:double",
    13: "max:double",
    14: "zeroThreshold:double",
  },
  Buckets: { 1: "offset:sint32", 2: "bucketCounts:*uint64" },
  SummaryDataPoint: {
    2: "startTimeUnixNano:fixed64",
    3: "timeUnixNano:fixed64",
    4: "count:fixed64",
    5: "sum:double",
    7: "attributes:*KeyValue",
    8: "flags:int32",
  },

  LogsData: { 1: "resourceLogs:*ResourceLogs" },
  ResourceLogs: { 1: "resource:Resource", 2: "scopeLogs:*ScopeLogs", 3: "schemaUrl:string" },
  ScopeLogs: { 1: "scope:InstrumentationScope", 2: "logRecords:*LogRecord", 3: "schemaUrl:string" },
  LogRecord: {
    1: "timeUnixNano:fixed64",
    2: "severityNumber:Severity",
    3: "severityText:string",
    5: "body:AnyValue",
    6: "attributes:*KeyValue",
    8: "flags:fixed32",
    9: "traceId:id",
    10: "spanId:id",
    11: "observedTimeUnixNano:fixed64",
    12: "eventName:string",
  },

  Resource: { 1: "attributes:*KeyValue" },
  InstrumentationScope: { 1: "name:string", 2: "version:string", 3: "attributes:*KeyValue" },
  KeyValue: { 1: "key:string", 2: "value:AnyValue" },
  AnyValue: {
    1: "|stringValue:string",
    2: "|boolValue:bool",
    3: "|intValue:int64",
    4: "|doubleValue:double",
    5: "|arrayValue:ArrayValue",
    6: "|kvlistValue:KeyValueList",
    7: "|bytesValue:bytes",
  },
  ArrayValue: { 1: "values:*AnyValue" },
  KeyValueList: { 1: "values:*KeyValue" },
};

const severities = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap((level) =>
  [level, `${level}2`, `${level}3`, `${level}4`].map((name) => `SEVERITY_NUMBER_${name}`),
);

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, number) => [name, number]));
}

const enums: Readonly<Record<string, ReadonlyMap<string, number>>> = {
  SpanKind: numbered(
    ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map(
      (name) => `SPAN_KIND_${name}`,
    ),
  ),
  StatusCode: numbered(["UNSET", "OK", "ERROR"].map((name) => `STATUS_CODE_${name}`)),
  Temporality: numbered(
    ["UNSPECIFIED", "DELTA", "CUMULATIVE"].map((name) => `AGGREGATION_TEMPORALITY_${name}`),
  ),
  Severity: numbered(["SEVERITY_NUMBER_UNSPECIFIED", ...severities]),
};

const scalarWire: Readonly<Record<ScalarKind, WireType>> = {
  string: 2,
  id: 2,
  bytes: 2,
  bool: 0,
  int32: 0,
  int64: 0,
  uint64: 0,
  sint32: 0,
  fixed32: 5,
  fixed64: 1,
  sfixed64: 1,
  double: 1,
};

const recordMessages: ReadonlySet<string> = new Set([
  "Span",
  "NumberDataPoint",
  "HistogramDataPoint",
  "ExponentialHistogramDataPoint",
  "SummaryDataPoint",
  "LogRecord",
]);

function isScalar(kind: string): kind is ScalarKind {
  return Object.hasOwn(scalarWire, kind);
}

interface OpenPlan extends MessagePlan {
  readonly byNumber: (FieldPlan | undefined)[];
  readonly byName: Map<string, FieldPlan>;
}

function planField(plans: ReadonlyMap<string, OpenPlan>, number: number, text: string): FieldPlan {
  const [barred = "", starred = ""] = text.split(":");
  const oneof = barred.startsWith("|") ? 1 : 0;
  const name = barred.slice(oneof);
  const repeated = starred.startsWith("*");
  const kind = repeated ? starred.slice(1) : starred;
  const shared = { number, name, repeated, oneof: oneof === 1, isRecord: recordMessages.has(kind) };
  if (isScalar(kind)) {
    const wire = scalarWire[kind];
    return { ...shared, kind, wire, packable: repeated && wire !== 2, message: null, names: null };
  }
  const names = enums[kind];
  if (names !== undefined) return { ...shared, kind: "enum", wire: 0, packable: false, message: null, names };
  const message = plans.get(kind);
  if (message === undefined) throw new Error(`schema names no message ${kind}`);
  return { ...shared, kind: "message", wire: 2, packable: false, message, names: null };
}

function planMessages(): ReadonlyMap<string, MessagePlan> {
  const plans = new Map<string, OpenPlan>(
    Object.keys(shapes).map((name) => [
      name,
      { name, nests: name === "AnyValue", byNumber: [], byName: new Map() },
    ]),
  );
  for (const [message, shape] of Object.entries(shapes)) {
    const plan = plans.get(message);
    for (const [number, text] of Object.entries(shape)) {
      const field = planField(plans, Number(number), text);
      if (plan === undefined) continue;
      while (plan.byNumber.length < field.number) plan.byNumber.push(undefined);
      plan.byNumber[field.number] = field;
      plan.byName.set(field.name, field);
    }
  }
  return plans;
}

const plans = planMessages();

/** The plan of a message by its name in the table above; an unknown name is a bug. */
export function planOf(name: string): MessagePlan {
  const plan = plans.get(name);
  if (plan === undefined) throw new Error(`schema names no message ${name}`);
  return plan;
}

/** The request message of each signal. TracesData and ExportTraceServiceRequest have the same form. */
export const requestPlans: Readonly<Record<Signal, MessagePlan>> = {
  traces: planOf("TracesData"),
  metrics: planOf("MetricsData"),
  logs: planOf("LogsData"),
};
