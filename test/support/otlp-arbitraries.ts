import fc from "fast-check";
import { logAttributes } from "#engine/log-content.ts";
import { readAttributes } from "#engine/ports.ts";
import type { PlainMessage } from "./otlp-oracle.ts";
import type { WireStyle } from "./otlp-encoder.ts";

const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);
const int64 = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.constant(-1n), fc.constant(0n));
const nanos = fc.oneof(
  { arbitrary: fc.bigInt(1_700_000_000n * 10n ** 9n, 1_900_000_000n * 10n ** 9n), weight: 9 },
  {
    arbitrary: fc.constant(0n),
    weight: 1,
  },
);
const double = fc.double();
const text = fc.string({ unit: "grapheme", maxLength: 12 });

function id(length: number): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { arbitrary: fc.uint8Array({ minLength: length, maxLength: length }), weight: 8 },
    { arbitrary: fc.constant(new Uint8Array(length)), weight: 1 },
    { arbitrary: fc.uint8Array({ maxLength: 9 }), weight: 1 },
  );
}

const anyValue = fc.letrec<{ value: PlainMessage; pair: PlainMessage }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: int64 }),
    fc.record({ doubleValue: double }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 6 }) }),
    fc.constant<PlainMessage>({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie("value"), { maxLength: 3 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: fc.array(tie("pair"), { maxLength: 3 }) }) }),
  ),
  pair: fc.record({ key: text, value: tie("value") }, { requiredKeys: [] }),
})).value;

const pair: fc.Arbitrary<PlainMessage> = fc.record(
  { key: fc.oneof(fc.constantFrom(...readAttributes, ...logAttributes), text), value: anyValue },
  { requiredKeys: ["key"] },
);
const attributes = fc.array(pair, { maxLength: 5 });
const resource = fc.record({ attributes }, { requiredKeys: [] });
const scope = fc.record({ name: text, version: text }, { requiredKeys: [] });

const traceState = fc.constantFrom(
  "",
  "a=b",
  "ot=th:8",
  "a=1,ot=rv:1;th:c0ffee",
  "ot=th:fffffffffffff1",
  "vot=th:4",
);

const span = fc.record(
  {
    traceId: id(16),
    spanId: id(8),
    traceState,
    parentSpanId: id(8),
    name: text,
    kind: fc.integer({ min: 0, max: 5 }),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes,
    events: fc.array(fc.record({ timeUnixNano: nanos, name: text, attributes }), { maxLength: 1 }),
    links: fc.array(fc.record({ traceId: id(16), spanId: id(8) }), { maxLength: 1 }),
    status: fc.record({ message: text, code: fc.integer({ min: 0, max: 2 }) }, { requiredKeys: [] }),
    flags: fc.nat(),
  },
  { requiredKeys: ["traceId", "spanId", "endTimeUnixNano"] },
);

const flags = fc.constantFrom(0, 1, 2, 3);
const common = { startTimeUnixNano: nanos, timeUnixNano: nanos, attributes, flags };
const required: ["timeUnixNano"] = ["timeUnixNano"];
const numberPoint = fc.oneof(
  fc.record({ ...common, asDouble: double }, { requiredKeys: required }),
  fc.record({ ...common, asInt: int64 }, { requiredKeys: required }),
);
const explicitPoint = fc.array(fc.tuple(double, uint64), { maxLength: 8 }).chain((buckets) =>
  fc.record(
    {
      ...common,
      count: uint64,
      sum: double,
      min: double,
      explicitBounds: fc.constant(buckets.map(([bound]) => bound)),
      bucketCounts: uint64.map((last) =>
        buckets.length === 0 ? [] : [...buckets.map(([, count]) => count), last],
      ),
    },
    { requiredKeys: ["timeUnixNano", "explicitBounds", "bucketCounts"] },
  ),
);
const buckets = fc.record(
  {
    offset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    bucketCounts: fc.array(uint64, { maxLength: 8 }),
  },
  { requiredKeys: [] },
);
const exponentialPoint = fc.record(
  {
    ...common,
    count: uint64,
    sum: double,
    scale: fc.integer({ min: -10, max: 20 }),
    zeroCount: uint64,
    zeroThreshold: double,
    positive: buckets,
    negative: buckets,
  },
  { requiredKeys: required },
);
const summaryPoint = fc.record({ ...common, count: uint64, sum: double }, { requiredKeys: required });

const aggregationTemporality = fc.integer({ min: 0, max: 2 });
function points(point: fc.Arbitrary<PlainMessage>): fc.Arbitrary<PlainMessage> {
  return fc.record(
    { dataPoints: fc.array(point, { maxLength: 3 }), aggregationTemporality },
    { requiredKeys: ["dataPoints"] },
  );
}
const untimed = (point: fc.Arbitrary<PlainMessage>): fc.Arbitrary<PlainMessage> =>
  fc.record({ dataPoints: fc.array(point, { maxLength: 3 }) });
const sum = fc.record(
  { dataPoints: fc.array(numberPoint, { maxLength: 3 }), aggregationTemporality, isMonotonic: fc.boolean() },
  { requiredKeys: ["dataPoints"] },
);
const named = { name: text, description: text, unit: text };
const metric = fc.oneof(
  fc.record({ ...named, gauge: untimed(numberPoint) }),
  fc.record({ ...named, sum }),
  fc.record({ ...named, histogram: points(explicitPoint) }),
  fc.record({ ...named, exponentialHistogram: points(exponentialPoint) }),
  fc.record({ ...named, summary: untimed(summaryPoint) }),
);

const logRecord = fc.record(
  {
    timeUnixNano: nanos,
    observedTimeUnixNano: nanos,
    severityNumber: fc.constantFrom(0, 9, 17),
    severityText: text,
    eventName: text,
    body: anyValue,
    attributes,
    traceId: id(16),
    spanId: id(8),
  },
  { requiredKeys: [] },
);

function grouped(
  groups: string,
  scopes: string,
  items: string,
  item: fc.Arbitrary<PlainMessage>,
): fc.Arbitrary<PlainMessage> {
  const scoped = fc.record({ scope, [items]: fc.array(item, { maxLength: 3 }) }, { requiredKeys: [] });
  const group = fc.record({ resource, [scopes]: fc.array(scoped, { maxLength: 2 }) }, { requiredKeys: [] });
  return fc.record({ [groups]: fc.array(group, { maxLength: 3 }) });
}

/** Requests of each signal, with records that are invalid now and then. */
export const requests = {
  traces: grouped("resourceSpans", "scopeSpans", "spans", span),
  metrics: grouped("resourceMetrics", "scopeMetrics", "metrics", metric),
  logs: grouped("resourceLogs", "scopeLogs", "logRecords", logRecord),
} as const;

/** Every combination of legal ways to write a message. */
export const wireStyles: fc.Arbitrary<WireStyle> = fc.record({
  descending: fc.boolean(),
  numbers: fc.constantFrom("packed" as const, "unpacked" as const, "mixed" as const),
  unknown: fc.boolean(),
  pieces: fc.boolean(),
  padded: fc.boolean(),
});
