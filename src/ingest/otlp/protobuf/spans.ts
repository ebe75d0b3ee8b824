import { readAttributes, type SpanView } from "#engine/ports.ts";
import { clearSlots, emptySlots } from "./attribute-slots.ts";
import { isSpanId, takeTraceHash } from "./ids.ts";
import { secondTag, walkResources, type WalkParts } from "./resource-walk.ts";
import { sampledShareAt } from "./sampled-share.ts";

const traceIdTag = (1 << 3) | 2;
const spanIdTag = (2 << 3) | 2;
const traceStateTag = (3 << 3) | 2;
const nameTag = (5 << 3) | 2;
const kindTag = 6 << 3;
const startTag = (7 << 3) | 1;
const endTag = (8 << 3) | 1;
const attributeTag = (9 << 3) | 2;
const statusTag = (15 << 3) | 2;
const statusCodeTag = 3 << 3;
const nanosPerMs = 1e6;
const nanosPerSecond = 1e9;

const routeBit = 1 << readAttributes.indexOf("http.route");
const pathBits = (1 << readAttributes.indexOf("url.path")) | (1 << readAttributes.indexOf("http.target"));

/** Tells the spans of a traces request. */
export class SpanWalk {
  readonly #parts: WalkParts;
  // Doubles start as NaN, so that the engine keeps them in place instead of one new object a record.
  readonly #span: SpanView = {
    attributes: emptySlots(),
    resource: 0,
    kind: 0,
    name: 0,
    start: NaN,
    end: NaN,
    durationSeconds: NaN,
    status: 0,
    traceHash: NaN,
    sampledShare: NaN,
  };
  #hasSpanId = false;
  /** One bit for each slot that is filled, and where its value stands: texts are interned once the whole span is known. */
  #filled = 0;
  readonly #members = new Int32Array(readAttributes.length);
  readonly #starts = new Int32Array(readAttributes.length);
  readonly #ends = new Int32Array(readAttributes.length);
  #nameStart = 0;
  #nameEnd = 0;
  /** Of the first attribute; and the end of the last, 0 where there is none. */
  #attributesStart = 0;
  #firstAttributeEnd = 0;
  #attributesEnd = 0;
  /** Where the times stand, -1 where they are missing. */
  #startAt = -1;
  #endAt = -1;

  constructor(parts: WalkParts) {
    this.#parts = parts;
  }

  /** Walks the request that the wire holds. */
  request(): void {
    walkResources(this.#parts, this.#scope);
  }

  readonly #scope = (resource: number, end: number): void => {
    const { wire } = this.#parts;
    this.#span.resource = resource;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== secondTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      const stop = wire.at + length;
      this.#reset();
      this.#read(wire.at, stop);
      this.#tell();
      wire.at = stop;
    }
  };

  #reset(): void {
    const span = this.#span;
    clearSlots(span.attributes, this.#filled);
    this.#filled = 0;
    this.#nameStart = 0;
    this.#nameEnd = 0;
    this.#attributesEnd = 0;
    span.kind = 0;
    span.status = 0;
    span.traceHash = 0;
    span.sampledShare = 1;
    this.#hasSpanId = false;
    this.#startAt = -1;
    this.#endAt = -1;
  }

  /** Finds the parts of the span in [start, end). The cursor is a local number here: this loop sees most of a body's bytes. */
  #read(start: number, end: number): void {
    const { wire } = this.#parts;
    const view = wire.view;
    let at = start;
    while (at < end) {
      let tag = view.getUint8(at);
      at += 1;
      if (tag >= 0x80) {
        wire.at = at - 1;
        tag = wire.varint32();
        at = wire.at;
      }
      switch (tag & 7) {
        case 1:
          if (tag === startTag) this.#startAt = at;
          else if (tag === endTag) this.#endAt = at;
          at += 8;
          break;
        case 2: {
          let length = view.getUint8(at);
          at += 1;
          if (length >= 0x80) {
            wire.at = at - 1;
            length = wire.varint32();
            at = wire.at;
          }
          this.#part(tag, at, at + length);
          at += length;
          break;
        }
        default:
          wire.at = at;
          if (tag === kindTag) this.#span.kind = wire.varint32();
          else wire.skip(tag);
          at = wire.at;
      }
    }
  }

  /** Takes a part that fills [start, stop). */
  #part(tag: number, start: number, stop: number): void {
    switch (tag) {
      case attributeTag:
        if (this.#attributesEnd === 0) {
          this.#attributesStart = start;
          this.#firstAttributeEnd = stop;
        }
        this.#attributesEnd = stop;
        break;
      case nameTag:
        this.#nameStart = start;
        this.#nameEnd = stop;
        break;
      case traceIdTag:
        takeTraceHash(this.#span, this.#parts.wire.view, start, stop);
        break;
      case spanIdTag:
        this.#hasSpanId = isSpanId(this.#parts.wire.view, start, stop);
        break;
      case traceStateTag:
        this.#span.sampledShare = sampledShareAt(this.#parts.wire.view, start, stop);
        break;
      case statusTag:
        this.#status(start, stop);
        break;
      default:
    }
  }

  /** Reads the attributes from where the first begins, behind its tag and length, to the end of the last. */
  #attributes(): void {
    const { wire } = this.#parts;
    const end = this.#attributesEnd;
    let start = this.#attributesStart;
    let stop = this.#firstAttributeEnd;
    for (;;) {
      this.#attribute(start, stop);
      if (stop >= end) return;
      wire.at = stop;
      for (let tag = wire.varint32(); tag !== attributeTag; tag = wire.varint32()) wire.skip(tag);
      const length = wire.varint32();
      start = wire.at;
      stop = start + length;
    }
  }

  #attribute(start: number, end: number): void {
    const { pairs } = this.#parts;
    const slot = pairs.readPair(start, end);
    if (slot < 0) return;
    this.#filled |= 1 << slot;
    this.#members[slot] = pairs.member;
    this.#starts[slot] = pairs.start;
    this.#ends[slot] = pairs.end;
  }

  /** Reads the name and the attributes, but for what the observer leaves unread: known only once the kind is. */
  #fill(): void {
    const { wire, pairs, observer } = this.#parts;
    const { unread, interner } = observer;
    const span = this.#span;
    span.name = 0;
    if (unread !== undefined && ((unread.spanKinds >> span.kind) & 1) !== 0) return;
    span.name = interner.fromView(wire.view, this.#nameStart, this.#nameEnd);
    if (this.#attributesEnd !== 0) this.#attributes();
    if (unread?.pathBesideRoute === true && (this.#filled & routeBit) !== 0) this.#filled &= ~pathBits;
    for (let rest = this.#filled; rest !== 0;) {
      const slot = 31 - Math.clz32(rest);
      pairs.member = this.#members[slot] ?? 0;
      pairs.start = this.#starts[slot] ?? 0;
      pairs.end = this.#ends[slot] ?? 0;
      pairs.intoSlot(span.attributes, interner, slot);
      rest ^= 1 << slot;
    }
  }

  #status(start: number, end: number): void {
    const { wire } = this.#parts;
    wire.at = start;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === statusCodeTag) this.#span.status = wire.varint32();
      else wire.skip(tag);
    }
  }

  #tell(): void {
    const { observer, reject, wire } = this.#parts;
    const { view } = wire;
    const span = this.#span;
    if (span.traceHash === 0 || !this.#hasSpanId) {
      reject("span", "badId");
      return;
    }
    const endLow = this.#endAt < 0 ? 0 : view.getUint32(this.#endAt, true);
    const endHigh = this.#endAt < 0 ? 0 : view.getUint32(this.#endAt + 4, true);
    if ((endLow | endHigh) === 0) {
      reject("span", "noTime");
      return;
    }
    this.#fill();
    const startLow = this.#startAt < 0 ? 0 : view.getUint32(this.#startAt, true);
    const startHigh = this.#startAt < 0 ? 0 : view.getUint32(this.#startAt + 4, true);
    span.start = (startHigh * 4294967296 + startLow) / nanosPerMs;
    span.end = (endHigh * 4294967296 + endLow) / nanosPerMs;
    // The halves are subtracted before they are joined: the epoch alone would round to 256 ns.
    span.durationSeconds = ((endHigh - startHigh) * 4294967296 + (endLow - startLow)) / nanosPerSecond;
    observer.span(span);
  }
}
