const nothing = new Uint8Array(0);

/**
 * A cursor over protobuf bytes that were checked before (`check.ts`): it reads without asking whether it may.
 * The position stays a small integer, and 64-bit values come as two halves, so that nothing here becomes a boxed number.
 */
export class Wire {
  bytes: Uint8Array = nothing;
  view: DataView = new DataView(nothing.buffer);
  at = 0;
  /** Halves of the value read last by `varint64` or `fixed64`, unsigned low and high 32 bits as signed integers. */
  low = 0;
  high = 0;
  /** The value read last by `double`. */
  real = NaN;

  open(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /** Lets go of the bytes, so that a large body is not kept alive. */
  close(): void {
    this.open(nothing);
  }

  /** Low 32 bits of a varint, signed; also tags and lengths. */
  varint32(): number {
    const view = this.view;
    let at = this.at;
    let byte = view.getUint8(at);
    at += 1;
    if (byte < 0x80) {
      this.at = at;
      return byte;
    }
    let value = byte & 0x7f;
    let shift = 7;
    do {
      byte = view.getUint8(at);
      at += 1;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    this.at = at;
    return value;
  }

  /** A varint of up to 64 bits into `low` and `high`. */
  varint64(): void {
    let low = 0;
    let high = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = this.view.getUint8(this.at);
      this.at += 1;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      shift += 7;
    } while (byte >= 0x80);
    this.low = low;
    this.high = high;
  }

  /** Eight little-endian bytes into `low` and `high`. */
  fixed64(): void {
    this.low = this.view.getInt32(this.at, true);
    this.high = this.view.getInt32(this.at + 4, true);
    this.at += 8;
  }

  /** Eight little-endian bytes into `real`: a double that a method gives back may cost an object. */
  double(): void {
    this.real = this.view.getFloat64(this.at, true);
    this.at += 8;
  }

  /** `low` and `high` as an unsigned number, to the nearest double. */
  unsigned(): number {
    return (this.high >>> 0) * 4294967296 + (this.low >>> 0);
  }

  /** `low` and `high` as a signed number, to the nearest double. */
  signed(): number {
    return this.high * 4294967296 + (this.low >>> 0);
  }

  /** Passes over the value of a field; groups never come here, the check refuses them. */
  skip(tag: number): void {
    switch (tag & 7) {
      case 0:
        while (this.view.getUint8(this.at) >= 0x80) this.at += 1;
        this.at += 1;
        return;
      case 1:
        this.at += 8;
        return;
      case 2: {
        const length = this.varint32();
        this.at += length;
        return;
      }
      default:
        this.at += 4;
    }
  }
}

/** `sint32` from its zigzag form. */
export function unzigzag(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** True where one varint fills [start, end). */
export function endsVarint(view: DataView, start: number, end: number): boolean {
  let at = start;
  while (at < end && view.getUint8(at) >= 0x80) at += 1;
  return at === end - 1;
}
