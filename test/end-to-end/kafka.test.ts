import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { arrivedIn, untilArrived } from "#test/support/arrived.ts";
import { exportBody } from "#test/support/export-body.ts";
import { connectPeer, type KafkaPeer } from "#test/support/kafka-producer.ts";
import { seededRandom } from "#test/support/random.ts";
import { openRealKafka, skipsKafka, type RealKafka } from "#test/support/real-kafka.ts";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";

const kills = 20;

function configuration(broker: string, session = "1s"): string {
  return `apiVersion: haldane/v1
kind: Configuration
sources:
  - kind: kafka
    name: main
    brokers: ["${broker}"]
    metrics: null
    logs: { encoding: otlp_json }
    initialOffset: earliest
    session: ${session}
`;
}

/** The sum of a figure over its labels; 0 where it is not there. */
async function figure(served: Served, name: string): Promise<number> {
  const text = await (await fetch(`${served.url}/metrics`)).text();
  const rows = text.split("\n").filter((line) => line.startsWith(`${name}{`));
  return rows.reduce((sum, row) => sum + Number(row.split(" ").at(-1)), 0);
}

async function untilFigure(served: Served, name: string, holds: (value: number) => boolean): Promise<void> {
  while (!holds(await figure(served, name))) await wait(20);
}

async function readiness(served: Served): Promise<{ status: number; text: string }> {
  const response = await fetch(`${served.url}/readyz?verbose`);
  return { status: response.status, text: await response.text() };
}

describe.skipIf(skipsKafka("a process that reads telemetry"))(
  "serve, a real process with a real Kafka",
  () => {
    let kafka: RealKafka;
    let peer: KafkaPeer;
    let served: Served | null = null;

    beforeAll(async () => {
      kafka = await openRealKafka({ autoCreateTopics: false });
      peer = await connectPeer(kafka.broker);
      const topics = ["otlp_spans", "otlp_logs"].map((topic) => ({ topic, numPartitions: 3 }));
      await peer.admin.createTopics({ topics, waitForLeaders: true });
    }, 120_000);
    afterEach(async () => {
      if (served !== null) await endServed(served, "SIGKILL");
      served = null;
    });
    afterAll(async () => {
      await peer.close();
      await kafka.close();
    });

    async function produce(n: number, version: string, records: number): Promise<void> {
      const about = { version, records, at: Date.now() };
      const [topic, value] =
        n % 2 === 0
          ? ["otlp_spans", exportBody("traces", "otlp_proto", about)]
          : ["otlp_logs", exportBody("logs", "otlp_json", about)];
      await peer.producer.send({ topic, messages: [{ partition: n % 3, value }] });
    }

    test(
      `killed ${kills} times while it reads, it loses nothing and counts nothing twice`,
      { timeout: 400_000 },
      async () => {
        const files = await serveFiles(configuration(kafka.broker), {});
        const random = seededRandom(7).next;
        const produced = { spans: 0, logRecords: 0 };
        const enough = new AbortController();
        const producer = (async () => {
          for (let n = 0; !enough.signal.aborted; n += 1) {
            const records = 1 + (n % 5);
            await produce(n, "1.0.0", records);
            produced[n % 2 === 0 ? "spans" : "logRecords"] += records;
            await wait(5);
          }
        })();
        for (let kill = 0; kill < kills; kill += 1) {
          served = await startServed(files);
          await untilFigure(served, "haldane_source_messages_total", (read) => read > 0);
          await wait(random() * 100);
          await endServed(served, "SIGKILL");
        }
        enough.abort();
        await producer;
        served = await startServed(files);
        await untilArrived(
          files.data,
          ({ "1.0.0": all }) =>
            (all?.spans ?? 0) >= produced.spans && (all?.logRecords ?? 0) >= produced.logRecords,
        );
        await untilFigure(served, "haldane_source_lag_messages", (lag) => lag === 0);
        expect(await endServed(served, "SIGTERM")).toBe(0);
        expect(produced.spans).toBeGreaterThan(kills);
        expect(arrivedIn(files.data)["1.0.0"]).toMatchObject(produced);
      },
    );

    test(
      "without its broker it serves, stays ready and says so; once the broker is there it reads",
      { timeout: 120_000 },
      async () => {
        await produce(0, "2.0.0", 3);
        await kafka.stop();
        const files = await serveFiles(configuration(kafka.broker), {});
        served = await startServed(files);
        await untilFigure(served, "haldane_source_failures_total", (failures) => failures > 0);
        const without = await readiness(served);
        expect(without.status).toBe(200);
        expect(without.text).toMatch(/source main: (cannot be read: .*ECONNREFUSED|connecting)/);
        expect(await figure(served, "haldane_source_reading")).toBe(0);
        await kafka.start();
        await untilArrived(files.data, ({ "2.0.0": all }) => (all?.spans ?? 0) >= 3);
        await untilFigure(served, "haldane_source_reading", (reading) => reading === 1);
        expect((await readiness(served)).text).toContain("source main: reading 6 partitions");
        expect(await endServed(served, "SIGTERM")).toBe(0);
        expect(arrivedIn(files.data)["2.0.0"]?.spans).toBe(3);
        expect(served.errors()).toContain('"msg":"Kafka cannot be read; it is tried again"');
      },
    );

    test(
      "asked to stop while its group still waits for the member that was killed, it ends without reading",
      { timeout: 120_000 },
      async () => {
        const files = await serveFiles(configuration(kafka.broker, "60s"), {});
        served = await startServed(files);
        await untilFigure(served, "haldane_source_reading", (reading) => reading === 1);
        await endServed(served, "SIGKILL");
        served = await startServed(files);
        await wait(500);
        expect(await figure(served, "haldane_source_reading")).toBe(0);
        expect(await endServed(served, "SIGTERM")).toBe(0);
      },
    );
  },
);
