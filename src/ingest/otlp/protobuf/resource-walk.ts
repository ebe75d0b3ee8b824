import type { Observer, RejectReason } from "#engine/ports.ts";
import type { OtlpLimits } from "#ingest/otlp/limits.ts";
import type { PairReader } from "./any-value.ts";
import type { ResourceHandles } from "./resource-handles.ts";
import type { Wire } from "./wire.ts";

/** What the walks of the three signals share. */
export interface WalkParts {
  readonly wire: Wire;
  readonly pairs: PairReader;
  readonly resources: ResourceHandles;
  readonly observer: Observer;
  readonly limits: OtlpLimits;
  readonly reject: (signal: "span" | "point" | "log", reason: RejectReason) => void;
}

/** A repeated field number 1 or 2 that holds messages: the frame of every OTLP request. */
export const firstTag = (1 << 3) | 2;
export const secondTag = (2 << 3) | 2;

/**
 * Walks a request down to its scopes: the resource of each group is found before its scopes are walked, wherever it stands
 * among them (the Collector writes it last). `scope` is called with the cursor at the start of a Scope… message; it may
 * leave the cursor anywhere.
 */
export function walkResources(parts: WalkParts, scope: (resource: number, end: number) => void): void {
  const { wire } = parts;
  const end = wire.bytes.length;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== firstTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    const stop = wire.at + length;
    walkGroup(parts, stop, scope);
    wire.at = stop;
  }
}

function walkGroup(parts: WalkParts, end: number, scope: (resource: number, end: number) => void): void {
  const { wire } = parts;
  const start = wire.at;
  let resourceStart = start;
  let resourceEnd = start;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== firstTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    resourceStart = wire.at;
    wire.at += length;
    resourceEnd = wire.at;
  }
  const handle = parts.resources.handle(wire, parts.pairs, resourceStart, resourceEnd);
  wire.at = start;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== secondTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    const stop = wire.at + length;
    scope(handle, stop);
    wire.at = stop;
  }
}
