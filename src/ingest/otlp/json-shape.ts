import { type DecodeError } from "./decode-error.ts";
import type { OtlpLimits } from "./limits.ts";

/** A smaller text makes no tree that could hurt. */
const harmlessBytes = 64 * 1024;

const quote = 0x22;
const comma = 0x2c;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether the tree of a JSON text stays small: its nesting and the number of its values are counted before a tree is made, since
 * 60 MB of `{},` make 3 GB of objects, and 60 kB on the wire make 60 MB. Never says yes to a text that passes a limit;
 * whether it is JSON is left to the parser.
 */
export function jsonShapeFault(
  bytes: Uint8Array,
  limits: Pick<OtlpLimits, "jsonDepth" | "jsonValues">,
): DecodeError | null {
  if (bytes.length <= harmlessBytes) return null;
  let depth = 0;
  let values = 1;
  for (let at = 0; at < bytes.length; at += 1) {
    switch (bytes[at] ?? 0) {
      case quote:
        at = endOfString(bytes, at);
        break;
      case openBrace:
      case openBracket:
        values += 1;
        depth += 1;
        if (depth > limits.jsonDepth) return tooDeeplyNested(at, limits.jsonDepth);
        break;
      case closeBrace:
      case closeBracket:
        depth -= 1;
        break;
      case comma:
        values += 1;
    }
    if (values > limits.jsonValues) return tooManyValues(limits.jsonValues);
  }
  return null;
}

/** Index of the quote that ends the string begun at `start`, or the end of the text. */
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
  return at;
}

function tooDeeplyNested(at: number, limit: number): DecodeError {
  const message = `JSON is nested deeper than ${limit} (limit jsonDepth)`;
  return { tag: "overLimit", limit: "jsonDepth", where: `(body) at byte ${at}`, message };
}

function tooManyValues(limit: number): DecodeError {
  const message = `holds over ${limit} JSON values (limit jsonValues): send less at once, or protobuf`;
  return { tag: "overLimit", limit: "jsonValues", where: "(body)", message };
}
