/** A text that counts the code units that are read from it, for tests that bound work and not time. */
export interface CountingText {
  readonly text: string;
  readonly reads: () => number;
}

/** Counts single units, and the length of what a search runs over. Only the methods of a text that scanners use. */
export function countingText(whole: string): CountingText {
  let reads = 0;
  const searched = (from: number, found: number, end: number): number => {
    reads += Math.abs((found < 0 ? end : found) - from) + 1;
    return found;
  };
  const methods: Readonly<Record<string, unknown>> = {
    length: whole.length,
    charCodeAt: (at: number) => {
      reads += 1;
      return whole.charCodeAt(at);
    },
    indexOf: (part: string, from = 0) => searched(from, whole.indexOf(part, from), whole.length),
    lastIndexOf: (part: string, from = whole.length) => searched(from, whole.lastIndexOf(part, from), 0),
    slice: (from: number, end?: number) => {
      const part = whole.slice(from, end);
      reads += part.length;
      return part;
    },
  };
  const text = new Proxy({}, { get: (_, key) => methods[String(key)] }) as unknown as string;
  return { text, reads: () => reads };
}
