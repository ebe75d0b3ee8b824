const paddedLengthBytes = 4;
const encoder = new TextEncoder();

/** Appends protobuf fields to a buffer that grows. Lengths of messages are padded varints, filled in when they end. */
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
    const from = this.open();
    this.#reserve(text.length * 3);
    this.#at += encoder.encodeInto(text, this.#bytes.subarray(this.#at)).written;
    this.close(from);
  }

  /** Leaves room for the length of what comes; `close` takes what it returned. */
  open(): number {
    this.#reserve(paddedLengthBytes);
    this.#at += paddedLengthBytes;
    return this.#at;
  }

  close(from: number): void {
    const length = this.#at - from;
    for (let place = 0; place < paddedLengthBytes; place += 1) {
      const more = place < paddedLengthBytes - 1 ? 0x80 : 0;
      this.#view.setUint8(from - paddedLengthBytes + place, ((length >>> (7 * place)) & 0x7f) | more);
    }
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
