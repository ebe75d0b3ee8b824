/** Tells the exit code of the command that ran. */
export type Finish = (exitCode: number) => void;

/** What a command needs of the process that runs it: where it writes, what it is told, and when to stop. */
export interface Terminal {
  /** Standard output: the answer. */
  out(text: string): void;
  /** Resolves when standard output can take more: waited for between the pieces of a long answer. */
  drained(): Promise<void>;
  /** Standard error: what is said about the answer. */
  error(text: string): void;
  readonly stdin: NodeJS.ReadableStream;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Resolves at the first request to stop (SIGINT or SIGTERM) with its name; a second one ends the process at once. */
  stopRequested(): Promise<string>;
}

/**
 * The terminal of this process. A reader that goes away (`| head`) ends the process without a word: with the exit code
 * that stands by then, else with `exitCodeWhenUnread`, since an answer that nobody read must not pass for a promotion.
 */
export function processTerminal(exitCodeWhenUnread: number): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(process.exitCode ?? exitCodeWhenUnread);
    });
  }
  return {
    out: (text) => process.stdout.write(text),
    drained: () =>
      new Promise((resolve) => {
        if (process.stdout.writableNeedDrain) process.stdout.once("drain", resolve);
        else setImmediate(resolve);
      }),
    error: (text) => process.stderr.write(text),
    stdin: process.stdin,
    environment: process.env,
    stopRequested: () =>
      new Promise((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) {
          process.once(signal, () => {
            process.once(signal, () => process.exit(signal === "SIGINT" ? 130 : 143));
            resolve(signal);
          });
        }
      }),
  };
}
