import { setTimeout as wait } from "node:timers/promises";
import type { Source, SourceOffset } from "#engine/ports.ts";
import {
  packMessages,
  type HandedMessages,
  type OffsetMove,
  type TakenMessages,
} from "#ingest/handed-messages.ts";
import type { Instant } from "#model/time.ts";
import type { BodyFormat } from "#ingest/otlp/body.ts";
import type { Signal } from "#ingest/otlp/schema.ts";
import type {
  BrokerClient,
  BrokerSettings,
  ConnectBroker,
  FetchedBatch,
  Partition,
  PartitionBounds,
} from "./broker-client.ts";
import { defaultKafkaLimits, type KafkaLimits } from "./limits.ts";
import { Positions, type Correction } from "./positions.ts";

/** One topic, and what its messages are. */
export interface SourceTopic {
  readonly topic: string;
  readonly signal: Signal;
  readonly format: BodyFormat;
}

export interface KafkaSourceOptions extends Omit<BrokerSettings, "limits" | "say"> {
  /** Offsets are kept under this name: another cluster needs another one. */
  readonly name: string;
  readonly topics: readonly SourceTopic[];
  /** Where a topic begins that was never read under this name. */
  readonly initialOffset: "latest" | "earliest";
  readonly limits?: Partial<KafkaLimits>;
}

export interface SourceLog {
  debug(about: object, message: string): void;
  info(about: object, message: string): void;
  warn(about: object, message: string): void;
}

export interface KafkaSourceTools {
  readonly connect: ConnectBroker;
  /** How far sources were taken when this began. */
  readonly offsets: readonly SourceOffset[];
  /** Both resolve once it is durable. */
  readonly take: (messages: HandedMessages) => Promise<TakenMessages>;
  readonly move: (moves: readonly OffsetMove[]) => Promise<readonly SourceOffset[]>;
  readonly random: () => number;
  readonly log: SourceLog;
}

/**
 * Telemetry from Kafka. Where reading goes on is what the store says, never what the broker remembers: offsets are saved in the
 * transaction of the samples, so a message that comes again changes nothing. A broker that is not there, or goes away, is tried
 * again with longer and longer waits.
 */
