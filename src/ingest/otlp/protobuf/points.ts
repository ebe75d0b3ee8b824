/* eslint-disable max-lines -- the four kinds of data point share their fields and their view, and read best beside each other */
import type { PointView } from "#engine/ports.ts";
import { clearSlots, emptySlots } from "./attribute-slots.ts";
import { GrowingNumbers } from "./growing-numbers.ts";
import { PairHash } from "./hash.ts";
import { hashPair } from "./hash-pair.ts";
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
  readonly #parts: WalkParts;
  readonly #hash = new PairHash();
  readonly #bounds: GrowingNumbers;
  readonly #counts: GrowingNumbers;
  #hasValue = false;
  /** One bit for each slot that is filled. */
  #filled = 0;
  #hashHigh = 0;
  #hashLow = 0;
  #negativeCount = 0;

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#bounds = new GrowingNumbers(parts.limits.pointBuckets);
    this.#counts = new GrowingNumbers(parts.limits.pointBuckets);
    // Doubles start as NaN, so that the engine keeps them in place instead of one new object a record.
    this.view = {
      attributes: emptySlots(),
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

  /** Reads the point from the cursor to `end`; name, type and temporality of the metric are already in the view. */
  point(end: number): void {
    this.#reset();
    switch (this.view.type) {
      case "gauge":
      case "sum":
        this.#number(end);
        break;
      case "summary":
        this.#summary(end);
        break;
      case "histogram":
        this.#explicit(end);
        break;
      case "exponentialHistogram":
        this.#exponential(end);
    }
    this.#tell();
  }

  #reset(): void {
    const view = this.view;
    clearSlots(view.attributes, this.#filled);
    this.#filled = 0;
    this.#hashHigh = this.scopeHigh;
    this.#hashLow = this.scopeLow;
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

  #number(end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case field4Tag:
          wire.double();
          this.view.value = wire.real;
          this.#hasValue = true;
          break;
        case number.asInt:
          wire.fixed64();
          this.view.value = wire.signed();
          this.#hasValue = true;
          break;
        case number.attribute:
          this.#attribute();
          break;
        case number.flags:
          this.#flags();
          break;
        default:
          this.#time(tag);
      }
    }
  }

  #summary(end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === number.attribute) this.#attribute();
      else if (tag === number.flags) this.#flags();
      else this.#countAndSum(tag);
    }
  }

  #explicit(end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case explicit.count:
          wire.fixed64();
          this.#counts.add(wire.unsigned());
          break;
        case explicit.counts: {
          const length = wire.varint32();
          const stop = wire.at + length;
          while (wire.at < stop) {
            wire.fixed64();
            this.#counts.add(wire.unsigned());
          }
          break;
        }
        case explicit.bound:
          wire.double();
          this.#bounds.add(wire.real);
          break;
        case explicit.bounds: {
          const length = wire.varint32();
          const stop = wire.at + length;
          while (wire.at < stop) {
            wire.double();
            this.#bounds.add(wire.real);
          }
          break;
        }
        case explicit.attribute:
          this.#attribute();
          break;
        case explicit.flags:
          this.#flags();
          break;
        default:
          this.#countAndSum(tag);
      }
    }
  }

  #exponential(end: number): void {
    const { wire } = this.#parts;
    const view = this.view;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case exponential.scale:
          view.scale = unzigzag(wire.varint32());
          break;
        case exponential.zeroCount:
          wire.fixed64();
          view.zeroCount = wire.unsigned();
          break;
        case exponential.zeroThreshold:
          wire.double();
          view.zeroThreshold = wire.real;
          break;
        case exponential.positive:
        case exponential.negative: {
          const length = wire.varint32();
          this.#buckets(tag === exponential.positive, wire.at + length);
          break;
        }
        case exponential.attribute:
          this.#attribute();
          break;
        case exponential.flags:
          this.#flags();
          break;
        default:
          this.#countAndSum(tag);
      }
    }
  }

  #buckets(positive: boolean, end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === buckets.offset) {
        const offset = unzigzag(wire.varint32());
        if (positive) this.view.offset = offset;
      } else if (tag === buckets.count || tag === buckets.counts) {
        const stop = tag === buckets.counts ? wire.varint32() + wire.at : wire.at + 1;
        while (wire.at < stop) {
          wire.varint64();
          if (positive) this.#counts.add(wire.unsigned());
          else this.#negativeCount += wire.unsigned();
        }
      } else wire.skip(tag);
    }
  }

  #countAndSum(tag: number): void {
    const { wire } = this.#parts;
    if (tag === field4Tag) {
      wire.fixed64();
      this.view.count = wire.unsigned();
    } else if (tag === sumTag) {
      wire.double();
      this.view.sum = wire.real;
    } else this.#time(tag);
  }

  #time(tag: number): void {
    const { wire } = this.#parts;
    if (tag !== startTag && tag !== timeTag) {
      wire.skip(tag);
      return;
    }
    wire.fixed64();
    const instant = wire.unsigned() / nanosPerMs;
    if (tag === timeTag) this.view.time = instant;
    else this.view.start = instant;
  }

  #flags(): void {
    this.view.noRecordedValue = (this.#parts.wire.varint32() & 1) !== 0;
  }

  #attribute(): void {
    const { wire, pairs, observer } = this.#parts;
    const length = wire.varint32();
    const stop = wire.at + length;
    pairs.pair(stop);
    this.#filled |= pairs.fill(this.view.attributes, observer.interner);
    hashPair(pairs, wire, this.#hash);
    this.#hashHigh = (this.#hashHigh + this.#hash.high) | 0;
    this.#hashLow = (this.#hashLow + this.#hash.low) | 0;
    wire.at = stop;
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
    view.bounds = this.#bounds.numbers;
    view.boundsLength = this.#bounds.length;
    view.counts = this.#counts.numbers;
    view.countsLength = this.#counts.length;
    view.hasNegative = this.#negativeCount > 0;
    view.attributesHashHigh = this.#hashHigh >>> 0;
    view.attributesHashLow = this.#hashLow >>> 0;
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
