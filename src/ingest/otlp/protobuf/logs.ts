import type { LogView } from "#engine/ports.ts";
import { takeTraceHash } from "./ids.ts";
import { WireContent } from "./log-content.ts";
import { secondTag, walkResources, type WalkParts } from "./resource-walk.ts";

const timeTag = (1 << 3) | 1;
const severityTag = 2 << 3;
const levelTag = (3 << 3) | 2;
const bodyTag = (5 << 3) | 2;
const traceIdTag = (9 << 3) | 2;
const observedTag = (11 << 3) | 1;
const eventTag = (12 << 3) | 2;
const nanosPerMs = 1e6;

/** Tells the records of a logs request. */
export class LogWalk {
  readonly #parts: WalkParts;
  // Doubles start as NaN, so that the engine keeps them in place instead of one new object a record.
  readonly #log: LogView;
  readonly #content: WireContent;

  constructor(parts: WalkParts) {
    this.#parts = parts;
    this.#content = new WireContent(parts);
    this.#log = { resource: 0, time: NaN, severity: 0, traceHash: NaN, content: this.#content };
  }

  /** Walks the request that the wire holds. */
  request(): void {
    this.#content.open();
    walkResources(this.#parts, this.#scope);
  }

  readonly #scope = (resource: number, end: number): void => {
    const { wire } = this.#parts;
    this.#log.resource = resource;
    this.#content.scopeStart = wire.at;
    this.#content.scopeEnd = end;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== secondTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      this.#record(wire.at + length);
    }
  };

  // eslint-disable-next-line max-lines-per-function -- one case a field: calls would cost more than the work
  #record(end: number): void {
    const { wire, observer, reject } = this.#parts;
    const log = this.#log;
    const content = this.#content;
    content.begin(wire.at, end);
    log.severity = 0;
    log.traceHash = 0;
    let timeLow = 0;
    let timeHigh = 0;
    let observedLow = 0;
    let observedHigh = 0;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case timeTag:
          wire.fixed64();
          timeLow = wire.low;
          timeHigh = wire.high;
          break;
        case observedTag:
          wire.fixed64();
          observedLow = wire.low;
          observedHigh = wire.high;
          break;
        case severityTag:
          log.severity = wire.varint32();
          break;
        case traceIdTag: {
          const length = wire.varint32();
          takeTraceHash(log, wire.view, wire.at, wire.at + length);
          content.traceStart = wire.at;
          wire.at += length;
          content.traceEnd = wire.at;
          break;
        }
        case bodyTag: {
          const length = wire.varint32();
          content.bodyStart = wire.at;
          wire.at += length;
          content.bodyEnd = wire.at;
          break;
        }
        case levelTag: {
          const length = wire.varint32();
          content.levelStart = wire.at;
          wire.at += length;
          content.levelEnd = wire.at;
          break;
        }
        case eventTag: {
          const length = wire.varint32();
          content.eventStart = wire.at;
          wire.at += length;
          content.eventEnd = wire.at;
          break;
        }
        default:
          wire.skip(tag);
      }
    }
    if ((timeLow | timeHigh) === 0) {
      timeLow = observedLow;
      timeHigh = observedHigh;
    }
    if ((timeLow | timeHigh) === 0) {
      reject("log", "noTime");
      return;
    }
    log.time = ((timeHigh >>> 0) * 4294967296 + (timeLow >>> 0)) / nanosPerMs;
    observer.log(log);
  }
}
