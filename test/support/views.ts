import type { LogAttribute, LogContent } from "#engine/log-content.ts";
import {
  readAttributes,
  type AttributeSlots,
  type Interner,
  type LogView,
  type PointView,
  type ReadAttribute,
  type SpanView,
} from "#engine/ports.ts";

export type SlotValues = Readonly<Partial<Record<ReadAttribute, string | number>>>;

/** Attribute slots as a decoder fills them. */
export function slotsOf(interner: Interner, values: SlotValues): AttributeSlots {
  const texts = new Int32Array(readAttributes.length);
  const numbers = new Float64Array(readAttributes.length).fill(NaN);
  readAttributes.forEach((name, i) => {
    const value = values[name];
    if (typeof value === "string") texts[i] = interner.fromString(value);
    else if (value !== undefined) numbers[i] = value;
  });
  return { texts, numbers };
}

/** A span: by default a served GET /cart of 100 ms that ended well. */
export function spanView(
  interner: Interner,
  attributes: SlotValues,
  given: Partial<Omit<SpanView, "attributes" | "name">> & {
    readonly name?: string;
    readonly resource: number;
  },
): SpanView {
  return {
    kind: 2,
    start: 0,
    end: 0,
    durationSeconds: 0.1,
    status: 0,
    traceHash: 1,
    sampledShare: 1,
    ...given,
    name: interner.fromString(given.name ?? "GET"),
    attributes: slotsOf(interner, attributes),
  };
}

/** A metric point: by default a cumulative monotonic sum. */
export function pointView(
  interner: Interner,
  given: Partial<Omit<PointView, "metric" | "unit" | "attributes" | "bounds" | "counts">> & {
    readonly metric?: string;
    readonly unit?: string;
    readonly attributes?: SlotValues;
    readonly bounds?: readonly number[];
    readonly counts?: readonly number[];
  },
): PointView {
  const { metric = "jobs", unit = "", attributes = {}, bounds = [], counts = [], ...rest } = given;
  return {
    resource: 0,
    type: "sum",
    temporality: 2,
    monotonic: true,
    start: 0,
    time: 0,
    noRecordedValue: false,
    value: 0,
    count: counts.reduce((total, count) => total + count, 0),
    sum: NaN,
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    offset: 0,
    hasNegative: false,
    attributesHashHigh: 0,
    attributesHashLow: 0,
    ...rest,
    metric: interner.fromString(metric),
    unit: interner.fromString(unit),
    attributes: slotsOf(interner, attributes),
    bounds: Float64Array.from(bounds),
    boundsLength: bounds.length,
    counts: Float64Array.from(counts),
    countsLength: counts.length,
  };
}

/** What a sender said in a log record, for `logView`. */
export interface SaidInLog {
  readonly body: unknown;
  readonly level: string;
  readonly scope: string;
  readonly event: string;
  readonly traceId: string | null;
  readonly attributes: Readonly<Partial<Record<LogAttribute, string>>>;
}

/** The content of a record as a decoder hands it over. */
export function logContent(said: Partial<SaidInLog> = {}): LogContent {
  return {
    isCut: false,
    body: () => said.body ?? null,
    level: () => said.level ?? "",
    scope: () => said.scope ?? "",
    event: () => said.event ?? "",
    attribute: (name) => said.attributes?.[name] ?? "",
    traceId: () => said.traceId ?? null,
  };
}

export function logView(given: Partial<LogView> & { readonly resource: number }): LogView {
  return { time: 0, severity: 9, traceHash: 0, content: logContent(), ...given };
}
