import { fork } from "node:child_process";
import { basename } from "node:path";
import type { Readable } from "node:stream";

/** A process of the demo. */
export interface Child {
  readonly name: string;
  /** -1 where the process could not be started. */
  readonly pid: number;
  /** Sends a message to it; a child that has gone hears nothing. */
  send(message: object): void;
  /** The last lines of its output, for people who ask why. */
  tail(): readonly string[];
  /** SIGTERM, and SIGKILL if it does not end in 5 s. */
  stop(): Promise<void>;
  readonly running: () => boolean;
}

export interface ChildOptions {
  readonly name: string;
  /** Path of the JavaScript file to run. */
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onMessage?: (message: unknown) => void;
}

/** All processes that the demo started: the one place that ends them, whatever happens. */
export interface Children {
  start(options: ChildOptions): Child;
  all(): readonly Child[];
  /** Ends all and lets no other start. */
  stopAll(): Promise<void>;
  /** At once and without waiting: for the last moment of this process. */
  killAll(): void;
}

const tailLines = 30;
const stopMs = 5000;

/** Imported by a child that knows nothing of this demo: it ends with its parent, whatever ended that. */
const leash = `data:text/javascript,${encodeURIComponent(
  'if (process.channel) { process.on("disconnect", () => process.exit(1)); process.channel.unref(); }',
)}`;

/** `onDeath` is told of a child that ends although nobody stopped it. */
export function createChildren(onDeath: (child: Child, how: string) => void): Children {
  const running = new Map<Child, { kill(signal: NodeJS.Signals): void }>();
  let closed = false;
  return {
    start(options) {
      if (closed) throw new Error(`${options.name} was not started: the demo is ending`);
      const forked = fork(options.file, options.args, {
        execArgv: ["--import", leash],
        env: { ...process.env, ...options.env },
        stdio: ["ignore", "pipe", "pipe", "ipc"],
      });
      const lines = lastLines([forked.stdout, forked.stderr]);
      if (options.onMessage !== undefined) forked.on("message", options.onMessage);
      let stopping = false;
      const gone = new Promise<void>((resolve) => {
        const end = (how: string): void => {
          if (running.delete(child) && !stopping) onDeath(child, how);
          resolve();
        };
        forked.once("error", (failure) => {
          end(failure.message);
        });
        forked.once("exit", (code, signal) => {
          end(`${basename(options.file)} ended with ${signal ?? `code ${String(code)}`}`);
        });
      });
      const child: Child = {
        name: options.name,
        pid: forked.pid ?? -1,
        send(message) {
          if (forked.connected) forked.send(message);
        },
        tail: () => lines,
        running: () => running.has(child),
        async stop() {
          stopping = true;
          forked.kill("SIGTERM");
          const hard = setTimeout(() => forked.kill("SIGKILL"), stopMs);
          await gone;
          clearTimeout(hard);
        },
      };
      running.set(child, forked);
      return child;
    },
    all: () => [...running.keys()],
    async stopAll() {
      closed = true;
      await Promise.all([...running.keys()].map((child) => child.stop()));
    },
    killAll() {
      for (const forked of running.values()) forked.kill("SIGKILL");
    },
  };
}

/** The last lines of some streams, kept up to date. */
function lastLines(streams: readonly (Readable | null)[]): readonly string[] {
  const lines: string[] = [];
  for (const stream of streams) {
    stream?.on("data", (chunk: Buffer) => {
      lines.push(...chunk.toString("utf8").split("\n").filter(Boolean));
      lines.splice(0, Math.max(0, lines.length - tailLines));
    });
  }
  return lines;
}
