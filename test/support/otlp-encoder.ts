import protobuf from "protobufjs";
import { oracleType, type PlainMessage, type PlainValue } from "./otlp-oracle.ts";

/** Legal ways to write one message. `chance` is drawn for each place where a choice is open. */
export interface WireStyle {
  /** Fields in descending order, as the Collector writes them. */
  readonly descending: boolean;
  /** Repeated numbers: in one packed field, one field each, or in mixed packed and single pieces. */
  readonly numbers: "packed" | "unpacked" | "mixed";
  /** Unknown fields of every wire type before and behind each field. */
  readonly unknown: boolean;
  /** Singular messages in two pieces; scalars and members of a oneof first with a value that is overwritten. */
  readonly pieces: boolean;
  /** Lengths and tags as varints padded with empty groups of seven bits. */
  readonly padded: boolean;
}

export const plainStyle: WireStyle = {
  descending: false,
  numbers: "packed",
  unknown: false,
  pieces: false,
  padded: false,
};

/** Encodes plain data as a protobuf message in the given style. */
export function encodeOtlp(
  typeName: string,
  message: PlainMessage,
  style: WireStyle = plainStyle,
): Uint8Array {
  return Uint8Array.from(encodeType(oracleType(typeName), message, style));
}

function encodeType(type: protobuf.Type, message: PlainMessage, style: WireStyle): number[] {
  const fields = [...type.fieldsArray].sort((a, b) => (style.descending ? b.id - a.id : a.id - b.id));
  const out: number[] = style.unknown ? unknownFields(style) : [];
  for (const field of fields) {
    const value = message[field.name];
    if (value === undefined) continue;
    if (field.repeated) out.push(...encodeRepeated(field, value as readonly PlainValue[], style));
    else if (style.pieces) out.push(...encodeInPieces(field, value, style));
    else out.push(...encodeField(field, value, style));
    if (style.unknown) out.push(...unknownFields(style));
  }
  return out;
}

function encodeRepeated(
  field: protobuf.Field,
  values: readonly PlainValue[],
  style: WireStyle,
): readonly number[] {
  const packable = !(field.resolvedType instanceof protobuf.Type) && wireTypeOf(field.type) !== 2;
  if (!packable || style.numbers === "unpacked") {
    return values.flatMap((value) => encodeField(field, value, style));
  }
  const packed = (some: readonly PlainValue[]): readonly number[] => {
    const payload = some.flatMap((value) => scalarBytes(field.type, value));
    return [...varint(tagOf(field, 2), style), ...varint(BigInt(payload.length), style), ...payload];
  };
  if (style.numbers === "packed" || values.length === 0) return values.length === 0 ? [] : packed(values);
  const third = Math.ceil(values.length / 3);
  const middle = values.slice(third, 2 * third).flatMap((value) => encodeField(field, value, style));
  return [...packed(values.slice(0, third)), ...middle, ...packed(values.slice(2 * third))];
}

/** One singular field, written so that a reader must merge or overwrite to get the value. */
function encodeInPieces(field: protobuf.Field, value: PlainValue, style: WireStyle): readonly number[] {
  const decoys = oneofDecoys(field, style);
  if (!(field.resolvedType instanceof protobuf.Type)) {
    const decoy = field.type === "string" ? "overwritten" : null;
    const first = decoy === null ? [] : encodeField(field, decoy, style);
    return [...decoys, ...first, ...encodeField(field, value, style)];
  }
  const message = value as PlainMessage;
  const [one, two] = halves(field.resolvedType, message);
  return [...decoys, ...encodeField(field, one, style), ...encodeField(field, two, style)];
}

/** Another member of the same oneof ahead of the one that counts. */
function oneofDecoys(field: protobuf.Field, style: WireStyle): readonly number[] {
  const others = field.partOf?.fieldsArray.filter((other) => other !== field) ?? [];
  return others.flatMap((other) => {
    if (other.resolvedType instanceof protobuf.Type) return encodeField(other, {}, style);
    if (other.type === "string") return encodeField(other, "not this", style);
    return other.type === "double" ? encodeField(other, 1.5, style) : [];
  });
}

