/** What one joined record may hold. A raw stream also ends a record after a pause (1 s), which its reader knows. */
export const joinLimits = { lines: 256, chars: 65_536, pauseMs: 1000 } as const;

/** The record of one raw stream (a container's stdout) that is still open; key streams by resource and stream name. */
export interface OpenRecord {
  readonly lines: readonly string[];
  readonly chars: number;
  /** A Python traceback is open: its last line begins at the margin. */
  readonly inTraceback: boolean;
}

const continuation =
  /^(?:\s|at |Caused by:|\.\.\. \d{1,6} (?:more|common frames)|File "|goroutine |--- End of|\[signal |created by |exit status )/;
const traceback = /^Traceback \(most recent call last\):/;

/** True when a line goes on with the record before it. */
function continues(open: OpenRecord, line: string): boolean {
  return open.inTraceback || line === "" || continuation.test(line);
}

/**
 * Adds a line of a raw stream. `done` is the record that ended before it, or null while it is still open. Stacks that a
 * program wrote line by line become one record with the line above them.
 */
export function joinLine(
  open: OpenRecord | null,
  line: string,
): { readonly open: OpenRecord; readonly done: string | null } {
  const fresh: OpenRecord = { lines: [line], chars: line.length, inTraceback: traceback.test(line) };
  if (open === null) return { open: fresh, done: null };
  const isFull = open.lines.length >= joinLimits.lines || open.chars + line.length > joinLimits.chars;
  if (isFull || !continues(open, line)) return { open: fresh, done: open.lines.join("\n") };
  const isIndented = /^\s/.test(line);
  return {
    open: {
      lines: [...open.lines, line],
      chars: open.chars + line.length,
      inTraceback: traceback.test(line) || (open.inTraceback && isIndented),
    },
    done: null,
  };
}
