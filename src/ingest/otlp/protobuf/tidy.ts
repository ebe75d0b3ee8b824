import type { FieldPlan, MessagePlan } from "#ingest/otlp/schema.ts";
import { Wire } from "./wire.ts";

interface Piece {
  readonly field: FieldPlan | undefined;
  /** The payload of a message, or the whole field with its tag. */
  bytes: Uint8Array;
}

/**
 * Rewrites a checked body in which singular messages came in several pieces, or members of a oneof alternate, into
 * one where each stands once, as the protobuf encoding guide merges them: pieces of one message are concatenated, repeated
 * fields append, and in a oneof the last member wins, merged with its own pieces only. Unread fields are dropped.
 * Rare, so it may allocate; the visitor then never has to think of it.
 */
export function tidy(bytes: Uint8Array, plan: MessagePlan): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const piece of piecesOf(bytes, plan)) {
    const message = piece.field?.message;
    if (piece.field === undefined || message === null || message === undefined) {
      parts.push(piece.bytes);
      continue;
    }
    const inner = tidy(piece.bytes, message);
    parts.push(varint(piece.field.number * 8 + 2), varint(inner.length), inner);
  }
  return concatenated(parts);
}

function piecesOf(bytes: Uint8Array, plan: MessagePlan): readonly Piece[] {
  const wire = new Wire();
  wire.open(bytes);
  let pieces: Piece[] = [];
  while (wire.at < bytes.length) {
    const start = wire.at;
    const tag = wire.varint32();
    const field = plan.byNumber[tag >>> 3];
    if (field === undefined) {
      wire.skip(tag);
      continue;
    }
    if (field.oneof) pieces = pieces.filter((piece) => piece.field === field || piece.field?.oneof !== true);
    if (field.message === null) {
      wire.skip(tag);
      pieces.push({ field, bytes: bytes.subarray(start, wire.at) });
      continue;
    }
    const length = wire.varint32();
    const payload = bytes.subarray(wire.at, wire.at + length);
    wire.at += length;
    const standing = field.repeated ? undefined : pieces.find((piece) => piece.field === field);
    if (standing === undefined) pieces.push({ field, bytes: payload });
    else standing.bytes = concatenated([standing.bytes, payload]);
  }
  return pieces;
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
