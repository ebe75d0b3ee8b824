import type { FieldPlan } from "./schema.ts";
import type { WireWriter } from "./wire-writer.ts";

const hexPattern = /^(?:[0-9a-fA-F]{2})*$/;
const base64Pattern = /^[A-Za-z0-9+/_-]*={0,2}$/;
const integerPattern = /^-?\d{1,20}$/;
const unreadableId = Uint8Array.of(0);

const integerRange: Readonly<Partial<Record<FieldPlan["kind"], readonly [bigint, bigint]>>> = {
  // The counts and flags among them are unsigned on the wire; both halves are taken.
  int32: [-(2n ** 31n), 2n ** 32n - 1n],
  sint32: [-(2n ** 31n), 2n ** 31n - 1n],
  fixed32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  sfixed64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
  fixed64: [0n, 2n ** 64n - 1n],
};

/** Writes one JSON scalar, without its tag, in the wire form of its field. Returns what is wrong with it, or null. */
// eslint-disable-next-line complexity -- one case for each kind
export function writeScalar(writer: WireWriter, field: FieldPlan, value: unknown): string | null {
  switch (field.kind) {
    case "string":
      if (typeof value !== "string") return "must be a string";
      writer.text(value);
      return null;
    case "id":
      if (typeof value !== "string") return "must be a string of hexadecimal digits";
      // An id that is not hexadecimal is an invalid id: its record is rejected or untraced, not the whole body.
      if (!writer.hex(value)) writer.bytes(hexPattern.test(value) ? Buffer.from(value, "hex") : unreadableId);
      return null;
    case "bytes":
      if (typeof value !== "string" || !base64Pattern.test(value)) return "must be a string in base64";
      writer.bytes(Buffer.from(value, "base64"));
      return null;
    case "bool":
      if (typeof value !== "boolean") return "must be true or false";
      writer.varint(value ? 1 : 0);
      return null;
    case "double":
      return writeDouble(writer, value);
    case "enum":
      return writeEnum(writer, field, value);
    case "int32":
    case "int64":
    case "uint64":
    case "sint32":
    case "fixed32":
    case "fixed64":
    case "sfixed64":
      return writeInteger(writer, field, value);
    case "message":
      throw new Error(`${field.name} is a message, not a scalar`);
  }
}

function writeDouble(writer: WireWriter, value: unknown): string | null {
  const number = typeof value === "string" ? doubleOf(value) : value;
  if (typeof number !== "number") return 'must be a number, "NaN", "Infinity" or "-Infinity"';
  writer.double(number);
  return null;
}

function doubleOf(text: string): number | null {
  if (text === "NaN") return NaN;
  if (text === "Infinity") return Infinity;
  if (text === "-Infinity") return -Infinity;
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) ? null : number;
}

function writeEnum(writer: WireWriter, field: FieldPlan, value: unknown): string | null {
  if (typeof value === "string" && field.names?.has(value) === true) {
    writer.varint(field.names.get(value) ?? 0);
    return null;
  }
  const fault = writePlain(writer, field, value)
    ? null
    : writeInteger(writer, { ...field, kind: "int32" }, value);
  if (fault === null) return null;
  const names = [...(field.names?.keys() ?? [])].slice(0, 6).join(", ");
  return `must be a number or one of the names ${names}…`;
}

/** High and low halves of the integer that `isPlain64` found. */
const halves = { high: 0, low: 0 };
const longestPlain = 19;

/** True for an integer from 0 to 2^63 - 1 in its usual form; its halves are set without a BigInt. */
function isPlain64(value: unknown): boolean {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || value < 0) return false;
    halves.high = Math.floor(value / 4294967296);
    halves.low = value >>> 0;
    return true;
  }
  if (typeof value !== "string" || value === "" || value.length > longestPlain) return false;
  // Upper digits and the lower nine, each exact; their product with 10^9 is taken in two parts of 16 bits and the rest.
  let upper = 0;
  let lower = 0;
  const border = value.length - 9;
  for (let place = 0; place < value.length; place += 1) {
    const digit = value.charCodeAt(place) - 0x30;
    if (digit < 0 || digit > 9) return false;
    if (place < border) upper = upper * 10 + digit;
    else lower = lower * 10 + digit;
  }
  const coarse = Math.floor(upper / 65536) * 1e9;
  const fine = (coarse % 65536) * 65536 + (upper % 65536) * 1e9 + lower;
  halves.low = fine % 4294967296;
  halves.high = Math.floor(coarse / 65536) + Math.floor(fine / 4294967296);
  return halves.high < 0x80000000;
}

/** Writes an integer in its usual form that every 64-bit field takes, or that fits a 31-bit one; false for others. */
function writePlain(writer: WireWriter, field: FieldPlan, value: unknown): boolean {
  if (field.kind === "sint32" || !isPlain64(value)) return false;
  const { high, low } = halves;
  const isNarrow = field.kind === "int32" || field.kind === "fixed32" || field.kind === "enum";
  if (isNarrow && (high !== 0 || low >= 0x80000000)) return false;
  if (field.wire === 0) writer.varint64(high, low);
  else if (field.wire === 1) writer.fixed64(high, low);
  else writer.fixed32(low);
  return true;
}

function writeInteger(writer: WireWriter, field: FieldPlan, value: unknown): string | null {
  if (writePlain(writer, field, value)) return null;
  const integer = integerOf(value);
  const [low, high] = integerRange[field.kind] ?? [0n, 0n];
  if (integer === null) return "must be an integer, as a number or a decimal string";
  if (integer < low || integer > high) return `must be from ${low.toString()} to ${high.toString()}`;
  const bits = BigInt.asUintN(64, field.kind === "sint32" ? zigzag(integer) : integer);
  const lower = Number(bits & 0xffffffffn);
  const upper = Number(bits >> 32n);
  if (field.wire === 0) writer.varint64(upper, lower);
  else if (field.wire === 1) writer.fixed64(upper, lower);
  else writer.fixed32(lower);
  return null;
}

/** Through BigInt: nanosecond times do not fit a double. */
function integerOf(value: unknown): bigint | null {
  if (typeof value === "string") return integerPattern.test(value) ? BigInt(value) : null;
  return typeof value === "number" && Number.isInteger(value) ? BigInt(value) : null;
}

function zigzag(integer: bigint): bigint {
  return integer >= 0n ? integer * 2n : -integer * 2n - 1n;
}
