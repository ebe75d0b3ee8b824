import { err, ok, type Result } from "#model/result.ts";
import { malformed, tooDeep, type DecodeError } from "#ingest/otlp/decode-error.ts";
import type { MessagePlan } from "#ingest/otlp/schema.ts";
import {
  act,
  actMask,
  checkRules,
  isOnce,
  isPair,
  isRecord,
  isValue,
  messageShift,
  ruledTags,
} from "./check-rules.ts";
import { endsVarint } from "./wire.ts";

const wireNames: Readonly<Record<number, string>> = {
  0: "varint",
  1: "64-bit",
  2: "length-delimited",
  3: "group",
  4: "end of group",
  5: "32-bit",
};
const longestVarint = 10;
const broken = -1;
const highestNumber = 0x1fffffff;
const keyTag = (1 << 3) | 2;
const valueTag = (2 << 3) | 2;
const stringTag = (1 << 3) | 2;
const intTag = 3 << 3;
const { rules, messages } = checkRules;

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
  check.message(messages.indexOf(plan), 0, bytes.length, 0);
  return check.fault === null ? ok({ records: check.records, inPieces: check.inPieces }) : err(check.fault);
}

/** Positions go in and out of the methods, so that they stay in registers; `broken` comes back once a fault is known. */
class Check {
  fault: DecodeError | null = null;
  records = 0;
  inPieces = false;
  readonly #view: DataView;
  readonly #depthLimit: number;
  /** Value of the varint read last by `#varint`, exact below 2^53. */
  #value = 0;
  #wrong = "";
  #wrongAt = 0;

  constructor(bytes: Uint8Array, depthLimit: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#depthLimit = depthLimit;
  }

  /** Reads the fields of message number `id` in [from, end). */
  // eslint-disable-next-line complexity -- the one loop over every field of a body: calls would cost more than the work
  message(id: number, from: number, end: number, depth: number): number {
    const view = this.#view;
    let at = from;
    let seen = 0;
    while (at < end) {
      const start = at;
      let tag = view.getUint8(at);
      at += 1;
      if (tag >= 0x80) {
        at = this.#varint(start, end);
        if (at < 0) return this.#blame(id, 0);
        tag = this.#value;
      }
      const rule = tag < ruledTags ? (rules[id * ruledTags + tag] ?? 0) : wideRule(tag);
      const kind = rule & actMask;
      if (kind === act.varint) {
        if (at < end && view.getUint8(at) < 0x80) at += 1;
        else at = this.#varint(at, end);
      } else if (kind === act.eightBytes) {
        at = end - at < 8 ? this.#fail(at, "the value is cut off") : at + 8;
      } else if (kind === act.fourBytes) {
        at = end - at < 4 ? this.#fail(at, "the value is cut off") : at + 4;
      } else if (kind === act.refuse) {
        return this.#refuse(id, tag, at, end);
      } else {
        let length = at < end ? view.getUint8(at) : 0x80;
        at += 1;
        if (length >= 0x80) {
          at = this.#varint(at - 1, end);
          length = this.#value;
        }
        if (at < 0 || length > end - at) at = at < 0 ? at : this.#beyond(at, length);
        else if (kind === act.bytes) at += length;
        else if (kind === act.packedEights)
          at = length % 8 === 0 ? at + length : this.#fail(at, "its packed numbers are cut off");
        else if (kind === act.packedVarints) at = this.#packed(at, at + length);
        else {
          if ((rule & isOnce) !== 0) {
            const bit = 1 << (tag >> 3);
            if ((seen & bit) !== 0) this.inPieces = true;
            seen |= bit;
          }
          at = this.#inner(rule, at, at + length, depth);
        }
      }
      if (at < 0) return this.#blame(id, tag);
    }
    return at;
  }

