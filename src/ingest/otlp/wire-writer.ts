/** ASCII texts up to this length are written byte by byte: the encoder costs more than they do. */
const shortText = 128;
const encoder = new TextEncoder();
const notHex = 0x100;
const hexDigits = Int16Array.from({ length: 128 }, (_, code) => {
  const digit = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(digit) ? notHex : digit;
});

/**
 * Appends protobuf fields to a buffer that grows. What a message holds is moved when its length turns out to need more than
 * one byte.
 */
export class WireWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #at = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(Math.max(64, capacity));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** What was written; valid until more is written. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#byte((rest % 128) | 0x80);
    this.#byte(rest);
  }

  /** A 64-bit varint from its unsigned halves. */
  varint64(high: number, low: number): void {
    this.#reserve(10);
    let upper = high;
    let lower = low;
    while (upper !== 0 || lower >= 0x80) {
      this.#byte((lower & 0x7f) | 0x80);
      lower = ((lower >>> 7) | (upper << 25)) >>> 0;
      upper >>>= 7;
    }
    this.#byte(lower);
  }

  fixed32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  fixed64(high: number, low: number): void {
    this.fixed32(low);
    this.fixed32(high);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  text(text: string): void {
    if (text.length < shortText && this.#ascii(text)) return;
    const from = this.open();
    this.#reserve(text.length * 3);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
    this.close(from);
  }

  /** Bytes from hexadecimal digits of any case; false, and nothing written, where they are none. */
  hex(text: string): boolean {
    const length = text.length >> 1;
    if (text.length % 2 !== 0 || length >= 0x80) return false;
    this.#reserve(length + 1);
    let bad = 0;
    for (let place = 0; place < length; place += 1) {
      const high = hexDigits[text.charCodeAt(2 * place)] ?? notHex;
      const low = hexDigits[text.charCodeAt(2 * place + 1)] ?? notHex;
      bad |= high | low;
      this.#bytes[this.#at + 1 + place] = (high << 4) | low;
    }
    if ((bad & notHex) !== 0) return false;
    this.#bytes[this.#at] = length;
    this.#at += length + 1;
    return true;
  }

  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const from = this.#at + 1;
    let all = 0;
    for (let place = 0; place < length; place += 1) {
      const code = text.charCodeAt(place);
      all |= code;
      this.#bytes[from + place] = code;
    }
    if (all >= 0x80) return false;
    this.#bytes[from - 1] = length;
    this.#at = from + length;
    return true;
  }

  /** Leaves room for a length of one byte before what comes; `close` takes what it returned. */
  open(): number {
    this.#reserve(1);
    this.#at += 1;
    return this.#at;
  }

  close(from: number): void {
    const length = this.#at - from;
    if (length < 0x80) {
      this.#bytes[from - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length; rest >= 0x80; rest >>>= 7) more += 1;
    this.#reserve(more);
    this.#bytes.copyWithin(from + more, from, this.#at);
    const end = this.#at + more;
    this.#at = from - 1;
    this.varint(length);
    this.#at = end;
  }

  #byte(value: number): void {
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#at + more, this.#bytes.length * 2));
    wider.set(this.#bytes);
    this.#bytes = wider;
    this.#view = new DataView(wider.buffer);
  }
}
