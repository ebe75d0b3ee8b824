import { defaultRedactOptions, type RedactOptions } from "#analyzers/logs/redact.ts";
import { knownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import type { Matcher } from "#analyzers/logs/signatures/matcher.ts";

/** What an operator says of how log records are read. */
export interface LogReading {
  /** Failures that are looked for. */
  readonly matcher: Matcher;
  /** What is taken out of all that is kept of a line. */
  readonly redaction: RedactOptions;
}

/** The catalogue alone, and what is always taken out. */
export function defaultLogReading(): LogReading {
  return { matcher: knownMatcher(), redaction: defaultRedactOptions };
}
