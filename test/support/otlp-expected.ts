import { logAttributes } from "#engine/log-content.ts";
import { readAttributes, type AttributeValue } from "#engine/ports.ts";
import { takeTraceHash } from "#ingest/otlp/protobuf/ids.ts";
import type { PlainMessage, PlainValue } from "./otlp-oracle.ts";
import type { Told } from "./recording-observer.ts";

/** What an observer must be told of a decoded request, worked out on plain objects the slow way. */
export function expectedOf(request: PlainMessage): readonly Told[] {
  return [
    ...each(request, "resourceSpans", "scopeSpans", "spans").map(spanOf),
    ...each(request, "resourceMetrics", "scopeMetrics", "metrics").flatMap(pointsOf),
    ...each(request, "resourceLogs", "scopeLogs", "logRecords").map(logOf),
  ];
}

interface Placed {
  readonly resource: Readonly<Record<string, AttributeValue>>;
  readonly scope: string;
  readonly item: PlainMessage;
}

function each(request: PlainMessage, groups: string, scopes: string, items: string): readonly Placed[] {
  return list(request[groups]).flatMap((group) => {
    const attributes = list(message(group["resource"])["attributes"]);
    const resource: Record<string, AttributeValue> = {};
    for (const pair of attributes) {
      const value = plainAttribute(message(pair["value"]));
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- a later value without a plain form hides an earlier one
      if (value === null) delete resource[text(pair["key"])];
      else resource[text(pair["key"])] = value;
    }
    return list(group[scopes]).flatMap((scope) => {
      const name = text(message(scope["scope"])["name"]);
      return list(scope[items]).map((item) => ({ resource, scope: name, item }));
    });
  });
}

function spanOf({ resource, item }: Placed): Told {
  const traceHash = hashOf(item["traceId"]);
  const spanId = bytes(item["spanId"]);
  if (traceHash === 0 || spanId.length !== 8 || spanId.every((byte) => byte === 0))
    return reject("span", "badId");
  const start = wide(item["startTimeUnixNano"]);
  const end = wide(item["endTimeUnixNano"]);
  if (end === 0n) return reject("span", "noTime");
  return {
    told: "span",
    resource,
    attributes: slotsOf(item),
    view: {
      kind: number(item["kind"]),
      name: text(item["name"]),
      start: Number(start) / 1e6,
      end: Number(end) / 1e6,
      durationSeconds: Number(end - start) / 1e9,
      status: number(message(item["status"])["code"]),
      traceHash,
      sampledShare: shareOf(text(item["traceState"])),
    },
  };
}

function shareOf(traceState: string): number {
  const member = traceState
    .split(",")
    .map((part) => part.trim())
    .find((part) => part.startsWith("ot="));
  const th = member
    ?.slice(3)
    .split(";")
    .find((part) => part.startsWith("th:"));
  if (th === undefined) return 1;
  return Number(2n ** 56n - BigInt(`0x${th.slice(3).padEnd(14, "0")}`)) / 2 ** 56;
}

function pointsOf({ resource, item }: Placed): readonly Told[] {
  for (const type of ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] as const) {
    if (item[type] === undefined) continue;
    const data = message(item[type]);
    const shared = {
      metric: text(item["name"]),
      unit: text(item["unit"]),
      type,
      temporality: number(data["aggregationTemporality"]),
      monotonic: data["isMonotonic"] === true,
    };
    return list(data["dataPoints"]).map((point) => pointOf(resource, shared, point));
  }
  return [];
}

function pointOf(
  resource: Readonly<Record<string, AttributeValue>>,
  shared: { readonly type: string },
  point: PlainMessage,
): Told {
  const time = wide(point["timeUnixNano"]);
  if (time === 0n) return reject("point", "noTime");
  const isNumber = shared.type === "gauge" || shared.type === "sum";
  const noRecordedValue = (number(point["flags"]) & 1) === 1;
  const value = point["asInt"] ?? point["asDouble"];
  if (isNumber && value === undefined && !noRecordedValue) return reject("point", "shape");
  const positive = message(point["positive"]);
  const counts = shared.type === "histogram" ? point["bucketCounts"] : positive["bucketCounts"];
  return {
    told: "point",
    resource,
    attributes: slotsOf(point),
    view: {
      ...shared,
      start: Number(wide(point["startTimeUnixNano"])) / 1e6,
      time: Number(time) / 1e6,
      noRecordedValue,
      value: value === undefined ? NaN : Number(value),
      count: Number(wide(point["count"])),
      sum: point["sum"] === undefined ? NaN : number(point["sum"]),
      bounds: numbers(point["explicitBounds"]),
      scale: number(point["scale"]),
      zeroCount: Number(wide(point["zeroCount"])),
      zeroThreshold: number(point["zeroThreshold"]),
      offset: number(positive["offset"]),
      counts: numbers(counts),
      hasNegative: numbers(message(point["negative"])["bucketCounts"]).some((count) => count > 0),
    },
  };
}

