import { plainMessage, type Message } from "#analyzers/logs/message.ts";
import { bodyLimits, readBody } from "#analyzers/logs/read-body.ts";
import { isFields, readFields } from "#analyzers/logs/read-fields.ts";

/** The body of a record: as text, and what it says where that is asked for. */
export interface Body {
  readonly text: string;
  message(): Message;
  /** The texts that a body in JSON holds, where escaped quotes and line breaks are read; empty for another. */
  inner(): readonly string[];
}

const innerLimits = { depth: 4, texts: 64, shortest: 8 } as const;

function gather(value: unknown, depth: number, texts: string[]): void {
  if (texts.length >= innerLimits.texts) return;
  if (typeof value === "string") {
    if (value.length >= innerLimits.shortest) texts.push(value);
  } else if (depth > 0 && typeof value === "object" && value !== null)
    for (const part of Object.values(value)) gather(part, depth - 1, texts);
}

function innerOf(text: string): readonly string[] {
  if (text.length > bodyLimits.jsonChars || !/^\s{0,64}\{/.test(text)) return [];
  try {
    const texts: string[] = [];
    gather(JSON.parse(text), innerLimits.depth, texts);
    return texts;
  } catch {
    return [];
  }
}

function bodyOfText(text: string, message: () => Message): Body {
  return { text, message, inner: () => innerOf(text) };
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
    return bodyOfText(text, () => readBody(text));
  }
  const text = value === undefined || value === null ? null : written(value);
  if (text === null) return bodyOfText(record, () => readBody(record));
  return bodyOfText(text, () => (isFields(value) ? readFields(value) : plainMessage(text)));
}
