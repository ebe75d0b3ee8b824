import protobuf from "protobufjs";
import { oracleType, type PlainMessage, type PlainValue } from "#test/support/otlp-oracle.ts";

/** The two orders of fields that senders use: the SDKs write ascending, the Collector descending. */
export type FieldOrder = "ascending" | "descending";

/** Bytes with the places of their times: 64-bit nanoseconds, little end first. */
export interface TimedBytes {
  readonly bytes: Uint8Array;
  /** Of every startTimeUnixNano. */
  readonly starts: Int32Array;
  /** Of every other time. */
  readonly times: Int32Array;
}

const utf8 = new TextEncoder();

/** Encodes plain data (no negative integers, varints below 2^53) as protobuf from the last byte to the first, so that no length has to be known before its content. */
export class BackWriter {
  #bytes = new Uint8Array(4 * 1024 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Distances of times from the end of the buffer. */
  #starts: number[] = [];
  #times: number[] = [];
  readonly #order: FieldOrder;

  constructor(order: FieldOrder) {
    this.#order = order;
  }

  encode(typeName: string, message: PlainMessage): Uint8Array {
    return this.encodeTimed(typeName, message).bytes;
  }

  /** The same, and where in the bytes the times stand, so that they can be moved. */
  encodeTimed(typeName: string, message: PlainMessage): TimedBytes {
    const { length } = this.#bytes;
    this.#at = length;
    this.#starts = [];
    this.#times = [];
    this.#message(oracleType(typeName), message);
    const placeOf = (fromEnd: number): number => length - this.#at - fromEnd;
    return {
      bytes: this.#bytes.slice(this.#at),
      starts: Int32Array.from(this.#starts, placeOf),
      times: Int32Array.from(this.#times, placeOf),
    };
  }

  #message(type: protobuf.Type, message: PlainMessage): void {
    const fields = fieldsOf(type);
    const count = fields.length;
    for (let index = 0; index < count; index += 1) {
      const field = fields[this.#order === "descending" ? index : count - 1 - index]!;
      const value = message[field.name];
      if (value === undefined) continue;
      if (!field.repeated) this.#field(field, value);
      else if (field.packed && isNumeric(field)) this.#packed(field, value as readonly PlainValue[]);
      else for (const item of [...(value as readonly PlainValue[])].reverse()) this.#field(field, item);
    }
  }

  #packed(field: protobuf.Field, values: readonly PlainValue[]): void {
    const end = this.#at;
    for (const value of [...values].reverse()) this.#scalar(field.type, value);
    this.#delimit(field, end);
  }

  #field(field: protobuf.Field, value: PlainValue): void {
    const end = this.#at;
    if (field.resolvedType instanceof protobuf.Type) {
      this.#message(field.resolvedType, value as PlainMessage);
      this.#delimit(field, end);
    } else if (field.type === "string" || field.type === "bytes") {
      const bytes = typeof value === "string" ? utf8.encode(value) : (value as Uint8Array);
      this.#at -= bytes.length;
      this.#bytes.set(bytes, this.#at);
      this.#delimit(field, end);
    } else {
      const kind = field.resolvedType === null ? field.type : "uint32";
      const wireType = this.#scalar(kind, value);
      if (field.name === "startTimeUnixNano") this.#starts.push(this.#bytes.length - this.#at);
      else if (/timeUnixNano$/i.test(field.name)) this.#times.push(this.#bytes.length - this.#at);
      this.#varint(field.id * 8 + wireType);
    }
  }

  #delimit(field: protobuf.Field, end: number): void {
    this.#varint(end - this.#at);
    this.#varint(field.id * 8 + 2);
  }

  /** Writes the value and gives its wire type. */
  #scalar(kind: string, value: PlainValue): number {
    switch (kind) {
      case "double":
        this.#at -= 8;
        this.#view.setFloat64(this.#at, value as number, true);
        return 1;
      case "fixed64":
      case "sfixed64":
        this.#at -= 8;
        this.#view.setBigInt64(this.#at, value as bigint, true);
        return 1;
      case "fixed32":
        this.#at -= 4;
        this.#view.setUint32(this.#at, value as number, true);
        return 5;
      case "sint32":
        this.#varint((((value as number) << 1) ^ ((value as number) >> 31)) >>> 0);
        return 0;
      default:
        this.#varint(Number(value));
        return 0;
    }
  }

  #varint(value: number): void {
    let groups = 1;
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) groups += 1;
    this.#at -= groups;
    let rest = value;
    for (let place = 0; place < groups; place += 1) {
      this.#bytes[this.#at + place] = (rest % 128) | (place < groups - 1 ? 0x80 : 0);
      rest = Math.floor(rest / 128);
    }
  }
}

const sorted = new Map<protobuf.Type, readonly protobuf.Field[]>();

function fieldsOf(type: protobuf.Type): readonly protobuf.Field[] {
  const known = sorted.get(type) ?? [...type.fieldsArray].sort((a, b) => a.id - b.id);
  sorted.set(type, known);
  return known;
}

function isNumeric(field: protobuf.Field): boolean {
  return field.resolvedType === null && field.type !== "string" && field.type !== "bytes";
}