function logOf({ resource, scope, item }: Placed): Told {
  const time =
    wide(item["timeUnixNano"]) === 0n ? wide(item["observedTimeUnixNano"]) : wide(item["timeUnixNano"]);
  if (time === 0n) return reject("log", "noTime");
  const view = {
    time: Number(time) / 1e6,
    severity: number(item["severityNumber"]),
    traceHash: hashOf(item["traceId"]),
    said: {
      body: bodyOf(message(item["body"])),
      level: text(item["severityText"]),
      scope,
      event: text(item["eventName"]),
      traceId: hashOf(item["traceId"]) === 0 ? null : Buffer.from(bytes(item["traceId"])).toString("hex"),
      attributes: logTextsOf(item),
    },
  };
  return { told: "log", resource, view };
}

function logTextsOf(item: PlainMessage): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of logAttributes) {
    const pair = list(item["attributes"]).findLast((candidate) => candidate["key"] === name);
    const { stringValue } = message(pair?.["value"]);
    if (typeof stringValue === "string" && stringValue !== "") found[name] = stringValue;
  }
  return found;
}

function bodyOf(value: PlainMessage): unknown {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue } = value;
  if (kvlistValue !== undefined)
    return Object.fromEntries(
      list(message(kvlistValue)["values"]).map((pair) => [text(pair["key"]), bodyOf(message(pair["value"]))]),
    );
  if (arrayValue !== undefined) return list(message(arrayValue)["values"]).map(bodyOf);
  const plain = stringValue ?? boolValue ?? doubleValue ?? null;
  return typeof intValue === "bigint" ? Number(intValue) : plain;
}

function reject(signal: "span" | "point" | "log", reason: "badId" | "noTime" | "shape"): Told {
  return { told: "reject", signal, reason, count: 1 };
}

function slotsOf(item: PlainMessage): Readonly<Record<string, AttributeValue>> {
  const found: Record<string, AttributeValue> = {};
  for (const name of readAttributes) {
    const pair = list(item["attributes"]).findLast((candidate) => candidate["key"] === name);
    const { stringValue, intValue, doubleValue } = message(pair?.["value"]);
    const value = stringValue ?? intValue ?? doubleValue;
    if (typeof value === "string" && value !== "") found[name] = value;
    if (typeof value === "bigint" || (typeof value === "number" && !Number.isNaN(value)))
      found[name] = Number(value);
  }
  return found;
}

function plainAttribute(value: PlainMessage): AttributeValue | null {
  const { stringValue, boolValue, intValue, doubleValue, arrayValue } = value;
  if (typeof stringValue === "string") return stringValue;
  if (typeof boolValue === "boolean") return boolValue;
  if (typeof intValue === "bigint") return Number(intValue);
  if (typeof doubleValue === "number") return doubleValue;
  const items = list(message(arrayValue)["values"]).flatMap((item) => {
    const plain = item["arrayValue"] === undefined ? plainAttribute(item) : null;
    return plain === null ? [] : [plain];
  });
  return items.length === 0 ? null : items.join(",");
}

function hashOf(id: PlainValue | undefined): number {
  const found = bytes(id);
  const view = { traceHash: NaN };
  takeTraceHash(view, new DataView(found.buffer, found.byteOffset, found.length), 0, found.length);
  return view.traceHash;
}

function list(value: PlainValue | undefined): readonly PlainMessage[] {
  return (value ?? []) as readonly PlainMessage[];
}
function message(value: PlainValue | undefined): PlainMessage {
  return (value ?? {}) as PlainMessage;
}
function text(value: PlainValue | undefined): string {
  return (value ?? "") as string;
}
function number(value: PlainValue | undefined): number {
  return Number(value ?? 0);
}
function numbers(value: PlainValue | undefined): readonly number[] {
  return ((value ?? []) as readonly bigint[]).map(Number);
}
function wide(value: PlainValue | undefined): bigint {
  return (value ?? 0n) as bigint;
}
function bytes(value: PlainValue | undefined): Uint8Array {
  return (value ?? new Uint8Array(0)) as Uint8Array;
}
