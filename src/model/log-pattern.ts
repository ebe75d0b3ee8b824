import type { Instant } from "./time.ts";

/** One record that shows a pattern. */
export interface LogExample {
  readonly deploymentId: number;
  readonly instanceId: number;
  readonly at: Instant;
  /** Redacted, one line, cut at a named limit. */
  readonly line: string;
  /** Hexadecimal; null where the record names no trace. */
  readonly traceId: string | null;
}

/**
 * Log lines of one service that are the same but for their variables. Lines are counted under the id of their own words,
 * which never changes; as more lines come, ids turn out to be one pattern, and `ids` grows.
 */
export interface LogPattern {
  /** Stands for all of `ids`: the smallest of them, so that it does not depend on the order of the lines. */
  readonly id: string;
  /** Every `Measure.pattern` that belongs to it now, ascending. */
  readonly ids: readonly string[];
  /** For people, with `<*>` for what changes; redacted. */
  readonly template: string;
  /** Highest OTLP severity number seen; read from the level word where the sender gave no number, 0 where it gave neither. */
  readonly severity: number;
  /** Ids of the known failures that its lines showed, ascending; `knownFailure` tells title and severity. */
  readonly signatures: readonly string[];
  /** Types from the outermost to the root cause where its records carried an exception. */
  readonly exception: string | null;
  /** First record of the service, whichever deployment logged it. */
  readonly firstSeen: Instant;
  /** The earliest, at most `examplesEach` of each deployment. */
  readonly examples: readonly LogExample[];
}

/** Examples kept of one pattern and deployment. */
export const examplesEach = 3;
