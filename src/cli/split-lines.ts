/** One line of a byte stream, counted from 1; `text` is null where the line was longer than allowed and was skipped. */
export interface TextLine {
  readonly line: number;
  readonly text: string | null;
}

const lineFeed = 10;

function decode(pieces: readonly Uint8Array[], line: number): string {
  const text = Buffer.concat(pieces).toString("utf8").replace(/\r$/, "");
  return line === 1 ? text.replace(/^\ufeff/, "") : text;
}

/**
 * Splits bytes into lines and holds one line at most: what is longer than `lineBytes` is skipped up to its end without
 * being kept. A last line without a line feed counts; a byte order mark and carriage returns are dropped.
 */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytes: number,
): AsyncGenerator<TextLine> {
  let pieces: Uint8Array[] = [];
  let held = 0;
  let line = 1;
  const keep = (piece: Uint8Array): void => {
    held += piece.length;
    if (held > lineBytes) pieces = [];
    else if (piece.length > 0) pieces.push(piece);
  };
  const take = (): TextLine => {
    const taken = { line, text: held > lineBytes ? null : decode(pieces, line) };
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
