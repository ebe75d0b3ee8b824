import type { Signal } from "#ingest/otlp/schema.ts";
import { requestTypes } from "#test/support/otlp-oracle.ts";
import { BackWriter, type FieldOrder, type TimedBytes } from "./back-writer.ts";
import { batchEveryMs, firstInstant, otlpBatch } from "./otlp-batches.ts";

/** Batches are this far from each other once moved: all of them fall into the last seconds. */
const movedEveryMs = 20;

/** Batches that can be sent again and again: each time with times of that moment, so that no body is like an earlier one. */
export class MovedBatches {
  readonly #batches: readonly TimedBytes[];
  readonly #signal: Signal;
  #lastEndMs = 0;

  constructor(signal: Signal, order: FieldOrder, count: number) {
    const writer = new BackWriter(order);
    this.#signal = signal;
    this.#batches = Array.from({ length: count }, (_, index) =>
      writer.encodeTimed(requestTypes[signal], otlpBatch(signal, index)),
    );
  }

  /** The batches as of `nowMs`. Streams of metrics begin anew each time, as after a restart of their processes. */
  at(nowMs: number): readonly Uint8Array[] {
    const beginMs = Math.max(nowMs, this.#lastEndMs + 1);
    this.#lastEndMs = beginMs + this.#batches.length * movedEveryMs;
    return this.#batches.map(({ bytes, starts, times }, index) => {
      const moved = bytes.slice();
      const view = new DataView(moved.buffer);
      const byMs = beginMs + index * movedEveryMs - (firstInstant + index * batchEveryMs);
      move(view, times, byMs);
      if (this.#signal !== "metrics") move(view, starts, byMs);
      else for (const place of starts) view.setBigUint64(place, nanos(beginMs), true);
      return moved;
    });
  }
}

function move(view: DataView, places: Int32Array, byMs: number): void {
  const by = nanos(byMs);
  for (const place of places) view.setBigUint64(place, view.getBigUint64(place, true) + by, true);
}

function nanos(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}
