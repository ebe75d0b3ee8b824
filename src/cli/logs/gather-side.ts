import { readException, type Exception } from "#analyzers/logs/exceptions/read-exception.ts";
import type { Miner } from "#analyzers/logs/miner.ts";
import { exampleLine } from "#analyzers/logs/example-line.ts";
import { findFailures } from "#analyzers/logs/signatures/find-failures.ts";
import type { RedactOptions } from "#analyzers/logs/redact.ts";
import type { Matcher } from "#analyzers/logs/signatures/matcher.ts";
import { mineMessage } from "./mine-records.ts";
import { readRecords } from "./read-records.ts";
import { bodyOf, type Body } from "./record-body.ts";

/** What one form of line showed on one side. */
export interface LineTally {
  count: number;
  /** True when a record of it was logged as an error or worse. */
  isError: boolean;
  readonly signatures: Set<string>;
  /** The first records, redacted. */
  readonly examples: string[];
}

export interface ExceptionTally {
  readonly exception: Exception;
  count: number;
  readonly example: string;
}

/** One file as the comparison needs it. */
export interface Side {
  readonly records: number;
  /** By number of the miner's line. */
  readonly lines: ReadonlyMap<number, LineTally>;
  readonly signatures: ReadonlyMap<string, number>;
  readonly exceptions: ReadonlyMap<string, ExceptionTally>;
  /** Exceptions past the limit, which were not told apart. */
  readonly moreExceptions: number;
}

export const diffLimits = {
  /** Records kept of a pattern, redacted. */
  examples: 3,
  /** UTF-16 code units of an example. */
  exampleChars: 300,
  /** Distinct exceptions of one side. */
  exceptions: 2000,
} as const;

const errorLevel = /^(?:e|err|error|severe|crit|critical|fatal|panic|emerg|alert|50|60)/i;

/** The exception of a body: where it has several lines, or in JSON in the first text that has. */
function exceptionOf(body: Body): Exception | null {
  const text = body.text.includes("\n") ? body.text : body.inner().find((each) => each.includes("\n"));
  return text === undefined ? null : readException(text, null);
}

export interface SideRequest {
  readonly file: string;
  readonly field: string | null;
  readonly stdin: NodeJS.ReadableStream;
  readonly redaction: RedactOptions;
}

/** Reads a file for the comparison. `miner` and `matcher` are the same for both sides. */
export async function gatherSide(request: SideRequest, miner: Miner, matcher: Matcher): Promise<Side> {
  const lines = new Map<number, LineTally>();
  const signatures = new Map<string, number>();
  const exceptions = new Map<string, ExceptionTally>();
  let records = 0;
  let moreExceptions = 0;
  for await (const record of readRecords(request.file, request.stdin)) {
    records += 1;
    const body = bodyOf(record, request.field);
    const message = body.message();
    const line = mineMessage(miner, message);
    const tally = lines.get(line) ?? {
      count: 0,
      isError: false,
      signatures: new Set<string>(),
      examples: [],
    };
    lines.set(line, tally);
    tally.count += 1;
    if (errorLevel.test(message.level)) tally.isError = true;
    if (tally.examples.length < diffLimits.examples)
      tally.examples.push(exampleLine(body.text, diffLimits.exampleChars, request.redaction));
    for (const hit of findFailures(matcher, body.text, body.inner())) {
      const id = matcher.rules[hit]?.id ?? "";
      tally.signatures.add(id);
      signatures.set(id, (signatures.get(id) ?? 0) + 1);
    }
    const exception = exceptionOf(body);
    if (exception === null) continue;
    const known = exceptions.get(exception.fingerprint);
    if (known !== undefined) known.count += 1;
    else if (exceptions.size >= diffLimits.exceptions) moreExceptions += 1;
    else
      exceptions.set(exception.fingerprint, {
        exception,
        count: 1,
        example: exampleLine(body.text, diffLimits.exampleChars, request.redaction),
      });
  }
  return { records, lines, signatures, exceptions, moreExceptions };
}
