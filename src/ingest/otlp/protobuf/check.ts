import { err, ok, type Result } from "#model/result.ts";
import { malformed, tooDeep, type DecodeError } from "#ingest/otlp/decode-error.ts";
import type { FieldPlan, MessagePlan } from "#ingest/otlp/schema.ts";

const wireNames: Readonly<Record<number, string>> = {
  0: "varint",
  1: "64-bit",
  2: "length-delimited",
  3: "group",
  4: "end of group",
  5: "32-bit",
};
const longestVarint = 10;

export interface Checked {
  /** Spans, data points or log records. */
  readonly records: number;
  /** True where a message that can be there once came in several pieces, to be merged (`tidy.ts`): legal and rare. */
  readonly inPieces: boolean;
}

/**
 * Walks a whole protobuf body against the schema before a single record is told, so that a damaged body changes nothing
 * and the visitor may read without bounds checks. Refuses truncation, lengths beyond the parent, groups, wire types that
 * do not fit the field, varints over ten bytes, packed numbers cut in the middle and AnyValue nested too deep.
 */
export function checkMessage(
  bytes: Uint8Array,
  plan: MessagePlan,
  anyValueDepth: number,
): Result<Checked, DecodeError> {
  const check = new Check(bytes, anyValueDepth);
  check.message(plan, bytes.length, 0);
  return check.fault === null ? ok({ records: check.records, inPieces: check.inPieces }) : err(check.fault);
}

class Check {
  fault: DecodeError | null = null;
  records = 0;
  inPieces = false;
  readonly #view: DataView;
  readonly #depthLimit: number;
  #at = 0;

  constructor(bytes: Uint8Array, depthLimit: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#depthLimit = depthLimit;
  }

  /** Reads fields up to `end`; false once a fault is known. */
  message(plan: MessagePlan, end: number, depth: number): boolean {
    if (plan.nests && depth > this.#depthLimit) {
      this.fault = tooDeep(`${plan.name} at byte ${this.#at}`, this.#depthLimit);
      return false;
    }
    let seen = 0;
    while (this.#at < end) {
      const tag = this.#varint(plan, null, end);
      if (tag < 0) return false;
      const number = Math.floor(tag / 8);
      if (number < 1 || number > 0x1fffffff) return this.#fail(plan, null, `${number} is no field number`);
      const field = plan.byNumber[number];
      const wire = tag % 8;
      if (field?.message !== null && field?.repeated === false) {
        const bit = 1 << number;
        if ((seen & bit) !== 0) this.inPieces = true;
        seen |= bit;
      }
      const good =
        wire === 2 ? this.#delimited(plan, field, end, depth) : this.#scalar(plan, field, wire, end);
      if (!good) return false;
    }
    return true;
  }

  #scalar(plan: MessagePlan, field: FieldPlan | undefined, wire: number, end: number): boolean {
    if (wire !== 0 && wire !== 1 && wire !== 5) {
      return this.#fail(plan, field, `${wireNames[wire] ?? `wire type ${wire}`} fields are not accepted`);
    }
    if (field !== undefined && wire !== field.wire) {
      return this.#fail(plan, field, `${wireNames[wire] ?? ""} wire type where another was expected`);
    }
    if (wire === 0) return this.#varint(plan, field, end) >= 0;
    const size = wire === 1 ? 8 : 4;
    if (end - this.#at < size) return this.#fail(plan, field, "the value is cut off");
    this.#at += size;
    return true;
  }

  #delimited(plan: MessagePlan, field: FieldPlan | undefined, end: number, depth: number): boolean {
    const length = this.#varint(plan, field, end);
    if (length < 0) return false;
    if (length > end - this.#at) {
      return this.#fail(plan, field, `its length ${length} runs beyond what holds it`);
    }
    const stop = this.#at + length;
    if (field === undefined) {
      this.#at = stop;
      return true;
    }
    if (field.message !== null) {
      if (field.isRecord) this.records += 1;
      return this.message(field.message, stop, field.message.nests ? depth + 1 : depth);
    }
    if (field.packable) return this.#packed(plan, field, stop);
    if (field.wire !== 2) {
      return this.#fail(plan, field, "length-delimited wire type where another was expected");
    }
    this.#at = stop;
    return true;
  }

  #packed(plan: MessagePlan, field: FieldPlan, stop: number): boolean {
    if (field.wire === 0) {
      while (this.#at < stop) if (this.#varint(plan, field, stop) < 0) return false;
      return true;
    }
    if ((stop - this.#at) % 8 !== 0) return this.#fail(plan, field, "its packed numbers are cut off");
    this.#at = stop;
    return true;
  }

  /** A varint as a double (exact below 2^53, which lengths and tags need), or -1 with the fault set. */
  #varint(plan: MessagePlan, field: FieldPlan | null | undefined, end: number): number {
    const start = this.#at;
    let value = 0;
    let scale = 1;
    let at = start;
    while (at < end) {
      const byte = this.#view.getUint8(at);
      at += 1;
      if (byte < 0x80) {
        this.#at = at;
        return at - start === 1 ? byte : value + byte * scale;
      }
      if (at - start === longestVarint) {
        this.#fail(plan, field, `a varint is longer than ${longestVarint} bytes`);
        return -1;
      }
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    this.#fail(plan, field, "the value is cut off");
    return -1;
  }

  #fail(plan: MessagePlan, field: FieldPlan | null | undefined, message: string): false {
    const name = field === null || field === undefined ? plan.name : `${plan.name}.${field.name}`;
    this.fault ??= malformed(`${name} at byte ${this.#at}`, message);
    return false;
  }
}