/** Two messages whose merge is the given one: repeated fields are cut in the middle, singular ones alternate. */
function halves(type: protobuf.Type, message: PlainMessage): readonly [PlainMessage, PlainMessage] {
  const one: Record<string, PlainValue> = {};
  const two: Record<string, PlainValue> = {};
  let turn = 0;
  for (const field of type.fieldsArray) {
    const value = message[field.name];
    if (value === undefined) continue;
    turn += 1;
    if (Array.isArray(value)) {
      const items: readonly PlainValue[] = value;
      one[field.name] = items.slice(0, items.length >> 1);
      two[field.name] = items.slice(items.length >> 1);
    } else if (turn % 2 === 0) one[field.name] = value;
    else two[field.name] = value;
  }
  return [one, two];
}

function encodeField(field: protobuf.Field, value: PlainValue, style: WireStyle): readonly number[] {
  if (field.resolvedType instanceof protobuf.Type) {
    const payload = encodeType(field.resolvedType, value as PlainMessage, style);
    return [...varint(tagOf(field, 2), style), ...varint(BigInt(payload.length), style), ...payload];
  }
  const wire = field.resolvedType === null ? wireTypeOf(field.type) : 0;
  return [...varint(tagOf(field, wire), style), ...scalarBytes(field.type, value, style)];
}

function tagOf(field: protobuf.Field, wire: number): bigint {
  return BigInt(field.id * 8 + wire);
}

function wireTypeOf(type: string): number {
  if (type === "string" || type === "bytes") return 2;
  if (type === "double" || type === "fixed64" || type === "sfixed64") return 1;
  return type === "fixed32" ? 5 : 0;
}

function scalarBytes(type: string, value: PlainValue, style: WireStyle = plainStyle): readonly number[] {
  if (type === "string" || type === "bytes") {
    const bytes = typeof value === "string" ? Buffer.from(value) : (value as Uint8Array);
    return [...varint(BigInt(bytes.length), style), ...bytes];
  }
  if (type === "double") return [...Buffer.from(new Float64Array([value as number]).buffer)];
  const integer = BigInt(value as number | bigint | boolean);
  if (type === "fixed32") return littleEndian(integer, 4);
  if (type === "fixed64" || type === "sfixed64") return littleEndian(BigInt.asUintN(64, integer), 8);
  if (type === "sint32") return varint(integer >= 0n ? integer * 2n : -integer * 2n - 1n, style);
  return varint(BigInt.asUintN(64, integer), style);
}

function littleEndian(value: bigint, bytes: number): readonly number[] {
  return Array.from({ length: bytes }, (_, place) => Number((value >> BigInt(8 * place)) & 0xffn));
}

/** A varint; padded ones end in one more empty byte, up to the ten that are legal. */
export function varint(value: bigint, style: Pick<WireStyle, "padded"> = plainStyle): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  } while (rest > 0n);
  if (style.padded) while (bytes.length < 5) bytes.push(0x80);
  bytes.push((bytes.pop() ?? 0) & 0x7f);
  return bytes;
}

/** Fields 1000 to 1003 of each accepted wire type; the varint is ten bytes long. */
function unknownFields(style: WireStyle): number[] {
  return [
    ...varint(1000n * 8n, style),
    ...varint(2n ** 64n - 1n),
    ...varint(1001n * 8n + 1n, style),
    ...[1, 2, 3, 4, 5, 6, 7, 8],
    ...varint(1002n * 8n + 2n, style),
    ...varint(3n, style),
    ...[9, 9, 9],
    ...varint(1003n * 8n + 5n, style),
    ...[1, 2, 3, 4],
  ];
}

/** The same message as OTLP JSON: ids in hexadecimal, bytes in base64, 64-bit integers as strings. */
export function otlpJson(typeName: string, message: PlainMessage): string {
  return JSON.stringify(jsonOf(oracleType(typeName), message));
}

function jsonOf(type: protobuf.Type, message: PlainMessage): unknown {
  const entries = type.fieldsArray.flatMap((field) => {
    const value = message[field.name];
    if (value === undefined) return [];
    const convert = (item: PlainValue): unknown => {
      if (field.resolvedType instanceof protobuf.Type)
        return jsonOf(field.resolvedType, item as PlainMessage);
      if (typeof item === "bigint") return item.toString();
      if (typeof item === "number" && !Number.isFinite(item)) return String(item);
      if (item instanceof Uint8Array)
        return Buffer.from(item).toString(/Id$/.test(field.name) ? "hex" : "base64");
      return Object.is(item, -0) ? "-0" : item;
    };
    return [
      [field.name, field.repeated ? (value as readonly PlainValue[]).map(convert) : convert(value)] as const,
    ];
  });
  return Object.fromEntries(entries);
}
