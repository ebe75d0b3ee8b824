import type { LogView } from "#engine/ports.ts";
import { traceHashAt } from "./ids.ts";
import { secondTag, walkResources, type WalkParts } from "./resource-walk.ts";

const timeTag = (1 << 3) | 1;
const severityTag = 2 << 3;
const traceIdTag = (9 << 3) | 2;
const observedTag = (11 << 3) | 1;
const nanosPerMs = 1e6;

/** Tells the records of a logs request. */
export class LogWalk {
  readonly #parts: WalkParts;
  readonly #log: LogView = { resource: 0, time: 0, severity: 0, traceHash: 0 };

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
    let time = 0;
    let observed = 0;
    while (wire.at < end) {
      const tag = wire.varint32();
      switch (tag) {
        case timeTag:
          wire.fixed64();
          time = wire.unsigned();
          break;
        case observedTag:
          wire.fixed64();
          observed = wire.unsigned();
          break;
        case severityTag:
          log.severity = wire.varint32();
          break;
        case traceIdTag: {
          const length = wire.varint32();
          log.traceHash = traceHashAt(wire.view, wire.at, wire.at + length);
          wire.at += length;
          break;
        }
        default:
          wire.skip(tag);
      }
    }
    if (time === 0) time = observed;
    if (time === 0) {
      reject("log", "noTime");
      return;
    }
    log.time = time / nanosPerMs;
    observer.log(log);
  }
}
