import type { SpanView } from "#engine/ports.ts";
import { clearSlots, emptySlots } from "./attribute-slots.ts";
import { isSpanId, traceHashAt } from "./ids.ts";
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

/** Tells the spans of a traces request. */
export class SpanWalk {
  readonly #parts: WalkParts;
  readonly #span: SpanView = {
    attributes: emptySlots(),
    resource: 0,
    kind: 0,
    name: 0,
    start: 0,
    end: 0,
    durationSeconds: 0,
    status: 0,
    traceHash: 0,
    sampledShare: 1,
  };
  #hasSpanId = false;
  #slotsDirty = false;
  #startLow = 0;
  #startHigh = 0;
  #endLow = 0;
  #endHigh = 0;

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
      this.#read(stop);
      this.#tell();
    }
  };

  #reset(): void {
    const span = this.#span;
    if (this.#slotsDirty) clearSlots(span.attributes);
    this.#slotsDirty = false;
    span.kind = 0;
    span.name = 0;
    span.status = 0;
    span.traceHash = 0;
    span.sampledShare = 1;
    this.#hasSpanId = false;
    this.#startLow = 0;
    this.#startHigh = 0;
    this.#endLow = 0;
    this.#endHigh = 0;
  }

  #read(end: number): void {
    const { wire, observer } = this.#parts;
    const span = this.#span;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case startTag:
          wire.fixed64();
          this.#startLow = wire.low;
          this.#startHigh = wire.high;
          break;
        case endTag:
          wire.fixed64();
          this.#endLow = wire.low;
          this.#endHigh = wire.high;
          break;
        case kindTag:
          span.kind = wire.varint32();
          break;
        case traceIdTag:
        case spanIdTag:
        case traceStateTag:
        case nameTag:
        case attributeTag:
        case statusTag: {
          const length = wire.varint32();
          const start = wire.at;
          const stop = start + length;
          if (tag === attributeTag) this.#attribute(stop);
          else if (tag === nameTag) span.name = observer.interner.fromBytes(wire.bytes, start, stop);
          else if (tag === traceIdTag) span.traceHash = traceHashAt(wire.view, start, stop);
          else if (tag === spanIdTag) this.#hasSpanId = isSpanId(wire.view, start, stop);
          else if (tag === statusTag) this.#status(stop);
          else span.sampledShare = sampledShareAt(wire.view, start, stop);
          wire.at = stop;
          break;
        }
        default:
          wire.skip(tag);
      }
    }
  }

  #attribute(end: number): void {
    const { pairs, observer } = this.#parts;
    pairs.pair(end);
    if (pairs.intoSlot(this.#span.attributes, observer.interner)) this.#slotsDirty = true;
  }

  #status(end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === statusCodeTag) this.#span.status = wire.varint32();
      else wire.skip(tag);
    }
  }

  #tell(): void {
    const { observer, reject } = this.#parts;
    const span = this.#span;
    if (span.traceHash === 0 || !this.#hasSpanId) {
      reject("span", "badId");
      return;
    }
    if ((this.#endLow | this.#endHigh) === 0) {
      reject("span", "noTime");
      return;
    }
    const startLow = this.#startLow >>> 0;
    const endLow = this.#endLow >>> 0;
    const startHigh = this.#startHigh >>> 0;
    const endHigh = this.#endHigh >>> 0;
    span.start = (startHigh * 4294967296 + startLow) / nanosPerMs;
    span.end = (endHigh * 4294967296 + endLow) / nanosPerMs;
    // The halves are subtracted before they are joined: the epoch alone would round to 256 ns.
    span.durationSeconds = ((endHigh - startHigh) * 4294967296 + (endLow - startLow)) / nanosPerSecond;
    observer.span(span);
  }
}
