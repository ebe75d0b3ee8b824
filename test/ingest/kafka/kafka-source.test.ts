import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { KafkaSourceOptions } from "#ingest/kafka/kafka-source.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";
import { exportBody } from "#test/support/export-body.ts";
import { FakeBroker } from "#test/support/fake-broker.ts";
import { until } from "#test/support/listening.ts";
import { startReading, type Reading } from "#test/support/reading-rig.ts";
import { openStore } from "#test/support/stored-counts.ts";

const topic = "otlp_spans";
const limits = { lookMs: 5, retryMs: 1, longestRetryMs: 8, closeMs: 50 };

function spans(records: number): Uint8Array {
  return exportBody("traces", "otlp_proto", { version: "1", records, at: Date.now() });
}

describe("a source that reads Kafka", () => {
  let broker: FakeBroker;
  let store: Telemetry;
  let reading: Reading | null = null;

  beforeEach(() => {
    broker = new FakeBroker();
    store = openStore();
  });
  afterEach(async () => {
    await reading?.source.stop();
    store.close();
  });

  function read(options: Partial<KafkaSourceOptions> = {}): Reading {
    const topics = [{ topic, signal: "traces" as const, format: "protobuf" as const }];
    const asked = { brokers: ["a:9092"], topics, initialOffset: "earliest" as const, limits, ...options };
    reading = startReading(store, asked, { connect: broker.connect });
    return reading;
  }

  async function untilSpans(count: number): Promise<void> {
    await until(() => (reading?.counts()["1 spans"] ?? 0) >= count);
    expect(reading?.counts()).toStrictEqual({ "1 spans": count });
  }

  test("partitions that are given out anew go on where the samples end", async () => {
    broker.append(topic, 0, spans(1), spans(2));
    broker.append(topic, 1, spans(3));
    const { source } = read();
    await untilSpans(6);
    broker.rebalance();
    broker.append(topic, 1, spans(4));
    await untilSpans(10);
    expect(source.counters.messages.get(topic)).toBe(4);
    expect(source.counters.skipped.size).toBe(0);
  });

  test("is read up to now while nothing waits, and up to the last such moment while the broker is away", async () => {
    broker.append(topic, 0, spans(1));
    const { source } = read();
    await untilSpans(1);
    await until(() => source.readUpTo(1000) === 1000);
    await source.stop();
    expect(source.readUpTo(9000)).toBe(1000);
  });

  test("messages that a broker gives again change nothing and are counted as redelivered", async () => {
    broker.append(topic, 0, spans(1), spans(2));
    const { source } = read();
    await untilSpans(3);
    broker.deliverAgain(0);
    broker.append(topic, 0, spans(4));
    await untilSpans(7);
    expect(Object.fromEntries(source.counters.skipped)).toStrictEqual({ [`${topic} redelivered`]: 2 });
  });

  test("what retention removed unread is counted and told, and reading goes on behind it", async () => {
    broker.append(topic, 0, spans(1));
    read();
    await untilSpans(1);
    await reading?.source.stop();
    broker.append(topic, 0, spans(1), spans(1), spans(5));
    broker.trim(topic, 0, 3);
    const { source, said } = read();
    await untilSpans(6);
    expect(source.counters.skipped.get(`${topic} removed`)).toBe(2);
    expect(said.find(({ level }) => level === "warn")).toMatchObject({
      topic,
      partition: 0,
      from: 1,
      lost: 2,
    });
  });

  test("the latest messages are where a new name begins; partitions and topics that come later are read whole", async () => {
    broker.append(topic, 0, spans(1));
    const later = { topic: "later", signal: "traces" as const, format: "protobuf" as const };
    const topics = [{ topic, signal: "traces" as const, format: "protobuf" as const }, later];
    read({ initialOffset: "latest", topics });
    await until(() => reading?.source.state().reading === true);
    broker.append(topic, 1, spans(2));
    await until(() => store.writer.offsets().length === 2);
    broker.rebalance();
    await untilSpans(2);
    broker.append("later", 0, spans(3));
    await untilSpans(5);
    expect(store.writer.offsets()).toStrictEqual([
      { source: "test", topic: "later", partition: 0, next: 1 },
      { source: "test", topic, partition: 0, next: 1 },
      { source: "test", topic, partition: 1, next: 1 },
    ]);
  });

  test("a topic that was made anew under its name is read from its beginning, which is told", async () => {
    broker.append(topic, 0, spans(1), spans(1), spans(1));
    read();
    await untilSpans(3);
    broker.deleteTopic(topic);
    broker.append(topic, 0, spans(4));
    await untilSpans(7);
    expect(store.writer.offsets()[0]?.next).toBe(1);
    expect(reading?.said.some(({ message }) => message.includes("taken for a new one"))).toBe(true);
  });

  test("only the partitions that it was given count as its lag and are committed", async () => {
    broker.given = [`${topic}/1`];
    broker.append(topic, 0, spans(1));
    broker.append(topic, 1, spans(2));
    const { source } = read();
    await untilSpans(2);
    await until(() => broker.committed.size > 0);
    expect([...broker.committed]).toStrictEqual([[`${topic}/1`, 1]]);
    expect(source.counters.lag()).toStrictEqual([{ topic, partition: 1, messages: 0 }]);
  });

  test("a broker that is down is tried again with longer waits up to the longest, and is told each time", async () => {
    broker.down = true;
    const { source, said } = read();
    await until(() => source.counters.failures >= 6);
    const waits = said.filter(({ level }) => level === "warn").map(({ retryInMs }) => retryInMs);
    expect(waits.slice(0, 6)).toStrictEqual([1, 1, 2, 4, 4, 4]);
    expect(source.state()).toMatchObject({ reading: false });
    expect(source.state().detail).toMatch(/nobody listens there|connecting again/);
    broker.down = false;
    broker.append(topic, 0, spans(1));
    await untilSpans(1);
    broker.cut("the session is over");
    broker.append(topic, 0, spans(2));
    await untilSpans(3);
    expect(said.find(({ error }) => error === "the session is over")).toMatchObject({ topics: [topic] });
  });

  test("a stop waits for what is being taken, but not for a broker that does not answer", async () => {
    broker.append(topic, 0, spans(1));
    const first = read();
    await until(() => first.source.state().reading);
    await first.source.stop();
    expect(first.counts()).toStrictEqual({ "1 spans": 1 });
    let dropped = 0;
    const stuck = startReading(
      store,
      { brokers: ["a:9092"], topics: [], initialOffset: "latest", limits: { ...limits, closeMs: 60_000 } },
      {
        connect: (settings) => ({
          ...broker.connect(settings),
          bounds: () => new Promise(() => undefined),
          drop: () => (dropped += 1),
        }),
      },
    );
    await stuck.source.stop();
    expect(dropped).toBe(1);
    expect(stuck.source.state().reading).toBe(false);
  });
});