  #inner(rule: number, at: number, end: number, depth: number): number {
    if ((rule & isPair) !== 0 && depth < this.#depthLimit && isPlainPair(this.#view, at, end)) return end;
    if ((rule & isRecord) !== 0) this.records += 1;
    const id = rule >> messageShift;
    if ((rule & isValue) === 0) return this.message(id, at, end, depth);
    if (depth < this.#depthLimit) return this.message(id, at, end, depth + 1);
    this.fault = tooDeep(`${messages[id]?.name ?? ""} at byte ${at}`, this.#depthLimit);
    return broken;
  }

  #packed(from: number, end: number): number {
    const view = this.#view;
    let start = from;
    for (let at = from; at < end; at += 1) {
      if (view.getUint8(at) < 0x80) start = at + 1;
      else if (at + 1 - start === longestVarint) return this.#tooLong(start);
    }
    return start === end ? end : this.#fail(start, "the value is cut off");
  }

  /** Reads a varint into `#value`. */
  #varint(start: number, end: number): number {
    let value = 0;
    let scale = 1;
    let at = start;
    while (at < end) {
      const byte = this.#view.getUint8(at);
      at += 1;
      if (byte < 0x80) {
        this.#value = value + byte * scale;
        return at;
      }
      if (at - start === longestVarint) return this.#tooLong(start);
      value += (byte & 0x7f) * scale;
      scale *= 128;
    }
    return this.#fail(start, "the value is cut off");
  }

  #tooLong(start: number): number {
    return this.#fail(start, `a varint is longer than ${longestVarint} bytes`);
  }

  /** Says why a tag is refused. */
  #refuse(id: number, tag: number, at: number, end: number): number {
    const number = Math.floor(tag / 8);
    if (number < 1 || number > highestNumber) {
      this.#fail(at, `${number} is no field number`);
      return this.#blame(id, 0);
    }
    const wire = tag % 8;
    const name = wireNames[wire] ?? `wire type ${wire}`;
    if (wire === 2) {
      const past = this.#varint(at, end);
      if (past < 0) return this.#blame(id, tag);
      if (this.#value > end - past) {
        this.#beyond(past, this.#value);
        return this.#blame(id, tag);
      }
    }
    const isAccepted = wire === 0 || wire === 1 || wire === 2 || wire === 5;
    this.#fail(
      at,
      isAccepted ? `${name} wire type where another was expected` : `${name} fields are not accepted`,
    );
    return this.#blame(id, tag);
  }

  #beyond(at: number, length: number): number {
    return this.#fail(at, `its length ${length} runs beyond what holds it`);
  }

  /** Remembers what is wrong; the message that reads the field says which it is. */
  #fail(at: number, message: string): number {
    this.#wrong = message;
    this.#wrongAt = at;
    return broken;
  }

  /** Names the field of what is wrong, once; tag 0 stands for the message itself. */
  #blame(id: number, tag: number): number {
    if (this.fault !== null) return broken;
    const plan = messages[id];
    const field = plan?.byNumber[Math.floor(tag / 8)];
    const name = field === undefined ? (plan?.name ?? "") : `${plan?.name ?? ""}.${field.name}`;
    this.fault = malformed(`${name} at byte ${this.#wrongAt}`, this.#wrong);
    return broken;
  }
}

/** A field number that no message has: passed over by its wire type. */
function wideRule(tag: number): number {
  if (tag >= (highestNumber + 1) * 8) return act.refuse;
  const wire = tag % 8;
  if (wire === 0) return act.varint;
  if (wire === 1) return act.eightBytes;
  if (wire === 2) return act.bytes;
  return wire === 5 ? act.fourBytes : act.refuse;
}

/**
 * True for the form that nearly every KeyValue has: key and value once, in either order, lengths in one byte, and a value
 * that is one string or one integer. Says nothing about others.
 */
function isPlainPair(view: DataView, at: number, end: number): boolean {
  if (end - at < 6) return false;
  const first = view.getUint8(at);
  const firstLength = view.getUint8(at + 1);
  const second = at + 2 + firstLength;
  if (firstLength >= 0x80 || end - second < 2) return false;
  const secondLength = view.getUint8(second + 1);
  if (secondLength >= 0x80 || second + 2 + secondLength !== end) return false;
  const otherTag = view.getUint8(second);
  if (first === keyTag && otherTag === valueTag) return isPlainValue(view, second + 2, secondLength);
  return first === valueTag && otherTag === keyTag && isPlainValue(view, at + 2, firstLength);
}

function isPlainValue(view: DataView, at: number, length: number): boolean {
  if (length < 2) return false;
  const tag = view.getUint8(at);
  if (tag === stringTag) return view.getUint8(at + 1) === length - 2;
  return tag === intTag && length - 1 <= longestVarint && endsVarint(view, at + 1, at + length);
}
