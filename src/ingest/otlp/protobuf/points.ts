import type { PointView } from "#engine/ports.ts";
import { emptySlots } from "./attribute-slots.ts";
import { AttributeSets } from "./attribute-sets.ts";
import { GrowingNumbers } from "./growing-numbers.ts";
import type { WalkParts } from "./resource-walk.ts";
import { unzigzag } from "./wire.ts";

const nanosPerMs = 1e6;
const fixed64 = 1;
const delimited = 2;

// Fields 2 to 5 mean the same in every kind of data point, but for field 4.
const startTag = (2 << 3) | fixed64;
const timeTag = (3 << 3) | fixed64;
const field4Tag = (4 << 3) | fixed64;
const sumTag = (5 << 3) | fixed64;

const number = { asInt: (6 << 3) | fixed64, attribute: (7 << 3) | delimited, flags: 8 << 3 } as const;
const explicit = {
  count: (6 << 3) | fixed64,
  counts: (6 << 3) | delimited,
  bound: (7 << 3) | fixed64,
  bounds: (7 << 3) | delimited,
  attribute: (9 << 3) | delimited,
  flags: 10 << 3,
} as const;
const exponential = {
  attribute: (1 << 3) | delimited,
  scale: 6 << 3,
  zeroCount: (7 << 3) | fixed64,
  positive: (8 << 3) | delimited,
  negative: (9 << 3) | delimited,
  flags: 10 << 3,
  zeroThreshold: (14 << 3) | fixed64,
} as const;
const buckets = { offset: 1 << 3, count: 2 << 3, counts: (2 << 3) | delimited } as const;

/** Reads one data point of any kind into the reused view, and tells or rejects it. */
export class PointReader {
  readonly view: PointView;
  /** Hash of the scope's name, under which the attributes are summed. */
  scopeHigh = 0;
  scopeLow = 0;
  /** False where the observer reads no more of a point than that it is there, and when. */
  isRead = true;
  readonly #parts: WalkParts;
  readonly #sets: AttributeSets;
  readonly #bounds: GrowingNumbers;
  readonly #counts: GrowingNumbers;
  #hasValue = false;
  /** From the tag of the first attribute to the end of the last, 0 where there is none. */
  #attributeTag = 0;
  #attributesStart = 0;
  #attributesEnd = 0;
  /** True where something else stands between the attributes. */
  #areApart = false;
  #negativeCount = 0;

  constructor(parts: WalkParts) {
    const { observer, limits } = parts;
    this.#parts = parts;
    this.#bounds = new GrowingNumbers(limits.pointBuckets);
    this.#counts = new GrowingNumbers(limits.pointBuckets);
    this.#sets = new AttributeSets({ ...parts, interner: observer.interner }, emptySlots());
    // Doubles start as NaN, so that the engine keeps them in place instead of one new object a record.
    this.view = {
      attributes: this.#sets.slots,
      resource: 0,
      metric: 0,
      unit: 0,
      type: "gauge",
      temporality: 0,
      monotonic: false,
      start: NaN,
      time: NaN,
      noRecordedValue: false,
      value: NaN,
      count: NaN,
      sum: NaN,
      bounds: this.#bounds.numbers,
      boundsLength: 0,
      scale: 0,
      zeroCount: NaN,
      zeroThreshold: NaN,
      offset: 0,
      counts: this.#counts.numbers,
      countsLength: 0,
      hasNegative: false,
      attributesHashHigh: 0,
      attributesHashLow: 0,
    };
  }

  /** To be called before each body. */
  startBody(): void {
    this.#sets.startBody();
  }

