import type { Accumulate } from "#engine/accumulate.ts";
import type { Instant } from "#model/time.ts";
import { tooLarge, visitBody, type BodyError } from "#ingest/otlp/body.ts";
import type { OtlpLimits } from "#ingest/otlp/limits.ts";
import type { HandedMessages, Skipped, SkipReason } from "./handed-messages.ts";

interface Skip {
  readonly reason: SkipReason;
  readonly message: string;
}

/** Where messages are counted into, and by which rules. */
export interface TakingParts {
  readonly accumulate: Accumulate;
  readonly otlp: OtlpLimits;
  readonly now: Instant;
  /** Called before each message, when nothing holds an interned text. */
  readonly betweenBodies: () => void;
  /** Messages below this were taken before. */
  readonly from: number;
}

/** Adds messages to the samples, in order and each at most once. One that cannot be read is skipped and told, and stops nothing. */
export function takeMessages(
  messages: HandedMessages,
  parts: TakingParts,
): { readonly taken: number; readonly skipped: readonly Skipped[] } {
  const skipped = new Map<SkipReason, Skipped>();
  let taken = 0;
  let start = 0;
  messages.offsets.forEach((offset, at) => {
    const end = messages.ends[at] ?? start;
    const bytes = messages.bytes.subarray(start, end);
    start = end;
    const skip =
      offset < parts.from
        ? { reason: "redelivered" as const, message: `taken before: reading goes on at ${parts.from}` }
        : takeOne(messages, bytes, parts);
    if (skip === null) {
      taken += 1;
      return;
    }
    const before = skipped.get(skip.reason) ?? { ...skip, offset, count: 0 };
    skipped.set(skip.reason, { ...before, count: before.count + 1 });
  });
  return { taken, skipped: [...skipped.values()] };
}

function takeOne(
  { signal, format }: HandedMessages,
  bytes: Uint8Array,
  { accumulate, otlp, now, betweenBodies }: TakingParts,
): Skip | null {
  if (bytes.length === 0) return { reason: "empty", message: "the message has no value" };
  if (bytes.length > otlp.bodyBytes) return skipOf(tooLarge(otlp));
  betweenBodies();
  accumulate.begin(now);
  const visited = visitBody({ signal, format, bytes }, accumulate, otlp);
  return visited.ok ? null : skipOf(visited.error);
}

function skipOf({ status, message }: BodyError): Skip {
  return { reason: status === 413 ? "bodyBytes" : "malformed", message };
}
