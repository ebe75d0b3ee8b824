import { plainMessage, type Message } from "./message.ts";
import { readFields } from "./read-fields.ts";

/** What of a line of `key=value` pairs is looked at. */
const lineChars = 8192;
const mostPairs = 64;

/** `key=value` or `key="quoted value"`, blanks before; sticky, so that each place is tried once. */
const pair = /\s{0,64}([A-Za-z_@][\w.@/-]{0,63})=(?:"((?:[^"\\]|\\.){0,4096})"|([^\s"]{0,1024}))/y;

const unescaped: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, letter: string) => unescaped[letter] ?? letter);
}

/**
 * The message of a line in logfmt; null where it is none. The whole line must be pairs up to the message, and the message
 * be quoted or stand beside a level or a time: `type=X msg=audit(1:2): …` is no message.
 */
export function readLogfmt(line: string): Message | null {
  if (!/\b(?:msg|message)=/.test(line.slice(0, lineChars))) return null;
  const fields: Record<string, string> = {};
  let isQuoted = false;
  pair.lastIndex = 0;
  for (let count = 0; count < mostPairs; count += 1) {
    const match = pair.exec(line);
    if (match === null) break;
    const [, key = "", quoted, bare = ""] = match;
    if (Object.hasOwn(fields, key)) continue;
    fields[key] = quoted === undefined ? bare : unescape(quoted);
    if (key === "msg" || key === "message") isQuoted = quoted !== undefined;
  }
  const keys = Object.keys(fields);
  if (keys.length < 2 || !keys.some((key) => key === "msg" || key === "message")) return null;
  const isDated = ["level", "lvl", "severity", "time", "ts", "t"].some((key) => key in fields);
  if (!isQuoted && !isDated) return null;
  const read = readFields(fields);
  return {
    ...plainMessage(fields["msg"] ?? fields["message"] ?? ""),
    level: read.level,
    logger: read.logger,
  };
}
