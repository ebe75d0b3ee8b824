import { classifyLine, newestTime, type OtlpSignal } from "./classify-line.ts";
import { openBytes, UnreadableBytes } from "./open-bytes.ts";
import type { BadLine } from "./replay-output.ts";
import { splitLines } from "./split-lines.ts";

/** One export request as text, with the place it came from. */
export interface OtlpLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly signal: OtlpSignal;
  readonly text: string;
}

/** What reading is bounded by. */
export const readLimits = {
  /** Bytes of one line once unpacked; a longer one is skipped and told as a bad line. */
  lineBytes: 67_108_864,
  /** Files read side by side; more are a usage error. */
  files: 1000,
} as const;

export interface ReadRequest {
  /** Paths, or "-" for standard input; gzip is unpacked whatever the name. */
  readonly files: readonly string[];
  readonly stdin: NodeJS.ReadableStream;
  readonly lineBytes: number;
  readonly badLine: (bad: BadLine) => void;
}

/** The good lines of one file; bad ones, and the place where a file breaks off, are told and passed over. */
async function* readFile(file: string, request: ReadRequest): AsyncGenerator<OtlpLine> {
  const name = file === "-" ? "(standard input)" : file;
  let reached = 0;
  try {
    for await (const { line, text } of splitLines(openBytes(file, request.stdin), request.lineBytes)) {
      reached = line;
      if (text === null) {
        const why = `longer than ${request.lineBytes} bytes; skipped`;
        request.badLine({ file: name, line, why });
      } else if (text.trim() !== "") {
        const signal = classifyLine(text);
        if (signal.ok) yield { file: name, line, signal: signal.value, text };
        else request.badLine({ file: name, line, why: signal.error });
      }
    }
  } catch (error) {
    if (!(error instanceof UnreadableBytes)) throw error;
    request.badLine({ file: name, line: reached + 1, why: `cannot be read on: ${error.message}` });
  }
}

interface Head {
  readonly rest: AsyncGenerator<OtlpLine>;
  readonly line: OtlpLine;
  readonly time: number;
}

async function headOf(rest: AsyncGenerator<OtlpLine>): Promise<Head | null> {
  const next = await rest.next();
  return next.done === true ? null : { rest, line: next.value, time: newestTime(next.value.text) };
}

/**
 * Lines of files of OTLP JSON. One file is read in its own order; several are merged by the newest record time of each
 * line, which is the order in which the lines would have arrived live, and by the order of the files where times are equal.
 * Holds one line a file.
 */
export async function* readOtlpLines(request: ReadRequest): AsyncGenerator<OtlpLine> {
  const sources = request.files.map((file) => readFile(file, request));
  const [only] = sources;
  if (only !== undefined && sources.length === 1) {
    yield* only;
    return;
  }
  const heads = await Promise.all(sources.map(headOf));
  for (;;) {
    let earliest: { readonly at: number; readonly head: Head } | null = null;
    for (const [at, head] of heads.entries()) {
      if (head !== null && (earliest === null || head.time < earliest.head.time)) earliest = { at, head };
    }
    if (earliest === null) return;
    yield earliest.head.line;
    heads[earliest.at] = await headOf(earliest.head.rest);
  }
}
