import {
  type Context,
  context,
  type Histogram,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { type Logger, SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

/** Who sends: the resource attributes by which Haldane tells services, versions and instances apart. */
export interface Sender {
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly instance: string;
  readonly environment: string;
}

/** A served request, observed: `end` closes its span and counts it; `fail` also writes an ERROR log in its trace, `warn` a WARN log alone. */
export interface Observation {
  fail(message: string): void;
  warn(message: string): void;
  end(statusCode: number): void;
}

export interface Telemetry {
  observe(request: { readonly method: string; readonly route: string; readonly path: string }): Observation;
  /** Sends what is left and stops all three exporters. The process serves on, unseen. */
  stop(): Promise<void>;
}

const durationMetric = "http.server.request.duration";

/** Well above what one instance can produce between two exports at the demo's load: nothing is dropped. */
const queue = { maxQueueSize: 16_384, maxExportBatchSize: 4096 };

/**
 * Starts the official OpenTelemetry SDK for traces, metrics and logs, each exported over OTLP/HTTP protobuf.
 *
 * Server spans are made by hand with the attributes of the HTTP semantic conventions, so that `http.route` is always set.
 */
export function startTelemetry(sender: Sender, endpoint: string, exportIntervalMs: number): Telemetry {
  const resource = defaultResource().merge(
    resourceFromAttributes({
      "service.namespace": sender.namespace,
      "service.name": sender.name,
      "service.version": sender.version,
      "service.instance.id": sender.instance,
      "deployment.environment.name": sender.environment,
      "process.creation.time": new Date(Date.now() - process.uptime() * 1000).toISOString(),
    }),
  );
  const tracers = new NodeTracerProvider({
    resource,
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }), {
        ...queue,
        scheduledDelayMillis: exportIntervalMs,
      }),
    ],
  });
  const meters = new MeterProvider({
    resource,
    views: [{ instrumentName: durationMetric, aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    readers: [
      new PeriodicExportingMetricReader({
        exporter: new OTLPMetricExporter({ url: `${endpoint}/v1/metrics` }),
        exportIntervalMillis: exportIntervalMs,
        exportTimeoutMillis: exportIntervalMs,
      }),
    ],
  });
  const loggers = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${endpoint}/v1/logs` }),
        ...queue,
        scheduledDelayMillis: exportIntervalMs,
      }),
    ],
  });
  const tracer = tracers.getTracer("shop");
  const logger = loggers.getLogger("shop");
  const duration = meters.getMeter("shop").createHistogram(durationMetric, { unit: "s" });
  return {
    observe(request) {
      const attributes = { "http.request.method": request.method, "http.route": request.route };
      const span = tracer.startSpan(`${request.method} ${request.route}`, {
        kind: SpanKind.SERVER,
        attributes: { ...attributes, "url.path": request.path, "url.scheme": "http" },
      });
      return observation({ span, duration, logger, attributes, started: performance.now() });
    },
    async stop() {
      await Promise.allSettled([tracers.shutdown(), meters.shutdown(), loggers.shutdown()]);
    },
  };
}

function observation(parts: {
  readonly span: Span;
  readonly duration: Histogram;
  readonly logger: Logger;
  readonly attributes: Readonly<Record<string, string>>;
  readonly started: number;
}): Observation {
  const { span, duration, logger } = parts;
  const inTrace: Context = trace.setSpan(context.active(), span);
  return {
    fail(message) {
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      const body = `${parts.attributes["http.route"] ?? ""} failed: ${message}`;
      logger.emit({ severityNumber: SeverityNumber.ERROR, severityText: "ERROR", body, context: inTrace });
    },
    warn(body) {
      logger.emit({ severityNumber: SeverityNumber.WARN, severityText: "WARN", body, context: inTrace });
    },
    end(statusCode) {
      const failed = statusCode >= 500 ? { "error.type": String(statusCode) } : {};
      span.setAttributes({ "http.response.status_code": statusCode, ...failed });
      span.end();
      const seconds = (performance.now() - parts.started) / 1000;
      duration.record(
        seconds,
        { ...parts.attributes, "http.response.status_code": statusCode, ...failed },
        inTrace,
      );
    },
  };
}
