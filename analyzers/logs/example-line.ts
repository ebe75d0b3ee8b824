import { cutLoose } from "./cut-loose.ts";
import { defaultRedactOptions, redact, type RedactOptions } from "./redact.ts";
import { wellFormed } from "./well-formed.ts";

/** A record that may be shown: one line, redacted first and cut after, to `chars` UTF-16 code units. */
export function exampleLine(
  text: string,
  chars: number,
  redaction: RedactOptions = defaultRedactOptions,
): string {
  const line = redact(text, redaction).replace(/\s+/g, " ").trim();
  return cutLoose(wellFormed(line.length > chars ? `${line.slice(0, chars)}…` : line));
}
