import type { MetricType } from "#engine/ports.ts";
import { PairHash } from "./hash.ts";
import { PointReader } from "./points.ts";
import { firstTag, secondTag, walkResources, type WalkParts } from "./resource-walk.ts";

const scopeNameTag = firstTag;
const nameTag = (1 << 3) | 2;
const unitTag = (3 << 3) | 2;
const gaugeTag = (5 << 3) | 2;
const sumTag = (7 << 3) | 2;
const histogramTag = (9 << 3) | 2;
const exponentialTag = (10 << 3) | 2;
const summaryTag = (11 << 3) | 2;
const temporalityTag = 2 << 3;
const monotonicTag = 3 << 3;
const scopeSeed = 0x510e527f;

/**
 * Tells the points of a metrics request. What a point needs from around it (scope, name, unit, temporality) is found by
 * passing over the lengths once before the points are read, since it may stand behind them.
 */
export class MetricWalk {
  readonly #parts: WalkParts;
  readonly #points: PointReader;
  readonly #scopeHash = new PairHash();

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#points = new PointReader(parts);
  }

  /** Walks the request that the wire holds. */
  request(): void {
    this.#points.startBody();
    walkResources(this.#parts, this.#scope);
  }

  readonly #scope = (resource: number, end: number): void => {
    const { wire } = this.#parts;
    const start = wire.at;
    this.#points.view.resource = resource;
    this.#scopeHash.start(scopeSeed);
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== firstTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      this.#scopeName(wire.at + length);
    }
    this.#scopeHash.finish();
    this.#points.scopeHigh = this.#scopeHash.high;
    this.#points.scopeLow = this.#scopeHash.low;
    wire.at = start;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== secondTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      const stop = wire.at + length;
      this.#metric(stop);
      wire.at = stop;
    }
  };

  #scopeName(end: number): void {
    const { wire } = this.#parts;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== scopeNameTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      this.#scopeHash.start(scopeSeed);
      if (length > 0) this.#scopeHash.bytes(wire.view, wire.at, wire.at + length);
      wire.at += length;
    }
  }

  #metric(end: number): void {
    const { wire, observer } = this.#parts;
    const view = this.#points.view;
    view.metric = 0;
    view.unit = 0;
    let member = 0;
    let start = 0;
    let stop = 0;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case nameTag:
        case unitTag: {
          const length = wire.varint32();
          const text = observer.interner.fromView(wire.view, wire.at, wire.at + length);
          if (tag === nameTag) view.metric = text;
          else view.unit = text;
          wire.at += length;
          break;
        }
        case gaugeTag:
        case sumTag:
        case histogramTag:
        case exponentialTag:
        case summaryTag: {
          const length = wire.varint32();
          member = tag;
          start = wire.at;
          wire.at += length;
          stop = wire.at;
          break;
        }
        default:
          wire.skip(tag);
      }
    }
    if (member === 0) return;
    this.#points.isRead = observer.unread?.metric?.(view.metric, view.unit) !== true;
    wire.at = start;
    this.#series(typeOf(member), stop);
  }

  /** Reads one Gauge, Sum, Histogram, ExponentialHistogram or Summary: temporality first, then its points. */
  #series(type: MetricType, end: number): void {
    const { wire } = this.#parts;
    const view = this.#points.view;
    const start = wire.at;
    view.type = type;
    view.temporality = 0;
    view.monotonic = false;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === temporalityTag) view.temporality = wire.varint32();
      else if (tag === monotonicTag) {
        wire.varint64();
        view.monotonic = (wire.low | wire.high) !== 0;
      } else wire.skip(tag);
    }
    wire.at = start;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== firstTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      const stop = wire.at + length;
      this.#points.point(wire.at, stop);
      wire.at = stop;
    }
  }
}

function typeOf(member: number): MetricType {
  switch (member) {
    case gaugeTag:
      return "gauge";
    case sumTag:
      return "sum";
    case histogramTag:
      return "histogram";
    case exponentialTag:
      return "exponentialHistogram";
    default:
      return "summary";
  }
}
