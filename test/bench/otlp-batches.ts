import type { Signal } from "#ingest/otlp/schema.ts";
import type { PlainMessage, PlainValue } from "#test/support/otlp-oracle.ts";
import { seededRandom } from "#test/support/random.ts";

/** The instant of the first record; batch n + 1 holds what happened right after batch n. */
export const firstInstant = 1_790_000_000_000;
export const batchEveryMs = 100;

const services = ["cart", "checkout", "payment", "catalog", "shipping", "email", "search", "gateway"];
const instancesEach = 5;
const resourcesEach = 10;
const spansEach = 350;
const pointsEach = 420;
const logsEach = 350;
const verbs = ["GET", "POST", "PUT", "DELETE"];
/** Operations of a service: each route has one verb. */
const routes = Array.from({ length: 16 }, (_, n) => `/api/v1/things/${n}/{id}`);
const statuses = [200, 201, 400, 404, 409, 500, 503];
const agents = [
  "okhttp/4.12.0",
  "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0",
  "curl/8.9.1",
];
const sentences = [
  "payment gateway answered within its time limit, order is kept for settlement",
  "cache miss for the catalogue page, the store was asked instead of it",
  "connection to the queue was lost, the next attempt follows in a moment",
];

const serverKind = 2;
const clientKind = 3;

type Random = () => number;

/**
 * One request of a signal: ten resources, about 3,500 spans, 4,200 points or 3,500 records. The same index gives the same batch.
 * Half of the spans are calls, and most of the others have one of them, of another service, as their parent.
 */
export function otlpBatch(signal: Signal, index: number): PlainMessage {
  const random = seededRandom(index * 3 + { traces: 1, metrics: 2, logs: 3 }[signal]).next;
  const at = firstInstant + index * batchEveryMs;
  let callers: readonly PlainMessage[] = [];
  const groups = Array.from({ length: resourcesEach }, (_, n) => {
    const resource = resourceOf(index * resourcesEach + n);
    const scope = { name: "io.opentelemetry.instrumentation.http", version: "2.9.0" };
    switch (signal) {
      case "traces": {
        const waiting = [...callers];
        const spans = times(spansEach, () => span(random, at, waiting));
        callers = spans.filter(({ kind }) => kind === clientKind);
        return { resource, scopeSpans: [{ scope, spans }] };
      }
      case "metrics":
        return { resource, scopeMetrics: [{ scope, metrics: metrics(random, at) }] };
      case "logs":
        return { resource, scopeLogs: [{ scope, logRecords: times(logsEach, () => log(random, at)) }] };
    }
  });
  return { [{ traces: "resourceSpans", metrics: "resourceMetrics", logs: "resourceLogs" }[signal]]: groups };
}

/** Records of one signal in a request. */
export function recordsOf(signal: Signal): number {
  return resourcesEach * { traces: spansEach, metrics: pointsEach, logs: logsEach }[signal];
}

function resourceOf(n: number): PlainMessage {
  const service = services[n % services.length] ?? "";
  const instance = Math.floor(n / services.length) % instancesEach;
  const version = instance === 0 ? "1.5.0" : "1.4.2";
  return {
    attributes: [
      text("service.name", service),
      text("service.namespace", "shop"),
      text("service.version", version),
      text("service.instance.id", `${service}-${version}-${instance}`),
      text("deployment.environment.name", "production"),
      text("k8s.pod.name", `${service}-7d9c6b5f4-x${instance}k2p`),
      text("k8s.pod.start_time", "2026-09-21T10:00:00Z"),
      text("telemetry.sdk.language", "java"),
    ],
  };
}

/** A served request, whose caller is taken from those that still wait, or a call. */
function span(random: Random, at: number, callers: PlainMessage[]): PlainMessage {
  const served = random() < 0.5;
  const failed = random() < 0.01;
  const place = Math.floor(random() * routes.length);
  const verb = verbs[place % verbs.length] ?? "";
  const route = routes[place] ?? "";
  const startMs = at + random() * batchEveryMs;
  const attributes = [
    text("http.request.method", verb),
    text("url.scheme", "https"),
    text("server.address", "shop.example.net"),
    integer("server.port", 8443),
    integer("http.response.status_code", failed ? 503 : 200),
    text("network.protocol.version", "1.1"),
  ];
  if (served)
    attributes.push(
      text("http.route", route),
      text("url.path", `/api/v1/things/${route.length}/${Math.floor(random() * 1e6)}`),
      text("user_agent.original", pick(agents, random)),
      text("client.address", `10.3.${Math.floor(random() * 256)}.${Math.floor(random() * 256)}`),
    );
  const caller = served ? callers.pop() : undefined;
  return {
    traceId: caller?.["traceId"] ?? bytes(16, random),
    spanId: bytes(8, random),
    parentSpanId: caller?.["spanId"] ?? bytes(8, random),
    name: served ? `${verb} ${route}` : verb,
    kind: served ? serverKind : clientKind,
    startTimeUnixNano: nanos(startMs),
    endTimeUnixNano: nanos(startMs + Math.exp(3 + normal(random))),
    attributes,
    ...(failed ? { status: { code: 2 }, events: [failure(startMs)] } : {}),
  };
}

