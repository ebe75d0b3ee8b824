import { logAttributes, type LogAttribute, type LogContent } from "#engine/log-content.ts";
import type { OtlpLimits } from "#ingest/otlp/limits.ts";
import { itemTag, memberTags } from "./any-value.ts";
import { firstTag, type WalkParts } from "./resource-walk.ts";

const attributesTag = (6 << 3) | 2;
const idBytes = 16;
const placeOf: ReadonlyMap<string, number> = new Map(logAttributes.map((name, place) => [name, place]));
const keyLengths: ReadonlySet<number> = new Set(logAttributes.map((name) => name.length));
const { stringTag, boolTag, intTag, doubleTag, arrayTag, mapTag } = memberTags;

/** The texts of the record at hand, by their places in the bytes: nothing is decoded before it is asked for. */
export class WireContent implements LogContent {
  isCut = false;
  /** Of the message around the records; set by the walk for each. */
  scopeStart = 0;
  scopeEnd = 0;
  recordStart = 0;
  recordEnd = 0;
  /** 0, 0 where the record has none. */
  bodyStart = 0;
  bodyEnd = 0;
  levelStart = 0;
  levelEnd = 0;
  eventStart = 0;
  eventEnd = 0;
  traceStart = 0;
  traceEnd = 0;
  readonly #parts: WalkParts;
  readonly #limits: Pick<OtlpLimits, "logBodyBytes" | "logBodyValues">;
  readonly #attributes = new Int32Array(2 * logAttributes.length);
  #attributesOf = -1;
  #scopeOf = -1;
  #scope = "";
  #bytes: Uint8Array | null = null;
  #buffer: Buffer = Buffer.alloc(0);
  #bytesLeft = 0;
  #valuesLeft = 0;

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#limits = parts.limits;
  }

  /** To be called for each request: places are of its bytes. */
  open(): void {
    this.#attributesOf = -1;
    this.#scopeOf = -1;
    this.#bytes = null;
  }

  /** To be called for each record, before its fields are found. */
  begin(start: number, end: number): void {
    this.isCut = false;
    this.recordStart = start;
    this.recordEnd = end;
    this.bodyStart = this.bodyEnd = 0;
    this.levelStart = this.levelEnd = 0;
    this.eventStart = this.eventEnd = 0;
    this.traceStart = this.traceEnd = 0;
  }

  body(): unknown {
    if (this.bodyEnd === this.bodyStart) return null;
    this.#bytesLeft = this.#limits.logBodyBytes;
    this.#valuesLeft = this.#limits.logBodyValues;
    return this.#returning(() => this.#value(this.bodyStart, this.bodyEnd));
  }

  level(): string {
    return this.#text(this.levelStart, this.levelEnd);
  }

  event(): string {
    return this.#text(this.eventStart, this.eventEnd);
  }

  scope(): string {
    if (this.#scopeOf === this.scopeStart) return this.#scope;
    this.#scopeOf = this.scopeStart;
    this.#scope = this.#returning(() => this.#scopeName());
    return this.#scope;
  }

  attribute(name: LogAttribute): string {
    if (this.#attributesOf !== this.recordStart) this.#findAttributes();
    const place = 2 * (placeOf.get(name) ?? 0);
    return this.#text(this.#attributes[place] ?? 0, this.#attributes[place + 1] ?? 0);
  }

  traceId(): string | null {
    if (this.traceEnd - this.traceStart !== idBytes) return null;
    const id = this.#hold().toString("hex", this.traceStart, this.traceEnd);
    return /[^0]/.test(id) ? id : null;
  }

  /** Runs a read that moves the cursor, and puts it back. */
  #returning<T>(read: () => T): T {
    const { wire } = this.#parts;
    const back = wire.at;
    try {
      return read();
    } finally {
      wire.at = back;
    }
  }

  #hold(): Buffer {
    const { bytes } = this.#parts.wire;
    if (this.#bytes !== bytes) {
      this.#bytes = bytes;
      this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    return this.#buffer;
  }

  #text(start: number, end: number): string {
    if (end <= start) return "";
    const { logBodyBytes } = this.#limits;
    if (end - start > logBodyBytes) this.isCut = true;
    return this.#hold().toString("utf8", start, Math.min(end, start + logBodyBytes));
  }

  #scopeName(): string {
    const { wire } = this.#parts;
    let name = "";
    wire.at = this.scopeStart;
    while (wire.at < this.scopeEnd) {
      const tag = wire.varint32();
      if (tag !== firstTag) {
        wire.skip(tag);
        continue;
      }
      const end = wire.varint32() + wire.at;
      while (wire.at < end) {
        const inner = wire.varint32();
        if (inner !== firstTag) {
          wire.skip(inner);
          continue;
        }
        const length = wire.varint32();
        name = this.#text(wire.at, wire.at + length);
        wire.at += length;
      }
    }
    return name;
  }

  #findAttributes(): void {
    const { wire } = this.#parts;
    this.#attributesOf = this.recordStart;
    this.#attributes.fill(0);
    this.#returning(() => {
      wire.at = this.recordStart;
      while (wire.at < this.recordEnd) {
        const tag = wire.varint32();
        if (tag !== attributesTag) {
          wire.skip(tag);
          continue;
        }
        const length = wire.varint32();
        this.#takeAttribute(wire.at + length);
      }
    });
  }

  /** Keeps the place of a string that is read; where a key comes again, the last one stands. */
  #takeAttribute(end: number): void {
    const { pairs } = this.#parts;
    pairs.pair(end);
    if (!keyLengths.has(pairs.keyEnd - pairs.keyStart)) return;
    const place = placeOf.get(pairs.key());
    if (place === undefined) return;
    const isText = pairs.member === stringTag;
    this.#attributes[2 * place] = isText ? pairs.start : 0;
    this.#attributes[2 * place + 1] = isText ? pairs.end : 0;
  }

  /** A text of the body, as far as its bytes go. */
  #bodyText(start: number, end: number): string {
    const length = Math.min(end - start, this.#bytesLeft);
    if (length < end - start) this.isCut = true;
    this.#bytesLeft -= length;
    return length === 0 ? "" : this.#hold().toString("utf8", start, start + length);
  }

  #value(start: number, end: number): unknown {
    const { wire, pairs } = this.#parts;
    wire.at = start;
    pairs.value(end);
    return this.#member(pairs.member, pairs.start, pairs.end);
  }

  #member(member: number, start: number, end: number): unknown {
    const { wire } = this.#parts;
    wire.at = start;
    switch (member) {
      case stringTag:
        return this.#bodyText(start, end);
      case boolTag:
        wire.varint64();
        return (wire.low | wire.high) !== 0;
      case intTag:
        wire.varint64();
        return wire.signed();
      case doubleTag:
        wire.double();
        return wire.real;
      case arrayTag:
        return this.#items(end);
      case mapTag:
        return this.#fields(end);
      default:
        return null;
    }
  }

  #items(end: number): readonly unknown[] {
    const { wire } = this.#parts;
    const items: unknown[] = [];
    while (this.#nextItem(end)) {
      const length = wire.varint32();
      const stop = wire.at + length;
      items.push(this.#value(wire.at, stop));
      wire.at = stop;
    }
    return items;
  }

  #fields(end: number): Readonly<Record<string, unknown>> {
    const { wire, pairs } = this.#parts;
    const fields: [string, unknown][] = [];
    while (this.#nextItem(end)) {
      const length = wire.varint32();
      const stop = wire.at + length;
      pairs.pair(stop);
      const { member, start, end: memberEnd } = pairs;
      fields.push([this.#bodyText(pairs.keyStart, pairs.keyEnd), this.#member(member, start, memberEnd)]);
      wire.at = stop;
    }
    return Object.fromEntries(fields);
  }

  /** Goes to the next item of a list or map, if there is one and one more may be read. */
  #nextItem(end: number): boolean {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== itemTag) {
        wire.skip(tag);
        continue;
      }
      if (this.#valuesLeft > 0) {
        this.#valuesLeft -= 1;
        return true;
      }
      this.isCut = true;
      return false;
    }
    return false;
  }
}
