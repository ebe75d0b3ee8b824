import { openBytes } from "#cli/open-bytes.ts";
import { splitLines } from "#cli/split-lines.ts";

/** What reading records is bounded by. */
export const recordLimits = {
  /** Bytes of one record; of a longer one the beginning is read. */
  recordBytes: 4_194_304,
  /** UTF-16 code units of a printed template; a longer one ends with "…". */
  templateChars: 1000,
} as const;

/**
 * The records of a file, or of standard input for "-": what stands between two line feeds, a carriage return before one
 * dropped. A last record without a line feed counts, an empty one in between too. Throws `UnreadableBytes` where the
 * file breaks off.
 */
export async function* readRecords(file: string, stdin: NodeJS.ReadableStream): AsyncGenerator<string> {
  for await (const { text } of splitLines(openBytes(file, stdin), recordLimits.recordBytes, "cut"))
    yield text ?? "";
}
