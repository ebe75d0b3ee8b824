import { connect, type Socket } from "node:net";
import { promisify } from "node:util";
import { gzip, unzip } from "node:zlib";
import kafkajs, {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type ISocketFactory,
  type Kafka,
} from "kafkajs";
import type { Instant } from "#model/time.ts";
import type {
  BrokerClient,
  BrokerSettings,
  FetchedBatch,
  PartitionBounds,
  Reading,
} from "./broker-client.ts";
import { defaultKafkaLimits } from "./limits.ts";

const { CompressionCodecs, CompressionTypes } = kafkajs;
const gzipAsync = promisify(gzip);
const unzipAsync = promisify<Buffer, { maxOutputLength: number }, Buffer>(unzip);

/** Retries inside the library are few: reading that fails is begun anew outside of it, with longer and longer waits. */
const retry = { retries: 2, initialRetryTime: 200, maxRetryTime: 1000 };

const unreadable = [
  [CompressionTypes.Snappy, "snappy"],
  [CompressionTypes.LZ4, "lz4"],
  [CompressionTypes.ZSTD, "zstd"],
] as const;

/** `retriable` is how the library is told not to try the same batch again at once. */
class BatchUnreadable extends Error {
  readonly retriable = false;
}

/** The library's codecs are one table of the process: gzip without a bound and nothing else, so both are put right here. */
function registerCodecs(): void {
  for (const [type, name] of unreadable) {
    CompressionCodecs[type] = () => {
      throw new BatchUnreadable(
        `a batch is compressed with ${name}, which can not be read: let the sender use gzip or none`,
      );
    };
  }
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { readonly buffer: Buffer }) => gzipAsync(buffer),
    decompress: async (buffer: Buffer) => {
      try {
        return await unzipAsync(buffer, { maxOutputLength: defaultKafkaLimits.batchBytes });
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new BatchUnreadable(`a batch does not unpack as gzip within batchBytes: ${why}`);
      }
    },
  });
}

/** The library waits for answers before it lets go of a connection; connections that are known can be cut. */
function cuttableSockets(): { readonly factory: ISocketFactory; readonly drop: () => void } {
  const open = new Set<Socket>();
  const cut = new Error("the connection was given up here");
  let isDropped = false;
  return {
    factory: ({ host, port, onConnect }) => {
      const socket = connect({ host, port, keepAlive: true, keepAliveInitialDelay: 60_000 }, onConnect);
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      if (isDropped) socket.destroy(cut);
      return socket;
    },
    drop: () => {
      isDropped = true;
      // By an error, for the library gives up what it waits for only then.
      for (const socket of open) socket.destroy(cut);
    },
  };
}

/** A client by kafkajs. This file is the only one that knows the library. */
export function connectKafkajs(settings: BrokerSettings): BrokerClient {
  registerCodecs();
  const sockets = cuttableSockets();
  const kafka = new kafkajs.Kafka({
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    connectionTimeout: 3000,
    socketFactory: sockets.factory,
    retry,
    logLevel: kafkajs.logLevel.INFO,
    logCreator:
      () =>
      ({ log: { message, ...about } }) => {
        settings.say(message, about);
      },
  });
  const admin = kafka.admin({ retry });
  const consumer = createConsumer(kafka, settings);
  const disconnect = async (): Promise<void> => {
    await Promise.allSettled([consumer.disconnect(), admin.disconnect()]);
  };
  let isAdminConnected = false;
  return {
    bounds: async (topics) => {
      if (!isAdminConnected) await admin.connect();
      isAdminConnected = true;
      return boundsOf(admin, topics);
    },
    read: (reading) => read(consumer, reading, settings.limits.batchesAtOnce),
    seek: ({ topic, partition, next }) => {
      consumer.seek({ topic, partition, offset: String(next) });
    },
    commit: (positions) =>
      consumer.commitOffsets(
        positions.map(({ topic, partition, next }) => ({ topic, partition, offset: String(next) })),
      ),
    close: disconnect,
    drop: () => {
      sockets.drop();
      void disconnect();
    },
  };
}

function createConsumer(kafka: Kafka, { groupId, sessionMs, limits }: BrokerSettings): Consumer {
  return kafka.consumer({
    groupId,
    sessionTimeout: sessionMs,
    heartbeatInterval: Math.floor(sessionMs / 3),
    maxBytesPerPartition: limits.partitionBytes,
    maxBytes: limits.fetchBytes,
    maxWaitTimeInMs: limits.waitMs,
    allowAutoTopicCreation: false,
    retry: { ...retry, restartOnFailure: () => Promise.resolve(false) },
  });
}

async function boundsOf(admin: Admin, topics: readonly string[]): Promise<readonly PartitionBounds[]> {
  const known = new Set(await admin.listTopics());
  const bounds: PartitionBounds[] = [];
  for (const topic of topics) {
    if (!known.has(topic)) continue;
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
      bounds.push({ topic, partition, low: Number(low), high: Number(high) });
  }
  return bounds;
}

async function read(consumer: Consumer, reading: Reading, batchesAtOnce: number): Promise<void> {
  consumer.on("consumer.group_join", ({ payload: { memberAssignment } }) => {
    const assigned = Object.entries(memberAssignment).flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    for (const place of assigned) {
      const next = reading.nextOf(place);
      if (next !== null) consumer.seek({ ...place, offset: String(next) });
    }
    reading.joined(assigned);
  });
  consumer.on("consumer.crash", ({ payload: { error } }) => {
    reading.ended(error);
  });
  await consumer.connect();
  // Partitions that come into being while it runs are read from their beginning.
  await consumer.subscribe({ topics: [...reading.topics], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    partitionsConsumedConcurrently: batchesAtOnce,
    eachBatch: async (payload) => {
      await reading.take(fetched(payload));
    },
  });
}

function fetched({ batch }: EachBatchPayload): FetchedBatch {
  return {
    topic: batch.topic,
    partition: batch.partition,
    messages: batch.messages.map(({ offset, value }) => ({
      offset: Number(offset),
      value: value ?? new Uint8Array(),
    })),
    next: Number(batch.lastOffset()) + 1,
    high: Number(batch.highWatermark),
    newestAt: instantOf(batch.messages.at(-1)?.timestamp),
  };
}

/** Kafka writes -1 for a message without a time. */
function instantOf(timestamp: string | undefined): Instant | null {
  const at = Number(timestamp ?? -1);
  return at > 0 ? at : null;
}