function failure(at: number): PlainMessage {
  return {
    timeUnixNano: nanos(at),
    name: "exception",
    attributes: [
      text("exception.type", "java.net.SocketTimeoutException"),
      text("exception.message", "timed out"),
    ],
  };
}

/** 420 points: 105 each of gauge, sum, explicit histogram (a request duration) and exponential histogram. */
function metrics(random: Random, at: number): readonly PlainMessage[] {
  const shared = (n: number): Record<string, PlainValue> => ({
    startTimeUnixNano: nanos(firstInstant - 60_000),
    timeUnixNano: nanos(at),
    attributes: [
      text("http.request.method", verbs[n % verbs.length] ?? ""),
      text("http.route", routes[n % routes.length] ?? ""),
      integer("http.response.status_code", statuses[Math.floor(n / routes.length)] ?? 200),
    ],
  });
  const each = pointsEach / 4;
  const age = (at - firstInstant) / batchEveryMs + 1;
  const count = (n: number): number => Math.floor(age * (10 + (n % 7)));
  const buckets = (n: number, length: number): readonly bigint[] =>
    times(length, (place) => BigInt(Math.floor((count(n) * ((place * 7) % 11)) / 11)));
  const total = (list: readonly bigint[]): bigint => list.reduce((sum, value) => sum + value, 0n);
  const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
  return [
    {
      name: "jvm.memory.used",
      unit: "By",
      gauge: { dataPoints: times(each, (n) => ({ ...shared(n), asDouble: random() * 1e9 })) },
    },
    {
      name: "shop.orders",
      unit: "{order}",
      sum: {
        aggregationTemporality: 2,
        isMonotonic: true,
        dataPoints: times(each, (n) => ({ ...shared(n), asInt: BigInt(count(n)) })),
      },
    },
    {
      name: "http.server.request.duration",
      unit: "s",
      histogram: {
        aggregationTemporality: 2,
        dataPoints: times(each, (n) => {
          const bucketCounts = buckets(n, bounds.length + 1);
          const sum = count(n) * 0.05;
          return { ...shared(n), count: total(bucketCounts), sum, explicitBounds: bounds, bucketCounts };
        }),
      },
    },
    {
      name: "rpc.server.duration",
      unit: "ms",
      exponentialHistogram: {
        aggregationTemporality: 2,
        dataPoints: times(each, (n) => {
          const bucketCounts = buckets(n, 20);
          return {
            ...shared(n),
            ...{ count: total(bucketCounts), sum: count(n) * 50, scale: 3, zeroCount: 0n },
            positive: { offset: 20, bucketCounts },
          };
        }),
      },
    },
  ];
}

function log(random: Random, at: number): PlainMessage {
  const failed = random() < 0.02;
  const ms = at + random() * batchEveryMs;
  return {
    timeUnixNano: nanos(ms),
    observedTimeUnixNano: nanos(ms + 1),
    severityNumber: failed ? 17 : 9,
    severityText: failed ? "ERROR" : "INFO",
    body: { stringValue: `${pick(sentences, random)} (order ${Math.floor(random() * 1e8)})` },
    attributes: [
      text("log.logger", "com.example.shop.OrderPlacement"),
      text("thread.name", `http-nio-8443-exec-${Math.floor(random() * 200)}`),
      integer("thread.id", Math.floor(random() * 200)),
      text("customer.tier", random() < 0.1 ? "gold" : "standard"),
    ],
    traceId: bytes(16, random),
    spanId: bytes(8, random),
    flags: 1,
  };
}

function times<T>(count: number, make: (n: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}

function pick(list: readonly string[], random: Random): string {
  return list[Math.floor(random() * list.length)] ?? "";
}

function text(key: string, stringValue: string): PlainMessage {
  return { key, value: { stringValue } };
}

function integer(key: string, intValue: number): PlainMessage {
  return { key, value: { intValue: BigInt(intValue) } };
}

function bytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

function nanos(ms: number): bigint {
  return BigInt(Math.floor(ms * 1000)) * 1000n;
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