  /** Reads the point in [start, end); name, type and temporality of the metric are already in the view. */
  point(start: number, end: number): void {
    this.#reset();
    const { wire } = this.#parts;
    const view = wire.view;
    let at = start;
    while (at < end) {
      const from = at;
      let tag = view.getUint8(at);
      at += 1;
      if (tag >= 0x80) {
        wire.at = from;
        tag = wire.varint32();
        at = wire.at;
      }
      switch (tag & 7) {
        case fixed64:
          this.#fixed(tag, at);
          at += 8;
          break;
        case delimited: {
          let length = view.getUint8(at);
          at += 1;
          if (length >= 0x80) {
            wire.at = at - 1;
            length = wire.varint32();
            at = wire.at;
          }
          wire.at = at;
          at += length;
          this.#part(tag, from, at);
          break;
        }
        default:
          wire.at = at;
          this.#small(tag);
          at = wire.at;
      }
    }
    this.#tell();
  }

  #reset(): void {
    const view = this.view;
    this.#attributesEnd = 0;
    this.#areApart = false;
    this.#hasValue = false;
    this.#negativeCount = 0;
    this.#bounds.clear();
    this.#counts.clear();
    view.start = 0;
    view.time = 0;
    view.noRecordedValue = false;
    view.value = NaN;
    view.count = 0;
    view.sum = NaN;
    view.scale = 0;
    view.zeroCount = 0;
    view.zeroThreshold = 0;
    view.offset = 0;
  }

  /** Takes eight bytes that stand at `at`. */
  #fixed(tag: number, at: number): void {
    const { view: bytes } = this.#parts.wire;
    const view = this.view;
    if (tag === timeTag) view.time = unsignedAt(bytes, at) / nanosPerMs;
    else if (tag === startTag) view.start = unsignedAt(bytes, at) / nanosPerMs;
    else if (view.type === "gauge" || view.type === "sum") this.#numberValue(tag, at);
    else if (tag === field4Tag) view.count = unsignedAt(bytes, at);
    else if (tag === sumTag) view.sum = bytes.getFloat64(at, true);
    else if (view.type === "histogram") {
      if (tag === explicit.count) this.#counts.add(unsignedAt(bytes, at));
      else if (tag === explicit.bound) this.#bounds.add(bytes.getFloat64(at, true));
    } else if (view.type === "exponentialHistogram") {
      if (tag === exponential.zeroCount) view.zeroCount = unsignedAt(bytes, at);
      else if (tag === exponential.zeroThreshold) view.zeroThreshold = bytes.getFloat64(at, true);
    }
  }

  #numberValue(tag: number, at: number): void {
    const { view: bytes } = this.#parts.wire;
    if (tag === field4Tag) this.view.value = bytes.getFloat64(at, true);
    else if (tag === number.asInt)
      this.view.value = bytes.getInt32(at + 4, true) * 4294967296 + bytes.getUint32(at, true);
    else return;
    this.#hasValue = true;
  }

  /** Takes a part with a length, whose tag stands at `from` and whose content from the cursor to `stop`. */
  #part(tag: number, from: number, stop: number): void {
    switch (this.view.type) {
      case "gauge":
      case "sum":
      case "summary":
        if (tag === number.attribute) this.#attribute(tag, from, stop);
        break;
      case "histogram":
        if (tag === explicit.counts) this.#fixedCounts(stop);
        else if (tag === explicit.bounds) this.#fixedBounds(stop);
        else if (tag === explicit.attribute) this.#attribute(tag, from, stop);
        break;
      case "exponentialHistogram":
        if (tag === exponential.attribute) this.#attribute(tag, from, stop);
        else if (tag === exponential.positive) this.#buckets(true, stop);
        else if (tag === exponential.negative) this.#buckets(false, stop);
    }
  }

  #fixedCounts(stop: number): void {
    const { wire } = this.#parts;
    if (!this.isRead) this.#counts.pass((stop - wire.at) / 8);
    else for (let at = wire.at; at < stop; at += 8) this.#counts.add(unsignedAt(wire.view, at));
  }

  #fixedBounds(stop: number): void {
    const { wire } = this.#parts;
    if (!this.isRead) this.#bounds.pass((stop - wire.at) / 8);
    else for (let at = wire.at; at < stop; at += 8) this.#bounds.add(wire.view.getFloat64(at, true));
  }

  #buckets(positive: boolean, end: number): void {
    const { wire, limits } = this.#parts;
    // A bucket takes a byte at least: so few bytes cannot hold too many.
    if (!this.isRead && end - wire.at <= limits.pointBuckets) return;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === buckets.offset) {
        const offset = unzigzag(wire.varint32());
        if (positive) this.view.offset = offset;
      } else if (tag === buckets.count || tag === buckets.counts) {
        const length = tag === buckets.counts ? wire.varint32() : 1;
        this.#varintCounts(positive, wire.at + length);
      } else wire.skip(tag);
    }
  }

  /** Takes the varints from the cursor on that begin before `stop`; nearly all are of one byte or two. */
  #varintCounts(positive: boolean, stop: number): void {
    const { wire } = this.#parts;
    const { view } = wire;
    let at = wire.at;
    while (at < stop) {
      const first = view.getUint8(at);
      const second = first < 0x80 ? 0 : view.getUint8(at + 1);
      let count = (first & 0x7f) | (second << 7);
      if (first < 0x80) at += 1;
      else if (second < 0x80) at += 2;
      else {
        wire.at = at;
        wire.varint64();
        count = wire.unsigned();
        at = wire.at;
      }
      if (positive) this.#counts.add(count);
      else this.#negativeCount += count;
    }
    wire.at = at;
  }

  /** Takes a varint or four bytes at the cursor, and leaves the cursor behind them. */
  #small(tag: number): void {
    const { wire } = this.#parts;
    const { type } = this.view;
    const isHistogram = type === "histogram" || type === "exponentialHistogram";
    if (tag === (isHistogram ? explicit.flags : number.flags))
      this.view.noRecordedValue = (wire.varint32() & 1) !== 0;
    else if (tag === exponential.scale && type === "exponentialHistogram")
      this.view.scale = unzigzag(wire.varint32());
    else wire.skip(tag);
  }

  #attribute(tag: number, from: number, stop: number): void {
    if (this.#attributesEnd === 0) this.#attributesStart = from;
    else if (from !== this.#attributesEnd) this.#areApart = true;
    this.#attributeTag = tag;
    this.#attributesEnd = stop;
  }

  #takeAttributes(): void {
    const sets = this.#sets;
    if (this.#attributesEnd === 0) sets.takeNone();
    else if (this.#areApart) sets.read(this.#attributeTag, this.#attributesStart, this.#attributesEnd);
    else sets.take(this.#attributeTag, this.#attributesStart, this.#attributesEnd);
    this.view.attributesHashHigh = (this.scopeHigh + sets.high) >>> 0;
    this.view.attributesHashLow = (this.scopeLow + sets.low) >>> 0;
  }

  #tell(): void {
    const { observer, reject } = this.#parts;
    const view = this.view;
    if (view.time === 0) {
      reject("point", "noTime");
      return;
    }
    if (!this.#shapeHolds()) {
      reject("point", "shape");
      return;
    }
    if (this.isRead) this.#takeAttributes();
    view.bounds = this.#bounds.numbers;
    view.boundsLength = this.#bounds.length;
    view.counts = this.#counts.numbers;
    view.countsLength = this.#counts.length;
    view.hasNegative = this.#negativeCount > 0;
    observer.point(view);
  }

  /** A number that is there, and buckets within the limit that fit their bounds (both may be left out together). */
  #shapeHolds(): boolean {
    const { type, noRecordedValue } = this.view;
    if (this.#bounds.overflowed || this.#counts.overflowed) return false;
    if (type === "gauge" || type === "sum") return this.#hasValue || noRecordedValue;
    if (type !== "histogram") return true;
    return this.#counts.length === 0
      ? this.#bounds.length === 0
      : this.#counts.length === this.#bounds.length + 1;
  }
}

/** Eight little-endian bytes as an unsigned number, to the nearest double. */
function unsignedAt(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 4294967296 + view.getUint32(at, true);
}
