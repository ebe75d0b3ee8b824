import { createServer } from "node:http";
import { gunzipSync } from "node:zlib";
import protobuf from "protobufjs";
import { listen } from "#examples/listen.ts";

// The part of opentelemetry-proto that the tests read, with its field numbers.
const schema = protobuf.parse(`
  syntax = "proto3";
  message Value { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message KeyValue { string key = 1; Value value = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message Status { int32 code = 3; }
  message Span { bytes trace_id = 1; string name = 5; int32 kind = 6; fixed64 start_time_unix_nano = 7;
    fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15; }
  message ScopeSpans { repeated Span spans = 2; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Traces { repeated ResourceSpans resource_spans = 1; }
  message LogRecord { int32 severity_number = 2; Value body = 5; bytes trace_id = 9; }
  message ScopeLogs { repeated LogRecord log_records = 2; }
  message ResourceLogs { Resource resource = 1; repeated ScopeLogs scope_logs = 2; }
  message Logs { repeated ResourceLogs resource_logs = 1; }
  message Point { fixed64 time_unix_nano = 3; fixed64 count = 4; repeated KeyValue attributes = 1; }
  message ExponentialHistogram { repeated Point data_points = 1; }
  message Metric { string name = 1; string unit = 3; ExponentialHistogram exponential_histogram = 10; }
  message ScopeMetrics { repeated Metric metrics = 2; }
  message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
  message Metrics { repeated ResourceMetrics resource_metrics = 1; }
`).root;

type Attributes = Readonly<Record<string, string | number>>;

export interface SinkSpan {
  readonly resource: Attributes;
  readonly name: string;
  readonly kind: number;
  readonly attributes: Attributes;
  readonly failed: boolean;
  readonly traceId: string;
  readonly durationMs: number;
}
export interface SinkLog {
  readonly severity: number;
  readonly body: string;
  readonly traceId: string;
}
export interface SinkPoint {
  readonly resource: Attributes;
  readonly metric: string;
  readonly unit: string;
  readonly attributes: Attributes;
  readonly count: number;
  readonly time: number;
}

/** A receiver of OTLP/HTTP protobuf that keeps everything it got, decoded by protobufjs. */
export interface OtlpSink {
  readonly url: string;
  readonly spans: SinkSpan[];
  readonly logs: SinkLog[];
  readonly points: SinkPoint[];
  close(): Promise<void>;
}

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-argument -- protobufjs gives untyped objects; this file is the decoder */
function attributesOf(list: any[]): Attributes {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value ?? {})[0]])) as Attributes;
}

function decode(name: string, body: Uint8Array): any {
  const type = schema.lookupType(name);
  return type.toObject(type.decode(body), { longs: Number, bytes: String, arrays: true, defaults: false });
}

export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: SinkSpan[] = [];
  const logs: SinkLog[] = [];
  const points: SinkPoint[] = [];
  const take: Record<string, (body: Uint8Array) => void> = {
    "/v1/traces": (body) => {
      for (const { resource, scopeSpans } of decode("Traces", body).resourceSpans)
        for (const { spans: list } of scopeSpans)
          for (const span of list)
            spans.push({
              resource: attributesOf(resource.attributes),
              name: span.name,
              kind: span.kind,
              attributes: attributesOf(span.attributes),
              failed: span.status?.code === 2,
              traceId: span.traceId,
              durationMs: (span.endTimeUnixNano - span.startTimeUnixNano) / 1e6,
            });
    },
    "/v1/logs": (body) => {
      for (const { scopeLogs } of decode("Logs", body).resourceLogs)
        for (const { logRecords } of scopeLogs)
          for (const log of logRecords)
            logs.push({ severity: log.severityNumber, body: log.body.stringValue, traceId: log.traceId });
    },
    "/v1/metrics": (body) => {
      for (const { resource, scopeMetrics } of decode("Metrics", body).resourceMetrics)
        for (const { metrics } of scopeMetrics)
          for (const { name, unit, exponentialHistogram } of metrics)
            for (const point of exponentialHistogram?.dataPoints ?? [])
              points.push({
                resource: attributesOf(resource.attributes),
                metric: name,
                unit,
                attributes: attributesOf(point.attributes),
                count: point.count,
                time: point.timeUnixNano,
              });
    },
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const plain = request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      const proto = request.headers["content-type"] === "application/x-protobuf";
      const taker = proto ? take[request.url ?? ""] : undefined;
      taker?.(plain);
      response.writeHead(taker === undefined ? 415 : 200, { "content-type": "application/x-protobuf" }).end();
    });
  });
  const url = await listen(server);
  return {
    url,
    spans,
    logs,
    points,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
