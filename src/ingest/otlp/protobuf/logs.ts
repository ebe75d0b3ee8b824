import type { LogView } from "#engine/ports.ts";
import { takeTraceHash } from "./ids.ts";
import { secondTag, walkResources, type WalkParts } from "./resource-walk.ts";

const timeTag = (1 << 3) | 1;
const severityTag = 2 << 3;
const traceIdTag = (9 << 3) | 2;
const observedTag = (11 << 3) | 1;
const nanosPerMs = 1e6;

/** Tells the records of a logs request. */
export class LogWalk {
  readonly #parts: WalkParts;
  // Doubles start as NaN, so that the engine keeps them in place instead of one new object a record.
  readonly #log: LogView = { resource: 0, time: NaN, severity: 0, traceHash: NaN };

  constructor(parts: WalkParts) {
    this.#parts = parts;
  }

  /** Walks the request that the wire holds. */
  request(): void {
    walkResources(this.#parts, this.#scope);
  }

  readonly #scope = (resource: number, end: number): void => {
    const { wire } = this.#parts;
    this.#log.resource = resource;
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

  #record(end: number): void {
    const { wire, observer, reject } = this.#parts;
    const log = this.#log;
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
          wire.at += length;
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
