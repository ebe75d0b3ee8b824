import { readFileSync } from "node:fs";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { loadDocuments } from "#config/load-documents.ts";
import type { SourceConfiguration } from "#engine/configuration.ts";
import type { Source } from "#engine/ports.ts";
import type { SkipReason } from "#ingest/handed-messages.ts";
import { registerMetrics, type MeasuredParts } from "#src/own-metrics.ts";
import { sourceChecks } from "#src/sources.ts";

const page = readFileSync(new URL("../../docs/kafka.md", import.meta.url), "utf8");

function block(name: string): string {
  return new RegExp(`^\`\`\`yaml\\n# ${name}\\n(.*?)^\`\`\``, "ms").exec(page)?.[1] ?? "";
}

function sourceOf(name: string): SourceConfiguration {
  const loaded = loadDocuments([{ file: name, text: block(name) }]);
  const document = loaded.ok ? loaded.value[0] : undefined;
  if (document?.kind !== "Configuration") throw new Error(JSON.stringify(loaded));
  return document.value.sources[0]!;
}

/** First cells of the rows of the table whose heading begins with a word. */
function column(heading: string): readonly string[] {
  const table = new RegExp(`^\\| ${heading} .*?\\n\\n`, "ms").exec(page)?.[0] ?? "";
  return [...table.matchAll(/^\| `(\w+)` /gm)].map((row) => row[1]!);
}

test("Haldane reads where the Collector's exporter of the page writes, by the defaults of both", () => {
  const exporters = z.object({ exporters: z.record(z.string(), z.record(z.string(), z.unknown())) });
  const exporter = exporters.parse(parse(block("collector.yaml"))).exporters["kafka/haldane"];
  expect(exporter).toStrictEqual({ brokers: ["kafka:9092"], producer: { compression: "gzip" } });
  expect(sourceOf("haldane.yaml")).toStrictEqual({
    ...{ kind: "kafka", name: "main", brokers: ["kafka:9092"], clientId: "haldane", groupId: "haldane" },
    traces: { topic: "otlp_spans", encoding: "otlp_proto" },
    metrics: { topic: "otlp_metrics", encoding: "otlp_proto" },
    logs: { topic: "otlp_logs", encoding: "otlp_proto" },
    ...{ initialOffset: "latest", session: 10_000 },
  });
});

test("topics of other names and encodings are as the page says", () => {
  expect(sourceOf("named.yaml")).toMatchObject({
    ...{ groupId: "haldane-live", initialOffset: "earliest", logs: null },
    traces: { topic: "shop.spans", encoding: "otlp_json" },
    metrics: { topic: "shop.metrics", encoding: "otlp_proto" },
  });
});

test("the table of metrics names those that a source has, with their labels", async () => {
  const source: Source = {
    name: "main",
    start: () => undefined,
    stop: () => Promise.resolve(),
    readUpTo: (now) => now,
    state: () => ({ reading: true, detail: "reading" }),
    counters: {
      messages: new Map([["t", 1]]),
      bytes: new Map([["t", 2]]),
      skipped: new Map([["t malformed", 3]]),
      failures: 4,
      lag: () => [{ topic: "t", partition: 5, messages: 6 }],
    },
  };
  const registry = new Registry();
  const none: Pick<MeasuredParts, "sources"> = { sources: [source] };
  registerMetrics(registry, none as MeasuredParts);
  const names = column("metric");
  const figures = await Promise.all(
    names.map(async (name) => (await registry.getSingleMetricAsString(name)).split("\n").at(-1)),
  );
  expect(figures).toStrictEqual([
    'haldane_source_reading{source="main"} 1',
    'haldane_source_lag_messages{source="main",topic="t",partition="5"} 6',
    'haldane_source_messages_total{source="main",topic="t"} 1',
    'haldane_source_bytes_total{source="main",topic="t"} 2',
    'haldane_source_skipped_total{source="main",topic="t",reason="malformed"} 3',
    'haldane_source_failures_total{source="main"} 4',
  ]);
  expect(sourceChecks([source])).toStrictEqual([{ name: "source main", ok: true, detail: "reading" }]);
});

test("the table of reasons has every reason", () => {
  const reasons: Readonly<Record<SkipReason | "removed", true>> = {
    malformed: true,
    bodyBytes: true,
    empty: true,
    redelivered: true,
    removed: true,
  };
  expect(column("reason")).toStrictEqual(Object.keys(reasons));
});
