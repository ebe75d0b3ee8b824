import type { Instant } from "#model/time.ts";
import type { PlainMessage } from "#ingest/handed-messages.ts";
import type { KafkaLimits } from "./limits.ts";

export interface Partition {
  readonly topic: string;
  readonly partition: number;
}

/** One partition, what is the first offset that it still holds, and the one that its next message will have. */
export interface PartitionBounds extends Partition {
  readonly low: number;
  readonly high: number;
}

/** Messages of one partition, in order. */
export interface FetchedBatch extends Partition {
  readonly messages: readonly PlainMessage[];
  /** The offset after the last. */
  readonly next: number;
  readonly high: number;
  /** When the last was produced, by its own word; null where it holds no time. */
  readonly newestAt: Instant | null;
}

/** Where a partition goes on. */
export interface Position extends Partition {
  readonly next: number;
}

/** What reading asks and tells. */
export interface Reading {
  readonly topics: readonly string[];
  /** Asked of each partition whenever it is assigned; null leaves it to what the partition still holds. */
  nextOf(partition: Partition): number | null;
  /** Called with one batch of a partition at a time; the next is fetched once it resolves. */
  take(batch: FetchedBatch): Promise<void>;
  /** The group has given out its partitions; these came here. */
  joined(partitions: readonly Partition[]): void;
  /** Called once where reading ends although nobody closed the client, which then reads no more. */
  ended(error: Error): void;
}

/** One connection to a Kafka cluster: the few things that reading telemetry needs, behind which the library can be changed. */
export interface BrokerClient {
  /** Those of the topics that exist, with every partition. */
  bounds(topics: readonly string[]): Promise<readonly PartitionBounds[]>;
  /** Begins to read; it goes on until `close` or `ended`. */
  read(reading: Reading): Promise<void>;
  seek(position: Position): void;
  /** Tells the broker how far reading came, for those who watch the lag there. */
  commit(positions: readonly Position[]): Promise<void>;
  /** Waits for the batches that are being taken, leaves the group and disconnects. */
  close(): Promise<void>;
  /** Cuts every connection at once, whatever was asked over it. */
  drop(): void;
}

export interface BrokerSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly groupId: string;
  /** After so long without a sign of life the broker gives the partitions to others. */
  readonly sessionMs: number;
  readonly limits: KafkaLimits;
  /** What the library has to say, for debugging. */
  readonly say: (message: string, about: object) => void;
}

export type ConnectBroker = (settings: BrokerSettings) => BrokerClient;
