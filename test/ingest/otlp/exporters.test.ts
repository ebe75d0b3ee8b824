import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as JsonLogs } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtoLogs } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter as JsonMetrics } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPMetricExporter as ProtoMetrics } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter as JsonTraces } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoTraces } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decompressBody, visitBody } from "#ingest/otlp/body.ts";
import { createReceiver, type HandedBody } from "#ingest/otlp/receiver.ts";
import { createReceiverServer } from "#ingest/otlp/receiver-server.ts";
import { expectedOf } from "#test/support/otlp-expected.ts";
import { oracleDecode, requestTypes } from "#test/support/otlp-oracle.ts";
import { RecordingObserver, type Told } from "#test/support/recording-observer.ts";

const resource = resourceFromAttributes({ "service.name": "shop", "service.version": "2.1.0" });

let server: Server;
let url: string;
let observer: RecordingObserver;
let oracle: Told[];
let bodies: HandedBody[];

beforeEach(async () => {
  observer = new RecordingObserver();
  oracle = [];
  bodies = [];
  const receiver = createReceiver({
    token: null,
    accept: (body) => {
      bodies.push(body);
      const plain = decompressBody(body);
      if (!plain.ok) return Promise.resolve(plain.error);
      const visited = visitBody(plain.value, observer);
      if (!visited.ok) return Promise.resolve(visited.error);
      if (plain.value.format === "protobuf") {
        oracle.push(...expectedOf(oracleDecode(requestTypes[body.signal], plain.value.bytes)));
      }
      return Promise.resolve({ status: 200, rejected: visited.value.rejected, message: "" });
    },
  });
  server = createReceiverServer(receiver);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

// The string form of the compression setting is the one that its environment variable takes.
const settings = (path: string, compression: string): { url: string; compression: never } => ({
  url: url + path,
  compression: compression as never,
});

describe.each([
  ["protobuf", "none"],
  ["protobuf", "gzip"],
  ["json", "none"],
  ["json", "gzip"],
])("the official exporters in %s with %s", (format, compression) => {
  test("every span arrives once, as it was made", async () => {
    const Exporter = format === "json" ? JsonTraces : ProtoTraces;
    const exporter = new Exporter(settings("/v1/traces", compression));
    const provider = new NodeTracerProvider({
      resource,
      spanProcessors: [new BatchSpanProcessor(exporter, { maxExportBatchSize: 100 })],
    });
    const tracer = provider.getTracer("test");
    for (let index = 0; index < 250; index += 1) {
      const span = tracer.startSpan("GET /pay", {
        kind: SpanKind.SERVER,
        startTime: [1_795_441_561, 282_494_467],
        attributes: { "http.route": "/pay", "http.response.status_code": index % 10 === 0 ? 500 : 200 },
      });
      if (index % 10 === 0) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end([1_795_441_561, 307_494_468]);
    }
    await provider.shutdown();
    expect(observer.told).toHaveLength(250);
    expect(
      observer.told.filter((told) => "view" in told && "status" in told.view && told.view.status === 2),
    ).toHaveLength(25);
    expect(observer.told[1]).toMatchObject({
      resource: { "service.name": "shop", "service.version": "2.1.0" },
      attributes: { "http.route": "/pay", "http.response.status_code": 200 },
      view: { name: "GET /pay", kind: 2, durationSeconds: 0.025000001, sampledShare: 1 },
    });
    if (format === "protobuf") expect(observer.told).toEqual(oracle);
    expect(bodies.every((body) => body.contentEncoding === (compression === "gzip" ? "gzip" : ""))).toBe(
      true,
    );
  });

  test("counters and both kinds of histogram arrive with their sums", async () => {
    const Exporter = format === "json" ? JsonMetrics : ProtoMetrics;
    const exporter = new Exporter(settings("/v1/metrics", compression));
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000 });
    const provider = new MeterProvider({
      resource,
      readers: [reader],
      views: [
        { instrumentName: "exponential", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      ],
    });
    const meter = provider.getMeter("test");
    const counter = meter.createCounter("calls", { unit: "{call}" });
    const explicit = meter.createHistogram("http.server.request.duration", { unit: "s" });
    const exponential = meter.createHistogram("exponential");
    for (let index = 1; index <= 100; index += 1) {
      counter.add(2, { "http.route": "/pay" });
      explicit.record(index / 100, { "http.route": "/pay" });
      exponential.record(index);
    }
    await provider.shutdown();
    const views = observer.told.map((told) => ("view" in told ? (told.view as Record<string, unknown>) : {}));
    views.sort((a, b) => String(a["metric"]).localeCompare(String(b["metric"])));
    expect(views).toMatchObject([
      { metric: "calls", unit: "{call}", type: "sum", value: 200, monotonic: true, temporality: 2 },
      { metric: "exponential", type: "exponentialHistogram", count: 100, sum: 5050, hasNegative: false },
      { metric: "http.server.request.duration", unit: "s", type: "histogram", count: 100, sum: 50.5 },
    ]);
    const total = (counts: unknown): number =>
      (counts as readonly number[]).reduce((sum, one) => sum + one, 0);
    expect([total(views[1]!["counts"]), total(views[2]!["counts"])]).toEqual([100, 100]);
    if (format === "protobuf") expect(observer.told).toMatchObject(oracle);
  });

  test("every log record arrives once", async () => {
    const Exporter = format === "json" ? JsonLogs : ProtoLogs;
    const exporter = new Exporter(settings("/v1/logs", compression));
    const provider = new LoggerProvider({
      resource,
      processors: [new BatchLogRecordProcessor({ exporter })],
    });
    const logger = provider.getLogger("test");
    for (let index = 0; index < 50; index += 1) {
      logger.emit({
        severityNumber: index < 5 ? SeverityNumber.ERROR : SeverityNumber.INFO,
        body: `line ${index}`,
      });
    }
    await provider.shutdown();
    expect(observer.told).toHaveLength(50);
    const severities = observer.told.map(
      (told) => told.told === "log" && "severity" in told.view && told.view.severity,
    );
    expect(severities.filter((severity) => severity === 17)).toHaveLength(5);
    if (format === "protobuf") expect(observer.told).toEqual(oracle);
  });
});
