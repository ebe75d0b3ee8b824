import type { Source, TelemetryWriter } from "#engine/ports.ts";
import { createIntake } from "#ingest/intake.ts";
import type { ConnectBroker } from "#ingest/kafka/broker-client.ts";
import { KafkaSource, type KafkaSourceOptions } from "#ingest/kafka/kafka-source.ts";
import { connectKafkajs } from "#ingest/kafka/kafkajs-client.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";
import { accumulateOn } from "./stored-counts.ts";

/** A line of the log of a source. */
export interface Said {
  readonly level: "debug" | "info" | "warn";
  readonly message: string;
  readonly [key: string]: unknown;
}

/** A Kafka source on a store, through an intake of its own: what one process is to the log and to the disk. */
export interface Reading {
  readonly source: Source;
  readonly said: readonly Said[];
  /** What was written, by version: spans, requests that metrics counted, log records, late ones with the others. */
  counts(): Readonly<Record<string, number>>;
}

export function startReading(
  store: Telemetry,
  options: Omit<KafkaSourceOptions, "name" | "clientId" | "sessionMs" | "groupId">,
  parts: { readonly connect?: ConnectBroker; readonly writer?: TelemetryWriter } = {},
): Reading {
  const said: Said[] = [];
  const say =
    (level: Said["level"]) =>
    (about: object, message: string): void => {
      said.push({ level, message, ...about });
    };
  const writer = parts.writer ?? store.writer;
  const intake = createIntake({
    ...{ accumulate: accumulateOn(store).accumulate, writer, clock: { now: () => Date.now() } },
    failed: (error) => {
      say("warn")({ error }, "the store failed");
    },
    limits: { flushMs: 5 },
  });
  const source = new KafkaSource(
    { name: "test", clientId: "test", groupId: "test", sessionMs: 6000, ...options },
    {
      ...{ connect: parts.connect ?? connectKafkajs, offsets: writer.offsets(), random: () => 0 },
      take: (messages) => intake.take(messages),
      move: (moves) => intake.move(moves),
      log: { debug: say("debug"), info: say("info"), warn: say("warn") },
    },
  );
  source.start();
  return { source, said, counts: () => countsIn(store) };
}

/** Requests by source and log records, as "1.0.0 spans", "1.0.0 metrics" and "1.0.0 logs". */
export function countsIn(store: Telemetry): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { id, aliases } of store.reader.deployments()) {
    for (const late of [false, true]) {
      for (const { measure, sample } of store.reader.samples({
        deploymentIds: [id],
        from: 0,
        to: 1e15,
        late,
      })) {
        const kind = measure.kind === "requests" ? measure.source : measure.kind;
        const records =
          sample.kind === "requests" ? sample.count : sample.kind === "logs" ? sample.records : 0;
        const key = `${aliases.map(({ value }) => value).join()} ${kind}`;
        sums[key] = (sums[key] ?? 0) + records;
      }
    }
  }
  return sums;
}
