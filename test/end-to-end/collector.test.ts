import { request as httpRequest, type ClientRequest } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import protobuf from "protobufjs";
import { afterEach, describe, expect, test } from "vitest";
import { arrivedIn, untilArrived, type Arrived } from "#test/support/arrived.ts";
import { builtCollector } from "#test/support/built-collector.ts";
import { configOfPage, receiverPorts } from "#test/support/collector-page.ts";
import { until } from "#test/support/listening.ts";
import { startOtlpSink, type OtlpSink } from "#test/support/otlp-sink.ts";
import { startOtlpTap, type OtlpTap } from "#test/support/otlp-tap.ts";
import { startCollector, type RealCollector } from "#test/support/real-collector.ts";
import { openRealKafka, skipsKafka } from "#test/support/real-kafka.ts";
import { serveRequests } from "#test/support/sdk-sender.ts";
import { endServed, serveFiles, startServed, type Served, type ServeFiles } from "#test/support/served.ts";

const binary = await builtCollector();

/** The rest of a configuration, under which the counter of the senders is kept. */
const bound = `bindings: [{ service: pay, policy: counting }]
---
apiVersion: haldane/v1
kind: Policy
name: counting
metrics: [{ kind: counter, name: orders }]
`;
const configuration = (limits: string): string =>
  `apiVersion: haldane/v1\nkind: Configuration\nlimits: ${limits}\n${bound}`;

/** Retries at once instead of after seconds. */
const hasty = `exporters: { otlp_http/haldane: { retry_on_failure: { initial_interval: 50ms } } }`;

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

interface Chain {
  readonly collector: RealCollector;
  readonly tap: OtlpTap;
  readonly served: Served;
  readonly files: ServeFiles;
  readonly backend: OtlpSink;
}

/** The page's Collector between senders, a back end and a real Haldane with a tap before it. */
async function openChain(limits = "{}"): Promise<Chain> {
  const files = await serveFiles(configuration(limits), {});
  const served = await startServed(files);
  opened.push(() => endServed(served, "SIGKILL"));
  const tap = await startOtlpTap(served.otlpUrl);
  opened.push(() => tap.close());
  const backend = await startOtlpSink();
  opened.push(() => backend.close());
  const collector = await startCollector({
    binary: binary!,
    configs: [
      configOfPage("existing.yaml", { ...receiverPorts, "http://backend:4318": backend.url }),
      configOfPage("to-haldane.yaml", { "http://haldane:4318": tap.url }),
      hasty,
    ],
  });
  opened.push(() => collector.stop());
  return { collector, tap, served, files, backend };
}

const resource = (version: string) => ({
  "service.name": "pay",
  "service.version": version,
  "service.instance.id": `${version}-0`,
});

async function sendBoth(otlpUrl: string): Promise<void> {
  await Promise.all([
    serveRequests({ otlpUrl, resource: resource("1.0.0"), requests: 700, failures: 3 }),
    serveRequests({ otlpUrl, resource: resource("2.0.0"), requests: 300, failures: 40 }),
  ]);
}

const expected: Readonly<Record<string, Arrived>> = {
  "1.0.0": {
    ...{ spans: 700, failedSpans: 3, measured: 700, logRecords: 700, errorTraces: 3 },
    counters: { orders: 700 },
  },
  "2.0.0": {
    ...{ spans: 300, failedSpans: 40, measured: 300, logRecords: 300, errorTraces: 40 },
    counters: { orders: 300 },
  },
};

function isAll(arrived: Readonly<Record<string, Arrived>>): boolean {
  return Object.entries(expected).every(([version, all]) => {
    const some = arrived[version];
    return some?.spans === all.spans && some.measured === all.measured && some.logRecords === all.logRecords;
  });
}

/** Waits for everything, ends the Collector and Haldane, and tells what is on disk: nothing more may have come. */
async function finallyArrived({ collector, served, files }: Chain): Promise<unknown> {
  await untilArrived(files.data, isAll);
  expect(await collector.stop()).toBe(0);
  expect(await endServed(served, "SIGTERM")).toBe(0);
  return arrivedIn(files.data);
}

/** Numbers of the fields of a message, in the order of its bytes. */
function fieldOrder(bytes: Uint8Array): readonly number[] {
  const reader = protobuf.Reader.create(bytes);
  const numbers: number[] = [];
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    numbers.push(tag >>> 3);
    reader.skipType(tag & 7);
  }
  return numbers;
}

/** The first ResourceSpans, ResourceMetrics or ResourceLogs of a body. */
function firstGroup(bytes: Uint8Array): Uint8Array {
  const reader = protobuf.Reader.create(bytes);
  reader.uint32();
  return reader.bytes();
}

