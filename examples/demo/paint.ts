/** Emphasis for a terminal; plain text everywhere else. Every line must read well without it. */
export interface Paint {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export const plain: Paint = {
  strong: (text) => text,
  faint: (text) => text,
  good: (text) => text,
  bad: (text) => text,
};

const escaped =
  (code: number) =>
  (text: string): string =>
    `\u001b[${code}m${text}\u001b[0m`;

const colours: Paint = { strong: escaped(1), faint: escaped(2), good: escaped(32), bad: escaped(31) };

/** Colours on a terminal only, and never where NO_COLOR is set to anything (no-color.org). */
export function paintFor(isTerminal: boolean, noColor: string | undefined): Paint {
  return isTerminal && (noColor === undefined || noColor === "") ? colours : plain;
}
