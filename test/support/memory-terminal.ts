import { Readable } from "node:stream";
import type { Terminal } from "#cli/terminal.ts";

/** A terminal in memory: keeps what was written, and stops when told to. */
export interface MemoryTerminal extends Terminal {
  written(): { readonly out: string; readonly error: string };
  requestStop(signal: string): void;
}

export function createMemoryTerminal(
  given: { readonly environment?: Readonly<Record<string, string>>; readonly stdin?: string | Buffer } = {},
): MemoryTerminal {
  let out = "";
  let error = "";
  let stop: (signal: string) => void = () => undefined;
  const stopping = new Promise<string>((resolve) => {
    stop = resolve;
  });
  return {
    out: (text) => {
      out += text;
    },
    drained: () => Promise.resolve(),
    error: (text) => {
      error += text;
    },
    stdin: Readable.from([Buffer.from(given.stdin ?? "")]),
    environment: given.environment ?? {},
    stopRequested: () => stopping,
    written: () => ({ out, error }),
    requestStop: (signal) => {
      stop(signal);
    },
  };
}