/** Takes up the whole of Haldane's budget of bytes in flight, as a sender that is slow does. */
function sendSlowly(otlpUrl: string, bytes: number): ClientRequest {
  const request = httpRequest(`${otlpUrl}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/x-protobuf", "content-length": bytes },
  });
  request.on("error", () => undefined);
  request.flushHeaders();
  return request;
}

async function metricOf({ url }: Served, line: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(
    text
      .split("\n")
      .find((each) => each.startsWith(`${line} `))
      ?.split(" ")[1] ?? 0,
  );
}

describe.skipIf(binary === null)("the official SDK, a real Collector, a real Haldane", () => {
  test("every span, point and log record is counted once, in the Collector's order of fields", async () => {
    const chain = await openChain();
    await sendBoth(chain.collector.otlpUrl);
    expect(await finallyArrived(chain)).toEqual(expected);
    const orders = chain.tap.bodies.map(({ path, bytes }) => [path, fieldOrder(firstGroup(bytes))] as const);
    expect(new Set(orders.map(([path]) => path))).toEqual(new Set(["/v1/traces", "/v1/metrics", "/v1/logs"]));
    // Resource last: field 1 after the scopes, which are field 2.
    for (const [, order] of orders) expect([...order].sort((a, b) => b - a)).toEqual(order);
    expect(orders.every(([, order]) => order.at(-1) === 1 && order.includes(2))).toBe(true);
    expect([chain.backend.spans.length, chain.backend.logs.length]).toEqual([1000, 1000]);
  });

  test("senders of gRPC are counted as well", async () => {
    const chain = await openChain();
    const sender = await startCollector({
      binary: binary!,
      configs: [
        `receivers: { otlp: { protocols: { http: { endpoint: "127.0.0.1:\${env:OTLP_HTTP_PORT}" } } } }
exporters: { otlp_grpc: { endpoint: "${chain.collector.grpcAddress}", tls: { insecure: true } } }
service:
  pipelines:
    traces: { receivers: [otlp], exporters: [otlp_grpc] }
    metrics: { receivers: [otlp], exporters: [otlp_grpc] }
    logs: { receivers: [otlp], exporters: [otlp_grpc] }`,
      ],
    });
    opened.push(() => sender.stop());
    await sendBoth(sender.otlpUrl);
    expect(await finallyArrived(chain)).toEqual(expected);
  });

  test("a Haldane that has too much in hand answers 503, and gets everything later", async () => {
    const chain = await openChain("{ bytesInFlight: 65536 }");
    const slow = sendSlowly(chain.served.otlpUrl, 65_500);
    while ((await metricOf(chain.served, "haldane_otlp_bytes_in_flight")) === 0) await wait(10);
    await sendBoth(chain.collector.otlpUrl);
    const refused = 'haldane_otlp_refused_total{limit="bytesInFlight"}';
    while ((await metricOf(chain.served, refused)) < 3) await wait(50);
    expect(arrivedIn(chain.files.data)).toEqual({});
    slow.destroy();
    expect(await finallyArrived(chain)).toEqual(expected);
  });

  test("an answer that is lost on its way is asked for again, and nothing is counted twice", async () => {
    const chain = await openChain();
    chain.tap.loseAnswers(2);
    await sendBoth(chain.collector.otlpUrl);
    const { bodies } = chain.tap;
    const different = (): number =>
      new Set(bodies.map(({ bytes }) => Buffer.from(bytes).toString("base64"))).size;
    await until(() => bodies.length - different() === 2);
    expect(await finallyArrived(chain)).toEqual(expected);
  });
});

describe.skipIf(binary === null || skipsKafka("a Collector that writes to Kafka"))(
  "the official SDK, a real Collector, a real Kafka, a real Haldane",
  () => {
    test.each(["otlp_proto", "otlp_json"])(
      "every span, point and log record is counted once, as %s",
      { timeout: 240_000 },
      async (encoding) => {
        const kafka = await openRealKafka();
        opened.push(() => kafka.close());
        const addresses = { "kafka:9092": kafka.broker, otlp_proto: encoding };
        const collector = await startCollector({
          binary: binary!,
          configs: [configOfPage("existing.yaml", receiverPorts), configOfPage("to-kafka.yaml", addresses)],
        });
        opened.push(() => collector.stop());
        await sendBoth(collector.otlpUrl);
        expect(await collector.stop()).toBe(0);
        const begin = { "name: telemetry": "name: telemetry\n    initialOffset: earliest" };
        const source = configOfPage("haldane.yaml", { ...addresses, ...begin });
        const files = await serveFiles(`${source}${bound}`, {});
        const served = await startServed(files);
        opened.push(() => endServed(served, "SIGKILL"));
        await untilArrived(files.data, isAll);
        expect(await endServed(served, "SIGTERM")).toBe(0);
        expect(arrivedIn(files.data)).toEqual(expected);
      },
    );
  },
);

describe.skipIf(binary === null)("a Haldane that is down, with its queue full", () => {
  // Room for one of the batches, of which ten come.
  const small = `processors: { batch/haldane: { send_batch_size: 100, send_batch_max_size: 100 } }
exporters: { otlp_http/haldane: { sending_queue: { queue_size: 150, num_consumers: 1 } } }`;
  const direct = ["traces", "metrics", "logs"].map((signal) => `${signal}/haldane: { processors: [] }`);
  const unbatched = `service: { pipelines: { ${direct.join(", ")} } }`;

  /** How many spans the back end got of 1,000, and whether a sender was refused. */
  async function sentWith(changes: readonly string[]): Promise<{ spans: number; refused: boolean }> {
    const backend = await startOtlpSink();
    opened.push(() => backend.close());
    const collector = await startCollector({
      binary: binary!,
      configs: [
        configOfPage("existing.yaml", { ...receiverPorts, "http://backend:4318": backend.url }),
        configOfPage("to-haldane.yaml", { "http://haldane:4318": "http://127.0.0.1:9" }),
        ...changes,
      ],
    });
    opened.push(() => collector.stop());
    const refused = await sendBoth(collector.otlpUrl).then(
      () => false,
      () => true,
    );
    await collector.stop();
    expect(collector.log()).toContain("sending queue is full");
    return { spans: backend.spans.length, refused };
  }

  test("costs the back end and the senders nothing", { timeout: 120_000 }, async () => {
    expect(await sentWith([small])).toEqual({ spans: 1000, refused: false });
  });

  test("would cost them without a batch of its own", { timeout: 120_000 }, async () => {
    const { spans, refused } = await sentWith([small, unbatched]);
    expect([spans > 1000, refused]).toEqual([true, true]);
  });
});
