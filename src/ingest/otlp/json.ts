import type { Observer } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";
import { malformed, tooDeep, type DecodeError } from "./decode-error.ts";
import { defaultOtlpLimits, type OtlpLimits } from "./limits.ts";
import { jsonShapeFault } from "./json-shape.ts";
import { writeScalar } from "./json-scalars.ts";
import { visitProtobuf, type Visited } from "./protobuf/visit.ts";
import { planOf, requestPlans, type FieldPlan, type MessagePlan, type Signal } from "./schema.ts";
import { WireWriter } from "./wire-writer.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
/** Positions and lengths stay small integers. */
const longestText = 2 ** 28 - 1;

/**
 * Tells the observer every record of one OTLP request in JSON form. The tree is written out in protobuf form and visited
 * as such, so that both forms mean the same by construction. Rules (OTLP specification, "JSON Protobuf Encoding"):
 * lowerCamelCase names only, ids in hexadecimal of any case, enums as numbers or names, 64-bit integers as strings or
 * numbers, "NaN" and "Infinity", unknown keys ignored, null is absent; a byte order mark is passed over. On an error
 * nothing was told.
 */
export function visitJson(
  signal: Signal,
  bytes: Uint8Array,
  observer: Observer,
  limits: OtlpLimits = defaultOtlpLimits,
): Result<Visited, DecodeError> {
  const wire = jsonToProtobuf(signal, bytes, limits);
  return wire.ok ? visitProtobuf(signal, wire.value, observer, limits) : wire;
}

/** An OTLP JSON request rewritten in protobuf form, fields in the order of the JSON text. */
export function jsonToProtobuf(
  signal: Signal,
  bytes: Uint8Array,
  limits: OtlpLimits = defaultOtlpLimits,
): Result<Uint8Array, DecodeError> {
  const shape = jsonShapeFault(bytes, limits);
  if (shape !== null) return err(shape);
  let tree: unknown;
  try {
    tree = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    return err(malformed("(body)", `is not JSON: ${error instanceof Error ? error.message : "unreadable"}`));
  }
  const walk = new JsonWalk(bytes.length, limits.anyValueDepth);
  if (!walk.message(requestPlans[signal], tree, 0)) {
    return err(walk.fault ?? malformed("(body)", "is not readable"));
  }
  const wire = walk.writer.written();
  if (wire.length > longestText) {
    return err({ tag: "overLimit", limit: "bodyBytes", where: "(body)", message: "is too large to be read" });
  }
  return ok(wire);
}

const keyValue = planOf("KeyValue");
const keyTag = (1 << 3) | 2;
const valueTag = (2 << 3) | 2;
const stringTag = (1 << 3) | 2;

interface JsonObject {
  readonly key?: unknown;
  readonly value?: unknown;
  readonly stringValue?: unknown;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

class JsonWalk {
  fault: DecodeError | null = null;
  readonly writer: WireWriter;
  readonly #depthLimit: number;
  readonly #path: (string | number)[] = [];

  constructor(capacity: number, depthLimit: number) {
    this.writer = new WireWriter(capacity);
    this.#depthLimit = depthLimit;
  }

  /** Writes the fields of one message; false once a fault is known. */
  message(plan: MessagePlan, value: unknown, depth: number): boolean {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.#fail(`must be an object (${plan.name})`);
    }
    if (plan.nests && depth > this.#depthLimit) {
      this.fault = tooDeep(this.#where(), this.#depthLimit);
      return false;
    }
    const members = value as Readonly<Record<string, unknown>>;
    for (const name of Object.keys(members)) {
      const member = members[name];
      const field = plan.byName.get(name);
      if (field === undefined || member === null) continue;
      this.#path.push(name);
      if (!this.#field(field, member, depth)) return false;
      this.#path.pop();
    }
    return true;
  }

  #field(field: FieldPlan, value: unknown, depth: number): boolean {
    if (!field.repeated) return this.#value(field, value, depth);
    if (!Array.isArray(value)) return this.#fail("must be an array");
    const items: readonly unknown[] = value;
    for (let index = 0; index < items.length; index += 1) {
      this.#path.push(index);
      if (!this.#value(field, items[index], depth)) return false;
      this.#path.pop();
    }
    return true;
  }

  #value(field: FieldPlan, value: unknown, depth: number): boolean {
    this.writer.varint(field.number * 8 + field.wire);
    if (field.message === null) {
      const fault = writeScalar(this.writer, field, value);
      return fault === null || this.#fail(fault);
    }
    if (field.message === keyValue && depth < this.#depthLimit && this.#plainPair(value)) return true;
    const from = this.writer.open();
    const good = this.message(field.message, value, field.message.nests ? depth + 1 : depth);
    this.writer.close(from);
    return good;
  }

  /** Writes the form that nearly every KeyValue has, a key with one string; false, and nothing written, for others. */
  #plainPair(value: unknown): boolean {
    if (!isObject(value)) return false;
    const { key, value: content } = value;
    if (typeof key !== "string" || !isObject(content)) return false;
    const { stringValue } = content;
    if (typeof stringValue !== "string" || Object.keys(content).length !== 1) return false;
    const { writer } = this;
    const from = writer.open();
    writer.varint(keyTag);
    writer.text(key);
    writer.varint(valueTag);
    const inside = writer.open();
    writer.varint(stringTag);
    writer.text(stringValue);
    writer.close(inside);
    writer.close(from);
    return true;
  }

  #fail(message: string): false {
    this.fault ??= malformed(this.#where(), message);
    return false;
  }

  #where(): string {
    if (this.#path.length === 0) return "(body)";
    return this.#path
      .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
      .join("")
      .replace(/^\./, "");
  }
}
