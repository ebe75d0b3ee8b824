/**
 * Numbers in few bytes, exact for every double. A varint (7 bits a byte, least significant first) holds:
 * 0 = eight bytes of IEEE 754 follow; 1 = a varint of millionths follows (bucket bounds such as 0.005);
 * n + 2 = the integer n itself.
 */
const rawMark = 0;
const millionthsMark = 1;
const integerShift = 2;
const largestInteger = Number.MAX_SAFE_INTEGER - integerShift;

export interface ByteWriter {
  reset(): void;
  byte(value: number): void;
  number(value: number): void;
  /** An integer that may be negative, in zigzag order. */
  signed(value: number): void;
  optional(value: number | null): void;
  numbers(values: readonly number[]): void;
  text(value: string): void;
  /** What was written since `reset`, as bytes of its own. */
  copy(): Buffer;
}

function isPlainInteger(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= largestInteger && !Object.is(value, -0);
}

/** The value as a whole number of millionths, or null where that would lose a bit or save no byte. */
function millionthsOf(value: number): number | null {
  const millionths = Math.round(value * 1e6);
  return isPlainInteger(millionths) && millionths < 2 ** 42 && millionths / 1e6 === value ? millionths : null;
}

/** A growing buffer that is used again for every sample. */
export function createByteWriter(): ByteWriter {
  let bytes = Buffer.alloc(4096);
  let at = 0;
  const reserve = (length: number): void => {
    if (at + length <= bytes.length) return;
    const grown = Buffer.alloc(Math.max(bytes.length * 2, at + length));
    bytes.copy(grown, 0, 0, at);
    bytes = grown;
  };
  const varint = (value: number): void => {
    reserve(8);
    let rest = value;
    while (rest >= 128) {
      bytes[at++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    bytes[at++] = rest;
  };
  const number = (value: number): void => {
    if (isPlainInteger(value)) {
      varint(value + integerShift);
      return;
    }
    const millionths = millionthsOf(value);
    varint(millionths === null ? rawMark : millionthsMark);
    reserve(8);
    if (millionths === null) at = bytes.writeDoubleLE(value, at);
    else varint(millionths);
  };
  return {
    reset: () => {
      at = 0;
    },
    byte: (value) => {
      reserve(1);
      bytes[at++] = value;
    },
    number,
    signed: (value) => {
      number(value < 0 ? -2 * value - 1 : 2 * value);
    },
    optional: (value) => {
      varint(value === null ? 0 : 1);
      if (value !== null) number(value);
    },
    numbers: (values) => {
      varint(values.length);
      for (const value of values) number(value);
    },
    text: (value) => {
      const length = Buffer.byteLength(value);
      varint(length);
      reserve(length);
      at += bytes.write(value, at);
    },
    copy: () => Buffer.from(bytes.subarray(0, at)),
  };
}

export interface ByteReader {
  byte(): number;
  number(): number;
  signed(): number;
  optional(): number | null;
  numbers(): number[];
  text(): string;
  /** Bytes not yet read. */
  left(): number;
}

/** Reads what a `ByteWriter` wrote, in the same order. Throws where the bytes end too early. */
export function createByteReader(source: Uint8Array): ByteReader {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  let at = 0;
  const byte = (): number => {
    const value = bytes[at++];
    if (value === undefined) throw new Error("stored sample: the bytes end too early");
    return value;
  };
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const part = byte();
      value += (part & 127) * factor;
      if (part < 128) return value;
      factor *= 128;
    }
  };
  const number = (): number => {
    const mark = varint();
    if (mark >= integerShift) return mark - integerShift;
    if (mark === millionthsMark) return varint() / 1e6;
    if (at + 8 > bytes.length) throw new Error("stored sample: the bytes end too early");
    at += 8;
    return bytes.readDoubleLE(at - 8);
  };
  return {
    byte,
    number,
    signed: () => {
      const value = number();
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    },
    optional: () => (varint() === 0 ? null : number()),
    numbers: () => {
      const length = varint();
      if (length > bytes.length - at) throw new Error("stored sample: the bytes end too early");
      return Array.from({ length }, number);
    },
    text: () => {
      const length = varint();
      if (length > bytes.length - at) throw new Error("stored sample: the bytes end too early");
      at += length;
      return bytes.toString("utf8", at - length, at);
    },
    left: () => bytes.length - at,
  };
}
