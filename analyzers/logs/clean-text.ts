/** What of a text is looked at for a line that says something. */
export const lineLimits = {
  /** UTF-16 code units: where they are blanks and control characters alone, the text says nothing. */
  firstLineChars: 16_384,
} as const;

const controls = /[\u0000-\u0008\u000e-\u001f\u007f]/;
const escapes =
  /\u001b\[[0-?]{0,32}[ -/]{0,8}[@-~]?|\u001b\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|\u001b[@-_]?/g;
const others = /[\u0000-\u0008\u000e-\u001f\u007f]/g;

/** A text without colours, cursor commands, NUL and other control characters; at most twice `chars` code units of it are read. */
export function cleanText(text: string, chars: number): string {
  const part = text.length > 2 * chars ? text.slice(0, 2 * chars) : text;
  if (!controls.test(part)) return part;
  return part.replace(escapes, "").replace(others, "");
}

/** The first line of a text that holds more than blanks: what a message with a stack below it says. */
export function firstLine(text: string): string {
  const { firstLineChars } = lineLimits;
  const part = text.length > firstLineChars ? text.slice(0, firstLineChars) : text;
  const first = part.search(/\S/);
  const start = part.lastIndexOf("\n", first < 0 ? part.length : first) + 1;
  const end = first < 0 ? -1 : part.indexOf("\n", first);
  return end < 0 ? part.slice(start) : part.slice(start, end);
}

/** The first line that says something, cleaned: one of control characters alone says nothing. */
export function cleanLine(text: string, chars: number): string {
  const line = firstLine(text);
  const clean = cleanText(line, chars);
  return clean === line || clean.trim() !== "" ? clean : firstLine(cleanText(text, chars));
}
