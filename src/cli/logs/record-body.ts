import { innerTexts } from "#analyzers/logs/inner-texts.ts";
import { plainMessage, type Message } from "#analyzers/logs/message.ts";
import { readBody } from "#analyzers/logs/read-body.ts";
import { isFields, readFields } from "#analyzers/logs/read-fields.ts";
import { wellFormed } from "#analyzers/logs/well-formed.ts";

/** The body of a record: as text, and what it says where that is asked for. */
export interface Body {
  readonly text: string;
  message(): Message;
  /** The texts that a body in JSON holds, where escaped quotes and line breaks are read; empty for another. */
  inner(): readonly string[];
}

function bodyOfText(text: string, message: () => Message): Body {
  return { text, message, inner: () => innerTexts(text) };
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
    return bodyOfText(text, () => readBody(text));
  }
  const text = value === undefined || value === null ? null : written(value);
  if (text === null) return bodyOfText(record, () => readBody(record));
  return bodyOfText(text, () => (isFields(value) ? readFields(value) : plainMessage(text)));
}
