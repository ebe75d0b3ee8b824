/** One line of a byte stream, counted from 1; `text` is null where the line was longer than allowed and was skipped. */
export interface TextLine {
  readonly line: number;
  readonly text: string | null;
}

/** What is done with a line that is longer than allowed: left out, or read as far as allowed. */
export type Overlong = "skip" | "cut";

const lineFeed = 10;

function decode(pieces: readonly Uint8Array[], line: number): string {
  const text = Buffer.concat(pieces).toString("utf8").replace(/\r$/, "");
  return line === 1 ? text.replace(/^\ufeff/, "") : text;
}

/**
 * Splits bytes into lines and holds one line at most: what is longer than `lineBytes` is not kept beyond it. A last line without a line feed counts; a byte order mark and carriage returns are dropped.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytes: number,
  overlong: Overlong = "skip",
): AsyncGenerator<TextLine> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let line = 1;
  const keep = (piece: Uint8Array): void => {
    const room = Math.max(0, lineBytes - held);
    held += piece.length;
    if (held > lineBytes && overlong === "skip") pieces = [];
    else if (room > 0 && piece.length > 0) pieces.push(piece.subarray(0, room));
  };
  const take = (): TextLine => {
    const isLeftOut = held > lineBytes && overlong === "skip";
    const taken = { line, text: isLeftOut ? null : decode(pieces, line) };
    pieces = [];
    held = 0;
    line += 1;
    return taken;
  };
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    keep(chunk.subarray(start));
  }
  if (held > 0) yield take();
}
