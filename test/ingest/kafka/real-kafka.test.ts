import kafkajs from "kafkajs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SourceTopic } from "#ingest/kafka/kafka-source.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";
import { exportBody } from "#test/support/export-body.ts";
import { connectPeer, type KafkaPeer } from "#test/support/kafka-producer.ts";
import { until } from "#test/support/listening.ts";
import { startReading, type Reading } from "#test/support/reading-rig.ts";
import { openRealKafka, skipsKafka, type RealKafka } from "#test/support/real-kafka.ts";
import { openStore } from "#test/support/stored-counts.ts";

const { CompressionCodecs, CompressionTypes } = kafkajs;
const limits = { lookMs: 200, retryMs: 50, longestRetryMs: 200, waitMs: 50 };

/** One snappy block that is all literal: what a sender without a dictionary would write. */
function snappyLiteral(bytes: Buffer): Buffer {
  const head: number[] = [];
  for (let rest = bytes.length; ; rest >>>= 7) {
    head.push(rest > 127 ? (rest & 127) | 128 : rest);
    if (rest <= 127) break;
  }
  const last = bytes.length - 1;
  return Buffer.concat([Buffer.from([...head, 61 << 2, last & 255, last >>> 8]), bytes]);
}

describe.skipIf(skipsKafka("reading telemetry"))("reading from a real Kafka", () => {
  let kafka: RealKafka;
  let producer: KafkaPeer["producer"];
  let admin: KafkaPeer["admin"];
  let peer: KafkaPeer;
  let store: Telemetry;
  const readings: Reading[] = [];

  beforeAll(async () => {
    kafka = await openRealKafka({ autoCreateTopics: false });
    peer = await connectPeer(kafka.broker);
    ({ producer, admin } = peer);
  }, 120_000);
  afterAll(async () => {
    await peer.close();
    await kafka.close();
  });
  afterEach(async () => {
    await Promise.all(readings.splice(0).map(({ source }) => source.stop()));
    store.close();
  });

  function read(topics: readonly SourceTopic[], initialOffset: "latest" | "earliest" = "earliest"): Reading {
    const reading = startReading(store, { brokers: [kafka.broker], topics, initialOffset, limits });
    readings.push(reading);
    return reading;
  }

  async function create(topic: string, numPartitions = 1): Promise<SourceTopic> {
    await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
    return { topic, signal: "traces", format: "protobuf" };
  }

  function spans(records: number, version = "1.0.0"): { value: Buffer } {
    return { value: exportBody("traces", "otlp_proto", { version, records, at: Date.now() }) };
  }

  async function untilCounted(reading: Reading, counts: Readonly<Record<string, number>>): Promise<void> {
    await until(() => JSON.stringify(reading.counts()) === JSON.stringify(counts));
  }

  test("every signal in either encoding, gzip or plain, is counted exactly, over several partitions", async () => {
    store = openStore();
    const topics: SourceTopic[] = [];
    const signals = ["traces", "metrics", "logs"] as const;
    for (const signal of signals) {
      for (const encoding of ["otlp_proto", "otlp_json"] as const) {
        const { topic } = await create(`${signal}-${encoding}`, 3);
        topics.push({ topic, signal, format: encoding === "otlp_json" ? "json" : "protobuf" });
        const version = encoding === "otlp_json" ? "2.0.0" : "1.0.0";
        const messages = Array.from({ length: 20 }, (_, n) => ({
          partition: n % 3,
          value: exportBody(signal, encoding, { version, records: n + 1, at: Date.now() + n }),
        }));
        const compression = signal === "logs" ? CompressionTypes.None : CompressionTypes.GZIP;
        await producer.send({ topic, messages, compression });
      }
    }
    const reading = read(topics);
    const total = 210;
    const each = { metrics: total, spans: total, logs: total };
    const expected = Object.fromEntries(
      ["1.0.0", "2.0.0"].flatMap((version) =>
        Object.entries(each).map(([kind, count]) => [`${version} ${kind}`, count]),
      ),
    );
    await until(() => Object.values(reading.counts()).reduce((sum, count) => sum + count, 0) >= 6 * total);
    expect(reading.counts()).toStrictEqual(expected);
    expect(Object.fromEntries(reading.source.counters.messages)).toStrictEqual(
      Object.fromEntries(topics.map(({ topic }) => [topic, 20])),
    );
    await until(() => reading.source.counters.lag().length === 18);
    expect(reading.source.counters.lag().every(({ messages }) => messages === 0)).toBe(true);
    expect(reading.source.state().reading).toBe(true);
  });

  test("started again it takes nothing twice, although the broker remembers another offset or none", async () => {
    store = openStore();
    const topic = await create("again");
    await producer.send({ topic: "again", messages: [spans(3), spans(4)] });
    const first = read([topic]);
    await untilCounted(first, { "1.0.0 spans": 7 });
    await first.source.stop();
    await admin.setOffsets({ groupId: "test", topic: "again", partitions: [{ partition: 0, offset: "0" }] });
    await producer.send({ topic: "again", messages: [spans(5)] });
    const second = read([topic]);
    await untilCounted(second, { "1.0.0 spans": 12 });
    await second.source.stop();
    await admin.deleteGroups(["test"]);
    const third = read([topic], "latest");
    await producer.send({ topic: "again", messages: [spans(6)] });
    await untilCounted(third, { "1.0.0 spans": 18 });
    expect([second, third].map(({ source }) => source.counters.messages.get("again"))).toStrictEqual([1, 1]);
    const group = await admin.fetchOffsets({ groupId: "test", topics: ["again"] });
    expect(group[0]?.partitions.map(({ offset }) => offset)).not.toContain("0");
  });

  test("what comes while it is down is read, also where it had read nothing before", async () => {
    store = openStore();
    const topic = await create("empty");
    await producer.send({ topic: "empty", messages: [spans(1)] });
    const first = read([topic], "latest");
    await until(() => first.source.state().reading);
    await first.source.stop();
    await producer.send({ topic: "empty", messages: [spans(2)] });
    await untilCounted(read([topic], "latest"), { "1.0.0 spans": 2 });
  });

  test("a message that does not decode is skipped, told with its offset, and stops nothing", async () => {
    store = openStore();
    const topic = await create("poison");
    const half = spans(2).value.subarray(0, -5);
    const messages = [spans(1), { value: half }, { value: null }, { value: "{}" }, spans(3)];
    await producer.send({ topic: "poison", messages });
    const reading = read([topic]);
    await untilCounted(reading, { "1.0.0 spans": 4 });
    expect(Object.fromEntries(reading.source.counters.skipped)).toStrictEqual({
      "poison malformed": 2,
      "poison empty": 1,
    });
    expect(reading.said.filter(({ level }) => level === "warn")).toMatchObject([
      { topic: "poison", partition: 0, offset: 1, reason: "malformed", count: 2 },
      { topic: "poison", partition: 0, offset: 2, reason: "empty", count: 1 },
    ]);
  });

  test(
    "a broker that goes away and comes back is read on, each message once",
    { timeout: 90_000 },
    async () => {
      store = openStore();
      const topic = await create("restart");
      await producer.send({ topic: "restart", messages: [spans(1)] });
      const reading = read([topic]);
      await untilCounted(reading, { "1.0.0 spans": 1 });
      await kafka.stop("SIGKILL");
      await until(() => !reading.source.state().reading);
      expect(reading.source.state().detail).toContain("cannot be read");
      await kafka.start();
      await producer.send({ topic: "restart", messages: [spans(2)] });
      await untilCounted(reading, { "1.0.0 spans": 3 });
      expect(reading.source.counters.failures).toBeGreaterThan(0);
    },
  );

  test("topics that are not there yet are waited for, and read from their beginning", async () => {
    store = openStore();
    const topic = await create("early");
    const late: SourceTopic = { topic: "later", signal: "traces", format: "protobuf" };
    const reading = read([topic, late], "latest");
    await until(() => reading.source.state().detail.includes("not there yet: later"));
    await create("later");
    await producer.send({ topic: "later", messages: [spans(5)] });
    await untilCounted(reading, { "1.0.0 spans": 5 });
  });

  test("a codec that can not be read is named, with what is to be done, and nothing is lost", async () => {
    store = openStore();
    const topic = await create("packed");
    CompressionCodecs[CompressionTypes.Snappy] = () => ({
      compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(snappyLiteral(buffer)),
    });
    await producer.send({ topic: "packed", messages: [spans(1)], compression: CompressionTypes.Snappy });
    const reading = read([topic]);
    await until(() => reading.source.counters.failures > 1);
    expect(reading.said.filter(({ level }) => level === "warn")[0]).toMatchObject({
      topics: ["packed"],
      error: expect.stringContaining("compressed with snappy, which can not be read") as string,
    });
    expect(store.writer.offsets()).toStrictEqual([
      { source: "test", topic: "packed", partition: 0, next: 0 },
    ]);
  });

  test("a topic that was made anew under its name is read from its beginning, which is told", async () => {
    store = openStore();
    const topic = await create("anew");
    await producer.send({ topic: "anew", messages: [spans(1), spans(1), spans(1)] });
    const first = read([topic]);
    await untilCounted(first, { "1.0.0 spans": 3 });
    await first.source.stop();
    await admin.deleteTopics({ topics: ["anew"] });
    await create("anew");
    await producer.send({ topic: "anew", messages: [spans(4)] });
    const second = read([topic]);
    await untilCounted(second, { "1.0.0 spans": 7 });
    expect(second.said.some(({ message }) => message.includes("taken for a new one"))).toBe(true);
  });
});
