import { randomBytes } from "node:crypto";
import type { Signal } from "#ingest/otlp/schema.ts";
import type { Instant } from "#model/time.ts";
import { encodeOtlp, otlpJson, plainStyle } from "./otlp-encoder.ts";
import { requestTypes, type PlainMessage } from "./otlp-oracle.ts";

export interface Export {
  readonly version: string;
  /** Spans, requests that one point counts, or log records. */
  readonly records: number;
  readonly at: Instant;
}

/** One export request of the service `pay` in `live`, in either encoding; protobuf with its fields in the Collector's order. */
export function exportBody(signal: Signal, encoding: "otlp_proto" | "otlp_json", about: Export): Buffer {
  const message = messageOf(signal, about);
  return encoding === "otlp_json"
    ? Buffer.from(otlpJson(requestTypes[signal], message))
    : Buffer.from(encodeOtlp(requestTypes[signal], message, { ...plainStyle, descending: true }));
}

function attributesOf(texts: Readonly<Record<string, string>>): readonly PlainMessage[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

const operation = { "http.request.method": "POST", "http.route": "/pay" };

function messageOf(signal: Signal, { version, records, at }: Export): PlainMessage {
  const resource = {
    attributes: attributesOf({
      "service.name": "pay",
      "service.version": version,
      "service.instance.id": `${version}-0`,
      "deployment.environment.name": "live",
    }),
  };
  const time = BigInt(at) * 1_000_000n;
  const each = (make: () => PlainMessage): readonly PlainMessage[] => Array.from({ length: records }, make);
  switch (signal) {
    case "traces": {
      const spans = each(() => ({
        ...{ traceId: randomBytes(16), spanId: randomBytes(8), kind: 2, name: "POST /pay" },
        ...{
          startTimeUnixNano: time - 20_000_000n,
          endTimeUnixNano: time,
          attributes: attributesOf(operation),
        },
      }));
      return { resourceSpans: [{ resource, scopeSpans: [{ spans }] }] };
    }
    case "metrics": {
      const point = {
        ...{
          startTimeUnixNano: time - 1_000_000_000n,
          timeUnixNano: time,
          attributes: attributesOf(operation),
        },
        ...{
          count: BigInt(records),
          sum: records * 0.02,
          explicitBounds: [0.1],
          bucketCounts: [BigInt(records), 0n],
        },
      };
      const metric = {
        ...{ name: "http.server.request.duration", unit: "s" },
        histogram: { aggregationTemporality: 1, dataPoints: [point] },
      };
      return { resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [metric] }] }] };
    }
    case "logs": {
      const logRecords = each(() => ({ timeUnixNano: time, severityNumber: 17, traceId: randomBytes(16) }));
      return { resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] };
    }
  }
}
