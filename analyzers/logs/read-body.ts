import { cleanLine } from "./clean-text.ts";
import { plainMessage, type Message } from "./message.ts";
import { peelPrefix } from "./peel-prefix.ts";
import { isFields, readFields, type Fields } from "./read-fields.ts";
import { readLogfmt } from "./read-logfmt.ts";

/** What of a text body is looked at. */
export const bodyLimits = {
  /** UTF-16 code units of a body that is parsed as JSON; a longer one is read as a line of text. */
  jsonChars: 65_536,
  /** Signs `,` `{` `[` and `":` of a body that is parsed as JSON; one with more is read as a line of text. */
  jsonSigns: 8192,
  /** UTF-16 code units of a message. */
  messageChars: 8192,
} as const;

const comma = 0x2c;
const brace = 0x7b;
const bracket = 0x5b;
const colon = 0x3a;
const quote = 0x22;

/** True where a body has more keys and values than a record of a log: what it would cost to parse shows before. */
function isCrowded(body: string): boolean {
  if (body.length <= bodyLimits.jsonSigns) return false;
  let signs = 0;
  for (let at = 0; at < body.length && signs <= bodyLimits.jsonSigns; at += 1) {
    const code = body.charCodeAt(at);
    if (code === comma || code === brace || code === bracket) signs += 1;
    else if (code === colon && body.charCodeAt(at - 1) === quote) signs += 1;
  }
  return signs > bodyLimits.jsonSigns;
}

/** The fields of a body that is an object in JSON; null for another. */
export function fieldsOf(body: string): Fields | null {
  if (body.length > bodyLimits.jsonChars || !/^\s{0,64}\{/.test(body) || isCrowded(body)) return null;
  try {
    const value: unknown = JSON.parse(body);
    return isFields(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * What a text body says: the message of an object in JSON or of a line in logfmt, else the text itself without colours
 * and without time, level and thread before it. Several lines stay several: the rest may be a stack.
 */
export function readBody(body: string): Message {
  const fields = fieldsOf(body);
  return fields === null ? readLine(body) : readFields(fields);
}

/** `readBody` of a body that is known to be no object in JSON. */
export function readLine(body: string): Message {
  const line = cleanLine(body, bodyLimits.messageChars).trim();
  const pairs = line.includes("=") ? readLogfmt(line) : null;
  if (pairs !== null) return pairs;
  return { ...plainMessage(""), ...peelPrefix(line) };
}
