import type { AttributeValue, Observer } from "#engine/ports.ts";
import type { OtlpLimits } from "#ingest/otlp/limits.ts";
import type { PairReader } from "./any-value.ts";
import { PairHash } from "./hash.ts";
import type { Wire } from "./wire.ts";

const attributesTag = (1 << 3) | 2;
const resourceSeed = 0x6a09e667;

interface Known {
  readonly bytes: Uint8Array;
  readonly handle: number;
}

/**
 * Handles of resources, by the bytes of the Resource message: a resource is told to the observer once, and recognised
 * afterwards without reading its attributes. Forgotten when the observer's generation changes (or at the end of the body,
 * where it has none), and when full, before the next body.
 */
export class ResourceHandles {
  readonly #observer: Observer;
  readonly #limits: OtlpLimits;
  readonly #hash = new PairHash();
  readonly #known = new Map<number, Known[]>();
  #count = 0;
  #bytes = 0;
  #generation: number | undefined;

  constructor(observer: Observer, limits: OtlpLimits) {
    this.#observer = observer;
    this.#limits = limits;
  }

  /** To be called before each body. */
  startBody(): void {
    const generation = this.#observer.resourceGeneration;
    if (generation !== undefined && generation === this.#generation && !this.#full(0)) return;
    this.#generation = generation;
    this.#known.clear();
    this.#count = 0;
    this.#bytes = 0;
  }

  /** The handle of the Resource message in [start, end); an empty range is a resource without attributes. */
  handle(wire: Wire, pairs: PairReader, start: number, end: number): number {
    this.#hash.start(resourceSeed);
    this.#hash.bytes(wire.view, start, end);
    this.#hash.finish();
    const key = (this.#hash.high >>> 0) * 0x100000 + (this.#hash.low >>> 12);
    const alike = this.#known.get(key);
    if (alike !== undefined) {
      for (const known of alike) if (equalBytes(known.bytes, wire.bytes, start, end)) return known.handle;
    }
    const handle = this.#observer.resource(readAttributesOf(wire, pairs, start, end));
    if (!this.#full(end - start)) {
      const known = { bytes: wire.bytes.slice(start, end), handle };
      if (alike === undefined) this.#known.set(key, [known]);
      else alike.push(known);
      this.#count += 1;
      this.#bytes += end - start;
    }
    return handle;
  }

  #full(more: number): boolean {
    return (
      this.#count >= this.#limits.cachedResources || this.#bytes + more > this.#limits.cachedResourceBytes
    );
  }
}

function equalBytes(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at += 1) if (known[at] !== bytes[start + at]) return false;
  return true;
}

function readAttributesOf(
  wire: Wire,
  pairs: PairReader,
  start: number,
  end: number,
): ReadonlyMap<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>();
  const back = wire.at;
  wire.at = start;
  while (wire.at < end) {
    const tag = wire.varint32();
    if (tag !== attributesTag) {
      wire.skip(tag);
      continue;
    }
    const length = wire.varint32();
    const stop = wire.at + length;
    pairs.pair(stop);
    const key = pairs.key();
    const value = pairs.plain();
    if (value === null) attributes.delete(key);
    else attributes.set(key, value);
    wire.at = stop;
  }
  wire.at = back;
  return attributes;
}
