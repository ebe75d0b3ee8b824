import { plainMessage, type Message } from "./message.ts";

/** What of a structured body is looked at. */
export const fieldLimits = {
  /** Keys of a body that has no message; those beyond do not decide. */
  keys: 256,
  /** UTF-16 code units of a value that is taken for a logger, a level or a kind. */
  nameChars: 128,
} as const;

export type Fields = Readonly<Record<string, unknown>>;

const messageKeys = [
  "message",
  "msg",
  "log",
  "event",
  "error.message",
  "exception.message",
  "content",
  "text",
  "Message",
  "MESSAGE",
  "@m",
  "body",
];
const levelKeys = [
  "level",
  "severity",
  "lvl",
  "loglevel",
  "log.level",
  "severity_text",
  "severityText",
  "levelname",
  "Level",
  "@l",
];
const loggerKeys = [
  "logger",
  "logger_name",
  "loggerName",
  "log.logger",
  "SourceContext",
  "component",
  "scope",
];
const templateKeys = ["@mt", "messageTemplate", "MessageTemplate", "log.record.template"];
const eventKeys = ["event.name", "event_name", "eventName"];
/** Keys whose values tell kinds of records apart rather than records. */
const kindKeys = [
  "type",
  "kind",
  "action",
  "event",
  "op",
  "operation",
  "category",
  "component",
  "code",
  "status",
  "reason",
  "method",
];

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a key, written flat (`error.message`) or nested. */
export function valueOf(fields: Fields, key: string): unknown {
  const flat = fields[key];
  if (flat !== undefined || !key.includes(".")) return flat;
  let at: unknown = fields;
  for (const part of key.split(".")) at = isFields(at) ? at[part] : undefined;
  return at;
}

function nameOf(fields: Fields, keys: readonly string[]): string {
  for (const key of keys) {
    const value = valueOf(fields, key);
    if (typeof value === "string" && value !== "") return value.slice(0, fieldLimits.nameChars);
    if (typeof value === "number") return String(value);
  }
  return "";
}

/** The text under one of the keys of a message, in their order; an object there is asked for its own message once. */
function textOf(fields: Fields, deep: boolean): string | null {
  for (const key of messageKeys) {
    const value = valueOf(fields, key);
    if (typeof value === "string" && value.trim() !== "") return value;
    const inner = deep && isFields(value) ? textOf(value, false) : null;
    if (inner !== null) return inner;
  }
  return null;
}

/** What stands for a body without a message: its keys in order, and the values that tell kinds of records apart. */
function shapeOf(fields: Fields): string {
  const keys: string[] = [];
  for (const key in fields) {
    if (keys.length >= fieldLimits.keys) break;
    keys.push(key);
  }
  const parts = keys.sort().map((key) => {
    const value = fields[key];
    const isKind = typeof value === "string" && kindKeys.includes(key) && /^[\p{L}_.-]{1,64}$/u.test(value);
    return isKind ? `${key}: ${value}` : `${key}=${typeof value === "string" ? "x" : "0"}`;
  });
  return parts.join(" ");
}

/** The message of a structured body: OTLP's map, or an object of JSON. */
export function readFields(fields: Fields): Message {
  const text = textOf(fields, true);
  const template = nameOf(fields, templateKeys);
  return {
    ...plainMessage(text ?? (template === "" ? shapeOf(fields) : template)),
    level: nameOf(fields, levelKeys),
    logger: nameOf(fields, loggerKeys),
    event: nameOf(fields, eventKeys),
    template,
  };
}
