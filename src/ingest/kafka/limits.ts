/** Every limit of reading from Kafka, by name; each is on by default. */
export interface KafkaLimits {
  /** Bytes asked of one partition at once; a larger message comes alone. */
  readonly partitionBytes: number;
  /** Bytes asked of one broker at once: with what is being decoded, all that is held. */
  readonly fetchBytes: number;
  /** Size of one compressed batch when unpacked: over it reading stops there, and says so. */
  readonly batchBytes: number;
  /** Partitions whose batches are taken side by side, so that they share a transaction. */
  readonly batchesAtOnce: number;
  /** How long a broker waits for messages before it answers that there are none. */
  readonly waitMs: number;
  /** Pause between two looks at what waits and at new topics, and between two commits to the broker. */
  readonly lookMs: number;
  /** First wait after a failure. */
  readonly retryMs: number;
  /** Waits double up to this. */
  readonly longestRetryMs: number;
  /** How long a stop waits for the broker. */
  readonly closeMs: number;
}

export const defaultKafkaLimits: KafkaLimits = {
  partitionBytes: 1024 * 1024,
  fetchBytes: 8 * 1024 * 1024,
  batchBytes: 64 * 1024 * 1024,
  batchesAtOnce: 16,
  waitMs: 500,
  lookMs: 5000,
  retryMs: 500,
  longestRetryMs: 30_000,
  closeMs: 5000,
};
