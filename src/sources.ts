import type { Logger } from "pino";
import type { SourceConfiguration } from "#engine/configuration.ts";
import type { Source } from "#engine/ports.ts";
import { KafkaSource, type SourceTopic } from "#ingest/kafka/kafka-source.ts";
import { connectKafkajs } from "#ingest/kafka/kafkajs-client.ts";
import type { IngestClient } from "#ingest/worker-client.ts";

export interface SourceTools {
  readonly worker: IngestClient;
  readonly log: Logger;
}

const signals = ["traces", "metrics", "logs"] as const;

function topicsOf(configured: SourceConfiguration): readonly SourceTopic[] {
  return signals.flatMap((signal) => {
    const about = configured[signal];
    if (about === null) return [];
    const format = about.encoding === "otlp_json" ? "json" : "protobuf";
    return [{ topic: about.topic, signal, format }];
  });
}

/** The configured sources, each a way into the one worker. */
export function createSources(
  configured: readonly SourceConfiguration[],
  { worker, log }: SourceTools,
): readonly Source[] {
  return configured.map((each) => {
    const { name, brokers, clientId, groupId, initialOffset, session } = each;
    return new KafkaSource(
      { name, brokers, clientId, groupId, initialOffset, sessionMs: session, topics: topicsOf(each) },
      {
        connect: connectKafkajs,
        offsets: worker.offsets,
        take: (messages) => worker.take(messages),
        move: (moves) => worker.move(moves),
        random: Math.random,
        log,
      },
    );
  });
}

/** One line a source for /readyz. A source that cannot read leaves the rest at work, so it fails no check. */
export function sourceChecks(
  sources: readonly Source[],
): readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[] {
  return sources.map((source) => ({
    name: `source ${source.name}`,
    ok: true,
    detail: source.state().detail,
  }));
}
