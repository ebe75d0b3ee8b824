import type { Accumulate } from "#engine/accumulate.ts";
import type { Clock, SourceOffset, TelemetryWriter } from "#engine/ports.ts";
import type { Instant } from "#model/time.ts";
import { bodyDigest } from "#ingest/otlp/body-digest.ts";
import { decompressBody, visitBody, type RawBody } from "#ingest/otlp/body.ts";
import { defaultOtlpLimits, type OtlpLimits } from "#ingest/otlp/limits.ts";
import type { AcceptOutcome } from "#ingest/otlp/receiver.ts";
import { createGroupCommit } from "./group-commit.ts";
import type { HandedMessages, OffsetMove, TakenMessages } from "./handed-messages.ts";
import { takeMessages } from "./take-messages.ts";
import { TakenOffsets } from "./taken-offsets.ts";
import type { Retained } from "./worker-protocol.ts";

/** When a group of bodies is written, and how long its digests are kept (decision 10). */
export interface IntakeLimits {
  /** Longest wait of an accepted body for its transaction. */
  readonly flushMs: number;
  /** Bodies in one transaction at most. */
  readonly flushBodies: number;
  /** How long a retried body is recognised. */
  readonly digestMs: number;
}

export const defaultIntakeLimits: IntakeLimits = { flushMs: 25, flushBodies: 256, digestMs: 10 * 60_000 };

export interface IntakeOptions {
  readonly accumulate: Accumulate;
  readonly writer: TelemetryWriter;
  readonly clock: Clock;
  /** Called between bodies, when nothing holds an interned text. */
  readonly betweenBodies?: () => void;
  /** A transaction failed: what is in memory no longer agrees with the store, so the process has to end. */
  readonly failed: (error: unknown) => void;
  readonly limits?: Partial<IntakeLimits>;
  readonly otlp?: OtlpLimits;
}

/** Takes bodies in and answers once they are durable. */
export interface Intake {
  /** Resolves after the transaction with its samples and its digest; a refused or repeated body changes nothing. */
  accept(body: RawBody): Promise<AcceptOutcome>;
  /** Resolves after the transaction with the samples of the messages and the offset after them; messages taken before change nothing. */
  take(messages: HandedMessages): Promise<TakenMessages>;
  /** Resolves after the transaction with what still applies of the moves; tells where each partition goes on. */
  move(moves: readonly OffsetMove[]): Promise<readonly SourceOffset[]>;
  /** Writes what is accepted, then closes the windows whose allowance has passed at `at`. */
  seal(at: Instant): void;
  retain(now: Instant, pinnedFrom: Instant | null): Retained;
  /** Writes what is accepted now. */
  flush(): void;
}

const nothingRejected: AcceptOutcome = { status: 200, rejected: 0, message: "" };

function answer(rejected: number): AcceptOutcome {
  if (rejected === 0) return nothingRejected;
  const message = `${rejected} records rejected: no time or over 10 min ahead of this clock, a bad id, or a value or shape that the data model forbids`;
  return { status: 200, rejected, message };
}

export function createIntake(options: IntakeOptions): Intake {
  const { accumulate, writer, clock } = options;
  const limits = { ...defaultIntakeLimits, ...options.limits };
  const otlp = options.otlp ?? defaultOtlpLimits;
  const digests = new Map<string, Instant>();
  const offsets = new TakenOffsets(writer.offsets());
  const { whenWritten, flush } = createGroupCommit({
    ...limits,
    failed: options.failed,
    write: () => {
      writer.commit({
        ...accumulate.drain(),
        digests: [...digests].map(([digest, at]) => ({ digest, at })),
        offsets: offsets.drain(),
      });
      digests.clear();
    },
  });

  return {
    accept: async (body) => {
      const plain = decompressBody(body, otlp);
      if (!plain.ok) return plain.error;
      const digest = bodyDigest(plain.value);
      if (digests.has(digest)) return whenWritten(nothingRejected);
      if (writer.knowsDigest(digest)) return nothingRejected;
      options.betweenBodies?.();
      const now = clock.now();
      accumulate.begin(now);
      const visited = visitBody(plain.value, accumulate, otlp);
      if (!visited.ok) return visited.error;
      digests.set(digest, now);
      const { spans, points, logs } = accumulate.refused();
      return whenWritten(answer(visited.value.rejected + spans + points + logs));
    },
    take: async (messages) => {
      const from = offsets.nextOf(messages) ?? -Infinity;
      const parts = { accumulate, otlp, from, now: clock.now() };
      const outcome = takeMessages(messages, {
        ...parts,
        betweenBodies: () => options.betweenBodies?.(),
      });
      const next = Math.max(messages.next, from);
      offsets.advance(messages, next);
      return whenWritten({ ...outcome, next });
    },
    move: async (moves) => whenWritten(offsets.move(moves)),
    seal: (at) => {
      flush();
      accumulate.seal(at);
    },
    retain: (now, pinnedFrom) => {
      writer.forgetDigests(now - limits.digestMs);
      return writer.retain(now, pinnedFrom);
    },
    flush,
  };
}
