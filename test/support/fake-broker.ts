import type {
  BrokerClient,
  ConnectBroker,
  Partition,
  PartitionBounds,
  Position,
  Reading,
} from "#ingest/kafka/broker-client.ts";

interface Log {
  low: number;
  readonly values: Uint8Array[];
}

/** A small cluster in memory: topics of partitions that are read from where the group was told to seek, else from their beginning. */
export class FakeBroker {
  /** While true nobody can connect, and who is connected is cut off. */
  down = false;
  /** What was committed last, by "topic/partition". */
  readonly committed = new Map<string, number>();
  connections = 0;
  /** Partitions that the group gives to the one reader; null: all of them. */
  given: readonly string[] | null = null;
  readonly #logs = new Map<string, Log>();
  #reader: { readonly reading: Reading; readonly at: Map<string, number> } | null = null;
  #underWay: Promise<void> = Promise.resolve();

  readonly connect: ConnectBroker = (): BrokerClient => {
    this.connections += 1;
    return {
      bounds: (topics) => this.#bounds(topics),
      read: (reading) => {
        this.#reader = { reading, at: new Map() };
        this.rebalance();
        return Promise.resolve();
      },
      seek: ({ topic, partition, next }) => {
        this.#reader?.at.set(`${topic}/${partition}`, next);
        this.#deliver();
      },
      commit: (positions: readonly Position[]) => {
        for (const { topic, partition, next } of positions) this.committed.set(`${topic}/${partition}`, next);
        return Promise.resolve();
      },
      close: () => {
        this.#reader = null;
        return this.#underWay;
      },
      drop: () => {
        this.#reader = null;
      },
    };
  };

  /** Makes the partition where it is not there. */
  append(topic: string, partition: number, ...values: readonly Uint8Array[]): void {
    this.#logOf(topic, partition).values.push(...values);
    this.#deliver();
  }

  /** Deletes what is older than an offset, as retention does. */
  trim(topic: string, partition: number, low: number): void {
    const log = this.#logOf(topic, partition);
    log.values.splice(0, low - log.low);
    log.low = low;
  }

  deleteTopic(topic: string): void {
    for (const key of [...this.#logs.keys()]) if (key.startsWith(`${topic}/`)) this.#logs.delete(key);
  }

  /** Gives out the partitions anew: every one is read from where the reader says. */
  rebalance(): void {
    const reader = this.#reader;
    if (reader === null) return;
    reader.at.clear();
    const mine = this.#partitions(reader.reading.topics).filter(
      ({ topic, partition }) => this.given?.includes(`${topic}/${partition}`) ?? true,
    );
    for (const { topic, partition } of mine) {
      const next = reader.reading.nextOf({ topic, partition });
      reader.at.set(`${topic}/${partition}`, next ?? this.#logOf(topic, partition).low);
    }
    reader.reading.joined(mine);
    this.#deliver();
  }

  /** Gives every partition again from an offset on, as after a commit that was lost. */
  deliverAgain(from: number): void {
    for (const key of this.#reader?.at.keys() ?? []) this.#reader?.at.set(key, from);
    this.#deliver();
  }

  cut(message: string): void {
    const reader = this.#reader;
    this.#reader = null;
    reader?.reading.ended(new Error(message));
  }

  #logOf(topic: string, partition: number): Log {
    const key = `${topic}/${partition}`;
    const log = this.#logs.get(key) ?? { low: 0, values: [] };
    this.#logs.set(key, log);
    return log;
  }

  #partitions(topics: readonly string[]): readonly Partition[] {
    return [...this.#logs.keys()].flatMap((key) => {
      const [topic = "", partition = ""] = key.split("/");
      return topics.includes(topic) ? [{ topic, partition: Number(partition) }] : [];
    });
  }

  #bounds(topics: readonly string[]): Promise<readonly PartitionBounds[]> {
    if (this.down) return Promise.reject(new Error("nobody listens there"));
    return Promise.resolve(
      this.#partitions(topics).map(({ topic, partition }) => {
        const { low, values } = this.#logOf(topic, partition);
        return { topic, partition, low, high: low + values.length };
      }),
    );
  }

  /** One batch after another, each once the one before it was taken. */
  #deliver(): void {
    this.#underWay = this.#underWay.then(async () => {
      const reader = this.#reader;
      for (const [key, at] of reader?.at ?? []) {
        const [topic = "", partition = ""] = key.split("/");
        const { low, values } = this.#logOf(topic, Number(partition));
        const from = Math.max(at, low);
        const messages = values.slice(from - low).map((value, n) => ({ offset: from + n, value }));
        const next = from + messages.length;
        if (messages.length === 0 || this.#reader !== reader) continue;
        reader?.at.set(key, next);
        await reader?.reading.take({
          topic,
          partition: Number(partition),
          messages,
          next,
          high: next,
          newestAt: null,
        });
      }
    });
  }
}
