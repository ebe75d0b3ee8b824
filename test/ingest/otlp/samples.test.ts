import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { jsonToProtobuf, visitJson } from "#ingest/otlp/json.ts";
import { visitTraces } from "#ingest/otlp/protobuf/visit.ts";
import type { Signal } from "#ingest/otlp/schema.ts";
import { expectedOf } from "#test/support/otlp-expected.ts";
import { oracleDecode, requestTypes } from "#test/support/otlp-oracle.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

// Written by an OpenTelemetry Collector: its file exporter, and its own protobuf encoder, which writes fields in descending order.
const folder = new URL("samples/", import.meta.url);

function lines(name: string): readonly Buffer[] {
  const text = readFileSync(new URL(name, folder), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [Buffer.from(line)]));
}

test("the Collector's descending bytes and its JSON of the same spans tell the same", () => {
  const bytes = readFileSync(new URL("traces-collector-order.pb", folder));
  const fromBytes = new RecordingObserver();
  expect(visitTraces(bytes, fromBytes)).toEqual({ ok: true, value: { records: 6, rejected: 0 } });
  const fromJson = new RecordingObserver();
  const [line] = lines("traces.jsonl");
  expect(visitJson("traces", line!, fromJson)).toEqual({ ok: true, value: { records: 6, rejected: 0 } });
  expect(fromBytes.told).toEqual(fromJson.told);
  expect(fromBytes.told).toEqual(expectedOf(oracleDecode("TracesData", bytes)));
  expect(fromBytes.told[0]).toMatchObject({
    resource: {
      "deployment.id": "d-42",
      "service.instance.id": "pod-1",
      "service.name": "checkout",
      "service.version": "2.1.0",
    },
    attributes: { "http.route": "/api/cart", "http.response.status_code": 500 },
    view: { name: "okey-dokey-0", kind: 2, status: 2, durationSeconds: 0.025 },
  });
  expect(fromBytes.resources).toHaveLength(2);
});

test.each([
  ["metrics.jsonl", "metrics", 5],
  ["logs.jsonl", "logs", 3],
] as const)("%s is read whole", (name, signal: Signal, records) => {
  const observer = new RecordingObserver();
  for (const line of lines(name)) {
    expect(visitJson(signal, line, observer)).toMatchObject({ ok: true, value: { rejected: 0 } });
  }
  expect(observer.told).toHaveLength(records);
  const oracle = lines(name).flatMap((line) => {
    const wire = jsonToProtobuf(signal, line);
    return wire.ok ? expectedOf(oracleDecode(requestTypes[signal], wire.value)) : [];
  });
  expect(observer.told).toMatchObject(oracle);
});