export class KafkaSource implements Source {
  readonly name: string;
  readonly counters: Source["counters"];
  readonly #options: KafkaSourceOptions;
  readonly #tools: KafkaSourceTools;
  readonly #limits: KafkaLimits;
  readonly #topics: ReadonlyMap<string, SourceTopic>;
  readonly #positions: Positions;
  readonly #stopping = new AbortController();
  readonly #counts = {
    messages: new Map<string, number>(),
    bytes: new Map<string, number>(),
    skipped: new Map<string, number>(),
    failures: 0,
  };
  #life: Promise<void> = Promise.resolve();
  #state: { readonly reading: boolean; readonly detail: string };
  #failuresInRow = 0;
  /** When it was last seen that nothing waits; null before it was first asked. */
  #currentAt: Instant | null = null;
  /** What is seen later than at the first look at the cluster is new, and read from its beginning. */
  #firstSight = true;

  constructor(options: KafkaSourceOptions, tools: KafkaSourceTools) {
    this.name = options.name;
    this.#options = options;
    this.#tools = tools;
    this.#limits = { ...defaultKafkaLimits, ...options.limits };
    this.#topics = new Map(options.topics.map((topic) => [topic.topic, topic]));
    this.#positions = new Positions(options.name, tools.offsets);
    this.#state = { reading: false, detail: `connecting to ${options.brokers.join(", ")}` };
    const counts = this.#counts;
    this.counters = {
      ...counts,
      get failures() {
        return counts.failures;
      },
      lag: () => this.#positions.lag(),
    };
  }

  start(): void {
    this.#life = this.#liveOn();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.race([this.#life, wait(this.#limits.closeMs, undefined, { ref: false })]);
  }

  state(): { readonly reading: boolean; readonly detail: string } {
    if (!this.#state.reading) return this.#state;
    const waiting = this.#positions.lag().reduce((sum, { messages }) => sum + messages, 0);
    return { reading: true, detail: `${this.#state.detail}; ${waiting} messages wait` };
  }

  readUpTo(now: Instant): Instant {
    const waits = this.#positions.lag().some(({ messages }) => messages > 0);
    if (this.#currentAt === null || (this.#state.reading && !waits)) this.#currentAt = now;
    if (!this.#state.reading || !waits) return this.#currentAt;
    return Math.min(now, Math.max(this.#currentAt, this.#positions.behindSince() ?? 0));
  }

  /** One connection after another, until it is stopped. */
  async #liveOn(): Promise<void> {
    while (!this.#isStopped()) {
      try {
        await this.#live();
      } catch (error) {
        if (!this.#isStopped()) await this.#failed(error);
      }
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { retryMs, longestRetryMs } = this.#limits;
    const why = error instanceof Error ? error.message : String(error);
    const ceilingMs = Math.min(longestRetryMs, retryMs * 2 ** Math.min(this.#failuresInRow, 20));
    const inMs = Math.round(ceilingMs * (0.5 + this.#tools.random() / 2));
    this.#failuresInRow += 1;
    this.#counts.failures += 1;
    this.#state = { reading: false, detail: `cannot be read: ${why}; tried again within ${inMs} ms` };
    const about = { source: this.name, topics: [...this.#topics.keys()], error: why, retryInMs: inMs };
    this.#tools.log.warn(about, "Kafka cannot be read; it is tried again");
    await this.#pause(inMs);
  }

  /** One connection: resolves where another is to be made at once, or after a stop; rejects where reading failed. */
  async #live(): Promise<void> {
    const { brokers, clientId, groupId, sessionMs } = this.#options;
    const client = this.#tools.connect({
      ...{ brokers, clientId, groupId, sessionMs, limits: this.#limits },
      say: (message, about) => {
        this.#tools.log.debug({ source: this.name, ...about }, message);
      },
    });
    const over = new AbortController();
    try {
      await Promise.race([this.#use(client), this.#stoppedUnread(over.signal)]);
    } finally {
      over.abort();
      const isMember = this.#state.reading;
      this.#state = { reading: false, detail: "connecting again" };
      if (isMember)
        await Promise.race([client.close(), wait(this.#limits.closeMs, undefined, { ref: false })]);
      client.drop();
    }
  }

  /** A group may keep a member waiting for others that died; a stop does not wait with it. */
  #stoppedUnread(over: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stopped = (): void => {
        if (!this.#state.reading) resolve();
      };
      this.#stopping.signal.addEventListener("abort", stopped, { signal: over });
    });
  }

  async #use(client: BrokerClient): Promise<void> {
    const topics = await this.#look(client, () => undefined);
    if (topics.size > 0) {
      await this.#read(client, topics);
      return;
    }
    const names = [...this.#topics.keys()].join(", ");
    this.#state = { reading: false, detail: `no topic is there yet: ${names}` };
    await this.#pause(this.#limits.lookMs);
  }

  async #read(client: BrokerClient, topics: ReadonlySet<string>): Promise<void> {
    const ended = new AbortController();
    await client.read({
      topics: [...topics],
      nextOf: (partition) => this.#positions.nextOf(partition),
      take: (batch) => this.#take(batch),
      joined: (partitions) => {
        this.#joined(topics, partitions);
      },
      ended: (error) => {
        ended.abort(error);
      },
    });
    const over = AbortSignal.any([this.#stopping.signal, ended.signal]);
    let isWhole = true;
    while (isWhole && !this.#isStopped()) {
      await this.#pause(this.#limits.lookMs, over);
      ended.signal.throwIfAborted();
      if (!this.#isStopped()) {
        const there = await this.#look(client, (offset) => {
          client.seek(offset);
        });
        isWhole = [...there].every((topic) => topics.has(topic));
      }
      await this.#commit(client);
    }
  }

  #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  #joined(topics: ReadonlySet<string>, assigned: readonly Partition[]): void {
    this.#failuresInRow = 0;
    this.#positions.assign(assigned);
    const partitions = assigned.length;
    const missing = [...this.#topics.keys()].filter((topic) => !topics.has(topic));
    const detail =
      `reading ${partitions} partitions of ${[...topics].join(", ")}` +
      (missing.length === 0 ? "" : `; not there yet: ${missing.join(", ")}`);
    this.#state = { reading: true, detail };
    this.#tools.log.info({ source: this.name, topics: [...topics], missing, partitions }, "Kafka is read");
  }

  /** Compares what the broker has with where reading goes on, puts right what does not fit, and tells which topics are there. */
  async #look(client: BrokerClient, onMoved: (offset: SourceOffset) => void): Promise<ReadonlySet<string>> {
    const bounds = await client.bounds([...this.#topics.keys()]);
    const unread = new Set([...this.#topics.keys()].filter((topic) => !this.#positions.knowsTopic(topic)));
    const fromEnd = this.#firstSight && this.#options.initialOffset === "latest";
    const beginsAt = ({ topic, low, high }: PartitionBounds): number =>
      fromEnd && unread.has(topic) ? high : low;
    const corrections = this.#positions.compare(bounds, beginsAt);
    this.#firstSight = false;
    if (corrections.length > 0) {
      for (const correction of corrections) this.#tell(correction);
      const moved = await this.#tools.move(corrections.map(({ move }) => move));
      this.#positions.moved(moved);
      moved.forEach(onMoved);
    }
    return new Set(bounds.map(({ topic }) => topic));
  }

  #tell({ why, move: { topic, partition, from, next }, lost }: Correction): void {
    const about = { source: this.name, topic, partition, from, next };
    if (why === "begins") this.#tools.log.info(about, "a partition is read for the first time");
    if (why === "removed") {
      count(this.#counts.skipped, `${topic} removed`, lost);
      this.#tools.log.warn({ ...about, lost }, "the broker removed messages before they were read");
    }
    if (why === "shrunk")
      this.#tools.log.warn(about, "the partition ends before what was read of it: it is taken for a new one");
  }

  async #take(batch: FetchedBatch): Promise<void> {
    const { topic, partition, next, high, newestAt, messages } = batch;
    const about = this.#topics.get(topic);
    if (about === undefined) throw new Error(`a batch of ${topic}, which is not read`);
    const packed = packMessages(messages);
    const bytes = packed.bytes.length;
    const { signal, format } = about;
    const place = { source: this.name, topic, partition };
    const {
      taken,
      skipped,
      next: reached,
    } = await this.#tools.take({
      ...{ ...place, signal, format, next },
      ...packed,
    });
    this.#positions.advance({ topic, partition, next: reached }, high, newestAt);
    count(this.#counts.messages, topic, taken);
    count(this.#counts.bytes, topic, bytes);
    for (const { reason, count: many, offset, message } of skipped) {
      count(this.#counts.skipped, `${topic} ${reason}`, many);
      const said = { ...place, offset, reason, count: many, message };
      if (reason === "redelivered") this.#tools.log.debug(said, "messages that were taken before");
      else this.#tools.log.warn(said, "messages that can not be read are skipped");
    }
  }

  /** For those who watch the lag at the broker; nothing here depends on it. */
  async #commit(client: BrokerClient): Promise<void> {
    try {
      await client.commit(this.#positions.standing());
    } catch (error) {
      this.#tools.log.debug({ source: this.name, err: error }, "the broker did not take the offsets");
    }
  }

  /** Ends early where the signal says so. */
  async #pause(ms: number, signal: AbortSignal = this.#stopping.signal): Promise<void> {
    await wait(ms, undefined, { signal }).catch(() => undefined);
  }
}

function count(counts: Map<string, number>, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}
