import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

/** What one process of a service does before it ends. */
export interface SdkService {
  readonly otlpUrl: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly requests: number;
  /** So many of the requests, the first ones, fail. */
  readonly failures: number;
}

const spansEachExport = 100;

/**
 * A service with the official SDK and its protobuf exporters: each request is a server span, a value of
 * http.server.request.duration, one `orders` and a log record in its trace. Resolves once the receiver has taken everything.
 */
export async function serveRequests({ otlpUrl, resource, requests, failures }: SdkService): Promise<void> {
  const shared = { resource: resourceFromAttributes(resource) };
  const to = (path: string): { readonly url: string } => ({ url: `${otlpUrl}/v1/${path}` });
  const spans = new NodeTracerProvider({
    ...shared,
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter(to("traces")), {
        maxExportBatchSize: spansEachExport,
        maxQueueSize: requests,
      }),
    ],
  });
  const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(to("metrics")) });
  const metrics = new MeterProvider({ ...shared, readers: [reader] });
  const exporter = new OTLPLogExporter(to("logs"));
  const logs = new LoggerProvider({
    ...shared,
    processors: [new BatchLogRecordProcessor({ exporter, maxQueueSize: requests })],
  });
  const duration = metrics.getMeter("test").createHistogram("http.server.request.duration", { unit: "s" });
  const orders = metrics.getMeter("test").createCounter("orders");
  for (let index = 0; index < requests; index += 1) {
    const failed = index < failures;
    const attributes = { "http.route": "/pay", "http.response.status_code": failed ? 500 : 200 };
    const span = spans.getTracer("test").startSpan("POST /pay", {
      kind: SpanKind.SERVER,
      attributes: { "http.request.method": "POST", ...attributes },
    });
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR });
    duration.record(0.02, { "http.request.method": "POST", ...attributes });
    orders.add(1);
    logs.getLogger("test").emit({
      severityNumber: failed ? SeverityNumber.ERROR : SeverityNumber.INFO,
      body: failed ? "payment refused" : "payment taken",
      context: trace.setSpan(context.active(), span),
    });
    span.end();
  }
  await Promise.all([spans.shutdown(), metrics.shutdown(), logs.shutdown()]);
}
