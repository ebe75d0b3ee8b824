import type { AttributeSlots, AttributeValue, Interner } from "#engine/ports.ts";
import { slotOf } from "./attribute-slots.ts";
import { endsVarint, type Wire } from "./wire.ts";

const keyTag = (1 << 3) | 2;
const valueTag = (2 << 3) | 2;
/** An item of an ArrayValue, a pair of a KeyValueList. */
export const itemTag = (1 << 3) | 2;
/** Members of an AnyValue. */
export const memberTags = {
  stringTag: (1 << 3) | 2,
  boolTag: 2 << 3,
  intTag: 3 << 3,
  doubleTag: (4 << 3) | 1,
  arrayTag: (5 << 3) | 2,
  mapTag: (6 << 3) | 2,
  bytesTag: (7 << 3) | 2,
} as const;
const { stringTag, boolTag, intTag, doubleTag, arrayTag, mapTag, bytesTag } = memberTags;

const decoder = new TextDecoder();

/**
 * Reads KeyValue and AnyValue. One object, overwritten by each `pair` or `value`: positions of the key and of the
 * member of the value that counts (in a oneof the last one wins; what came in pieces was joined before, see `tidy.ts`).
 */
export class PairReader {
  keyStart = 0;
  keyEnd = 0;
  /** Tag of the member that is set; 0 where the value is empty. */
  member = 0;
  start = 0;
  end = 0;
  /** Of the value as a whole, set by `#frame`. */
  #valueStart = 0;
  #valueEnd = 0;
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Reads one KeyValue that ends at `end`, and leaves the cursor there. Key and value come in either order. */
  pair(end: number): void {
    const wire = this.#wire;
    if (this.#plainPair(end)) {
      wire.at = end;
      return;
    }
    let valueStart = end;
    let valueEnd = end;
    this.keyStart = 0;
    this.keyEnd = 0;
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag === keyTag) {
        const length = wire.varint32();
        this.keyStart = wire.at;
        wire.at += length;
        this.keyEnd = wire.at;
      } else if (tag === valueTag) {
        const length = wire.varint32();
        valueStart = wire.at;
        wire.at += length;
        valueEnd = wire.at;
      } else wire.skip(tag);
    }
    wire.at = valueStart;
    this.value(valueEnd);
    wire.at = end;
  }

  /**
   * Reads the KeyValue in [start, end) as far as it is needed: gives the slot of its key, or -1 for one that Haldane does not
   * read, whose value is not looked at.
   */
  readPair(start: number, end: number): number {
    const wire = this.#wire;
    if (this.#frame(start, end)) {
      const slot = slotOf(wire.view, this.keyStart, this.keyEnd);
      if (slot >= 0 && !this.#plainValue(this.#valueStart, this.#valueEnd - this.#valueStart)) {
        wire.at = this.#valueStart;
        this.value(this.#valueEnd);
      }
      return slot;
    }
    wire.at = start;
    this.pair(end);
    return this.slot();
  }

  #plainPair(end: number): boolean {
    return (
      this.#frame(this.#wire.at, end) && this.#plainValue(this.#valueStart, this.#valueEnd - this.#valueStart)
    );
  }

  /** Finds key and value in the form that nearly every KeyValue has: each once, in either order, and lengths in one byte. */
  #frame(at: number, end: number): boolean {
    const { view } = this.#wire;
    if (end - at < 6) return false;
    const firstTag = view.getUint8(at);
    const firstLength = view.getUint8(at + 1);
    const second = at + 2 + firstLength;
    if (firstLength >= 0x80 || end - second < 4) return false;
    const secondTag = view.getUint8(second);
    const secondLength = view.getUint8(second + 1);
    if (secondLength >= 0x80 || second + 2 + secondLength !== end) return false;
    if (firstTag === keyTag && secondTag === valueTag) {
      this.keyStart = at + 2;
      this.keyEnd = second;
      this.#valueStart = second + 2;
      this.#valueEnd = end;
      return true;
    }
    if (firstTag !== valueTag || secondTag !== keyTag) return false;
    this.keyStart = second + 2;
    this.keyEnd = end;
    this.#valueStart = at + 2;
    this.#valueEnd = second;
    return true;
  }

  /** Reads a value that is one string, or one small integer. */
  #plainValue(at: number, length: number): boolean {
    if (length < 2) return false;
    const { view } = this.#wire;
    const tag = view.getUint8(at);
    const next = view.getUint8(at + 1);
    const isString = tag === stringTag && next === length - 2 && next < 0x80;
    if (!isString && (tag !== intTag || !endsVarint(view, at + 1, at + length))) return false;
    this.member = tag;
    this.start = isString ? at + 2 : at + 1;
    this.end = at + length;
    return true;
  }

  /** Reads one AnyValue that ends at `end`, and leaves the cursor there. */
  value(end: number): void {
    const wire = this.#wire;
    this.member = 0;
    while (wire.at < end) {
      const tag = wire.varint32();
      const start = wire.at;
      switch (tag) {
        case stringTag:
        case bytesTag:
        case arrayTag:
        case mapTag: {
          const length = wire.varint32();
          this.member = tag;
          this.start = wire.at;
          wire.at += length;
          this.end = wire.at;
          break;
        }
        case boolTag:
        case intTag:
        case doubleTag:
          wire.skip(tag);
          this.member = tag;
          this.start = start;
          this.end = wire.at;
          break;
        default:
          wire.skip(tag);
      }
    }
  }

  /** The value as plain data, for the attributes of a resource. Null for maps, bytes and empty values. */
  plain(): AttributeValue | null {
    const wire = this.#wire;
    const back = wire.at;
    wire.at = this.start;
    try {
      switch (this.member) {
        case stringTag:
          return decoder.decode(wire.bytes.subarray(this.start, this.end));
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
          return this.#plainArray(this.end);
        default:
          return null;
      }
    } finally {
      wire.at = back;
    }
  }

  /** The slot of the key, or -1 where Haldane does not read it. */
  slot(): number {
    return slotOf(this.#wire.view, this.keyStart, this.keyEnd);
  }

  /** Fills the slot of the key, if it has one; gives the slot's bit, else 0. */
  fill(slots: AttributeSlots, interner: Interner): number {
    const slot = this.slot();
    if (slot < 0) return 0;
    this.intoSlot(slots, interner, slot);
    return 1 << slot;
  }

  /** Writes the value read last into a slot; what was there is overwritten. */
  intoSlot(slots: AttributeSlots, interner: Interner, slot: number): void {
    const wire = this.#wire;
    let text = 0;
    let number = NaN;
    if (this.member === stringTag) text = interner.fromView(wire.view, this.start, this.end);
    else if (this.member === intTag || this.member === doubleTag) {
      const back = wire.at;
      wire.at = this.start;
      if (this.member === doubleTag) {
        wire.double();
        number = wire.real;
      } else {
        wire.varint64();
        number = wire.signed();
      }
      wire.at = back;
    }
    slots.texts[slot] = text;
    slots.numbers[slot] = number;
  }

  key(): string {
    return decoder.decode(this.#wire.bytes.subarray(this.keyStart, this.keyEnd));
  }

  #plainArray(end: number): AttributeValue | null {
    const wire = this.#wire;
    const items: AttributeValue[] = [];
    while (wire.at < end) {
      const tag = wire.varint32();
      if (tag !== itemTag) {
        wire.skip(tag);
        continue;
      }
      const length = wire.varint32();
      const stop = wire.at + length;
      this.value(stop);
      const item = this.member === arrayTag ? null : this.plain();
      if (item !== null) items.push(item);
      wire.at = stop;
    }
    return items.length === 0 ? null : items.join(",");
  }
}
