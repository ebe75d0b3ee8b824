import { plainMessage, type Message } from "#analyzers/logs/message.ts";
import { readBody } from "#analyzers/logs/read-body.ts";
import { isFields, readFields } from "#analyzers/logs/read-fields.ts";

/** A record as text, and what is known of where it comes from. */
export interface Body {
  /** The body: the record, or its field. */
  readonly text: string;
  readonly message: Message;
}

function fieldOf(record: string, field: string): unknown {
  if (!/^\s*\{/.test(record)) return undefined;
  try {
    const value: unknown = JSON.parse(record);
    if (!isFields(value)) return undefined;
    if (Object.hasOwn(value, field)) return value[field];
    return field.split(".").reduce<unknown>((at, part) => (isFields(at) ? at[part] : undefined), value);
  } catch {
    return undefined;
  }
}

/** A text without halves of surrogate pairs, which not every reader of JSON takes. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

/** A value as text; null for one nested too deeply to be written. */
function written(value: unknown): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null;
  }
}

/** The body of a record: the field of that name where the record is JSON and has it, else the whole record. */
export function bodyOf(record: string, field: string | null): Body {
  const value = field === null ? undefined : fieldOf(record, field);
  if (typeof value === "string") {
    const text = wellFormed(value);
    return { text, message: readBody(text) };
  }
  const text = value === undefined || value === null ? null : written(value);
  if (text === null) return { text: record, message: readBody(record) };
  return { text, message: isFields(value) ? readFields(value) : plainMessage(text) };
}
