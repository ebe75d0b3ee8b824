import type { SourceOffset } from "#engine/ports.ts";
import type { BodyFormat } from "#ingest/otlp/body.ts";
import type { Signal } from "#ingest/otlp/schema.ts";

/** Messages of one partition in their order, handed over in one buffer that may be transferred to another thread. */
export interface HandedMessages {
  readonly source: string;
  readonly topic: string;
  readonly partition: number;
  readonly signal: Signal;
  readonly format: BodyFormat;
  readonly offsets: readonly number[];
  /** Where each message ends in `bytes`; it begins where the one before it ends. */
  readonly ends: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The offset after the last, which may be past gaps (control records, compaction). */
  readonly next: number;
}

/**
 * Why a message changed no sample. redelivered: it was in the samples before. malformed: it does not decode.
 * bodyBytes: it is over that limit. empty: it has no value.
 */
export type SkipReason = "redelivered" | "malformed" | "bodyBytes" | "empty";

/** Messages of one batch that were skipped for one reason. */
export interface Skipped {
  readonly reason: SkipReason;
  readonly count: number;
  /** Offset of the first of them, and what was wrong with it. */
  readonly offset: number;
  readonly message: string;
}

/** What became of handed messages, once that is durable. */
export interface TakenMessages {
  readonly taken: number;
  readonly skipped: readonly Skipped[];
  /** Where the partition goes on. */
  readonly next: number;
}

/** Sets where a partition goes on; only where it now stands at `from` (null: nowhere), so that nothing taken meanwhile is undone. */
export interface OffsetMove extends SourceOffset {
  readonly from: number | null;
}

/** A message before it is handed over; no value is a value of length 0. */
export interface PlainMessage {
  readonly offset: number;
  readonly value: Uint8Array;
}

/** Copies values into one buffer of their own. */
export function packMessages(
  messages: readonly PlainMessage[],
): Pick<HandedMessages, "offsets" | "ends" | "bytes"> {
  const total = messages.reduce((sum, { value }) => sum + value.length, 0);
  const bytes = new Uint8Array(total);
  const ends: number[] = [];
  let end = 0;
  for (const { value } of messages) {
    bytes.set(value, end);
    end += value.length;
    ends.push(end);
  }
  return { offsets: messages.map(({ offset }) => offset), ends, bytes };
}
