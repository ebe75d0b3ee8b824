import { gzipSync } from "node:zlib";
import { join } from "node:path";
import { openTelemetry } from "#store/sqlite/open-telemetry.ts";
import { encodeOtlp, otlpJson } from "./otlp-encoder.ts";
import { requestTypes, type PlainMessage } from "./otlp-oracle.ts";
import { value } from "./result-value.ts";

/** One export request that is told from every other in what is stored: it has an instance of its own. */
export interface ExactBatch {
  readonly instance: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** What the store must hold of its instance. */
  readonly records: number;
}

const signals = ["traces", "metrics", "logs"] as const;
const servicesUsed = 8;

function text(key: string, stringValue: string): PlainMessage {
  return { key, value: { stringValue } };
}

function recordsOf(signal: (typeof signals)[number], count: number, nanos: bigint): PlainMessage {
  const one = Array.from({ length: count }, (_, at) => at + 1);
  switch (signal) {
    case "traces":
      return {
        spans: one.map((at) => ({
          traceId: Uint8Array.from({ length: 16 }, () => at),
          spanId: Uint8Array.from({ length: 8 }, () => at),
          name: "GET /things",
          kind: 2,
          startTimeUnixNano: nanos - 20_000_000n,
          endTimeUnixNano: nanos,
          attributes: [text("http.request.method", "GET"), text("http.route", "/things")],
        })),
      };
    case "metrics": {
      const point = {
        startTimeUnixNano: nanos - 1_000_000_000n,
        timeUnixNano: nanos,
        count: BigInt(count),
        sum: count * 0.02,
        bucketCounts: [BigInt(count), 0n],
        explicitBounds: [0.1],
        attributes: [text("http.request.method", "GET"), text("http.route", "/things")],
      };
      const histogram = { dataPoints: [point], aggregationTemporality: 1 };
      return { metrics: [{ name: "http.server.request.duration", unit: "s", histogram }] };
    }
    case "logs":
      return { logRecords: one.map(() => ({ timeUnixNano: nanos, severityNumber: 17 })) };
  }
}

/** The same index and instant give the same bytes; signals, protobuf and JSON, gzip and plain take turns. */
export function exactBatch(index: number, at: number): ExactBatch {
  const signal = signals[index % 3] ?? "traces";
  const json = Math.floor(index / 3) % 2 === 1;
  const zipped = Math.floor(index / 6) % 2 === 1;
  const records = 1 + (index % 17);
  const instance = `instance-${index}`;
  const group = {
    resource: {
      attributes: [
        text("service.name", `service-${index % servicesUsed}`),
        text("service.version", "1.0.0"),
        text("service.instance.id", instance),
      ],
    },
    [{ traces: "scopeSpans", metrics: "scopeMetrics", logs: "scopeLogs" }[signal]]: [
      recordsOf(signal, records, BigInt(at) * 1_000_000n),
    ],
  };
  const message = {
    [{ traces: "resourceSpans", metrics: "resourceMetrics", logs: "resourceLogs" }[signal]]: [group],
  };
  const type = requestTypes[signal];
  const plain = json ? Buffer.from(otlpJson(type, message)) : encodeOtlp(type, message);
  return {
    instance,
    path: `/v1/${signal}`,
    headers: {
      "content-type": json ? "application/json" : "application/x-protobuf",
      ...(zipped ? { "content-encoding": "gzip" } : {}),
    },
    body: zipped ? gzipSync(plain) : plain,
    records,
  };
}

/** Records of each instance in a data folder that no process holds, late ones included. */
export function storedRecords(data: string): ReadonlyMap<string, number> {
  const telemetry = value(openTelemetry(join(data, "telemetry.db")));
  const deploymentIds = telemetry.reader.deployments().map(({ id }) => id);
  const names = new Map(telemetry.reader.instances(deploymentIds).map(({ id, name }) => [id, name]));
  const stored = new Map<string, number>();
  for (const late of [false, true]) {
    for (const { instanceId, sample } of telemetry.reader.samples({
      ...{ deploymentIds, from: 0, to: Number.MAX_SAFE_INTEGER, late },
    })) {
      const name = names.get(instanceId) ?? "?";
      const records = sample.kind === "requests" ? sample.count : sample.kind === "logs" ? sample.records : 0;
      stored.set(name, (stored.get(name) ?? 0) + records);
    }
  }
  telemetry.close();
  return stored;
}

/** Every batch whose records are not in the store exactly once, in words. */
export function countFaults(
  acknowledged: readonly ExactBatch[],
  stored: ReadonlyMap<string, number>,
): readonly string[] {
  const faults = acknowledged.flatMap(({ instance, records }) => {
    const found = stored.get(instance) ?? 0;
    if (found === records) return [];
    return [`${instance}: ${records} acknowledged, ${found} stored: ${found < records ? "lost" : "doubled"}`];
  });
  const known = new Set(acknowledged.map(({ instance }) => instance));
  const strangers = [...stored.keys()].filter((name) => !known.has(name));
  return [...faults, ...strangers.map((name) => `${name}: stored and never acknowledged`)];
}
