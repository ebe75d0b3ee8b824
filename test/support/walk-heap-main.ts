import { getHeapStatistics } from "node:v8";
import { visitProtobuf } from "#ingest/otlp/protobuf/visit.ts";
import { BackWriter } from "#test/bench/back-writer.ts";
import { nullObserver } from "#test/bench/ingest-lanes.ts";
import { otlpBatch } from "#test/bench/otlp-batches.ts";
import type { Signal } from "#ingest/otlp/schema.ts";
import { requestTypes } from "./otlp-oracle.ts";

const warmUps = 200;
const batches = 1000;

/** Walks one batch 1,000 times and tells the bytes of heap that were used for a record; needs --expose-gc. */
function main(): void {
  const leak = process.argv[3] === "leak";
  const signal = process.argv[2] as Signal;
  const bytes = new BackWriter("ascending").encode(requestTypes[signal], otlpBatch(signal, 1));
  const observer = nullObserver();
  const kept: object[] = [];
  let records = 0;
  const walk = (): void => {
    const visited = visitProtobuf(signal, bytes, observer);
    if (!visited.ok) throw new Error("the batch was not read");
    records = visited.value.records;
    // The planted bug of the test: one small object a record.
    if (leak) for (let record = 0; record < records; record += 1) kept[record % 4] = { record };
  };
  for (let turn = 0; turn < warmUps; turn += 1) walk();
  globalThis.gc?.();
  const before = getHeapStatistics().used_heap_size;
  for (let turn = 0; turn < batches; turn += 1) walk();
  const grown = getHeapStatistics().used_heap_size - before;
  process.send?.({ bytesEach: grown / (batches * records), keeps: kept.length });
}

main();
