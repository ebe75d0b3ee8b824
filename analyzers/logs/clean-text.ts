const controls = /[\u0000-\u0008\u000e-\u001f\u007f]/;
const escapes =
  /\u001b\[[0-?]{0,32}[ -/]{0,8}[@-~]?|\u001b\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|\u001b[@-_]?/g;
const others = /[\u0000-\u0008\u000e-\u001f\u007f]/g;

/** A text without colours, cursor commands, NUL and other control characters, at most `chars` code units of it. */
export function cleanText(text: string, chars: number): string {
  const part = text.length > 2 * chars ? text.slice(0, 2 * chars) : text;
  if (!controls.test(part)) return part;
  return part.replace(escapes, "").replace(others, "");
}

/** The first line of a text that holds more than blanks: what a message with a stack below it says. */
export function firstLine(text: string): string {
  let start = 0;
  for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    const line = text.slice(start, end);
    if (line.trim() !== "") return line;
    start = end + 1;
  }
  return start === 0 ? text : text.slice(start);
}
