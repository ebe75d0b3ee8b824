import { createServer } from "node:http";
import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";

/**
 * The smallest service that Haldane can judge: one route, traced by the official SDK. docs/quickstart.md walks through it.
 * VERSION, PORT and FAIL (the share of requests that fail) come from the environment, and so does
 * OTEL_EXPORTER_OTLP_ENDPOINT, which the exporter reads itself; it is http://localhost:4318 by default.
 */
const version = process.env["VERSION"] ?? "v1";
const failing = Number(process.env["FAIL"] ?? "0");

const provider = new NodeTracerProvider({
  // Who sends: these five are all that Haldane needs to tell a canary from its baseline.
  resource: resourceFromAttributes({
    "service.namespace": "quickstart",
    "service.name": "hello",
    "service.version": version,
    "service.instance.id": `hello-${version}-${process.pid}`,
    "deployment.environment.name": "local",
  }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: 1000 })],
});
const tracer = provider.getTracer("hello");

const server = createServer((_request, response) => {
  const attributes = { "http.request.method": "GET", "http.route": "/hello" };
  const span = tracer.startSpan("GET /hello", { kind: SpanKind.SERVER, attributes });
  const status = Math.random() < failing ? 500 : 200;
  if (status === 500) span.setStatus({ code: SpanStatusCode.ERROR });
  response.writeHead(status).end(`hello from ${version}\n`);
  span.setAttribute("http.response.status_code", status);
  span.end();
});

server.listen(Number(process.env["PORT"] ?? "3000"), "127.0.0.1", () => {
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : "?";
  process.stdout.write(`${version} on http://127.0.0.1:${port}/hello\n`);
});

process.once("SIGTERM", () => {
  void provider.shutdown().finally(() => process.exit(0));
});
