import type { Command } from "commander";
import type { Result } from "#model/result.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Finish, Terminal } from "./terminal.ts";

/** The running server as a command sees it. */
export interface App {
  /** Ready to answer when it resolves. Rejects with `startRefused` where the start is not possible. */
  start(): Promise<{ readonly url: string; readonly otlpUrl: string }>;
  /** Takes no more, finishes what was taken, closes the store. */
  stop(): Promise<void>;
}

/** What `serve` was told on the command line; null where it was not. */
export interface ServeRequest {
  readonly config: string | null;
  readonly data: string | null;
  readonly host: string | null;
  readonly port: string | null;
  readonly otlpPort: string | null;
}

export interface ServeParts {
  /** The app that files, environment and flags describe, not yet started; or every fault of them, one line each. */
  prepare(request: ServeRequest): Promise<Result<App, readonly string[]>>;
}

/** How long `stop` may take before the process ends all the same; then the exit code is 1. */
export const drainLimitMs = 30_000;

/** An expected reason not to start, for people: the data folder is in use, a port is taken. Carries no stack to the terminal. */
export function startRefused(message: string): Error {
  const refused = new Error(message);
  refused.name = "StartRefused";
  return refused;
}

const systemReasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the address is taken by another process; choose another port, or 0 for any free one",
  EADDRNOTAVAIL: "this machine has no such address",
  EACCES: "not allowed",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
};

function refusalText(error: unknown): string {
  if (!(error instanceof Error)) return `internal error: ${String(error)}`;
  if (error.name === "StartRefused") return error.message;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const reason = systemReasons[code];
  return reason === undefined
    ? `internal error: ${error.stack ?? error.message}`
    : `${error.message}: ${reason}`;
}

async function drain(app: App): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, drainLimitMs);
  });
  const inTime = await Promise.race([app.stop().then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

/** `haldane serve`: runs until it is asked to stop, then drains and ends with 0. */
export function addServe(command: Command, parts: ServeParts, terminal: Terminal, finish: Finish): void {
  command
    .description("take in telemetry, judge, answer and act")
    .option("--config <file>", "haldane.yaml (or HALDANE_CONFIG)")
    .option("--data <dir>", "folder of the databases (or HALDANE_DATA; default ./.haldane)")
    .option("--host <address>", "address to listen on (or HALDANE_HOST; default 127.0.0.1)")
    .option("--port <port>", "port of API and pages (or HALDANE_PORT; default 8080)")
    .option("--otlp-port <port>", "port of OTLP/HTTP (or HALDANE_OTLP_PORT; default 4318)")
    .action(async (options: Partial<Record<keyof ServeRequest, string>>) => {
      const prepared = await parts.prepare({
        config: options.config ?? terminal.environment["HALDANE_CONFIG"] ?? null,
        data: options.data ?? null,
        host: options.host ?? null,
        port: options.port ?? null,
        otlpPort: options.otlpPort ?? null,
      });
      if (!prepared.ok) {
        terminal.error(prepared.error.map((line) => `haldane: ${line}\n`).join(""));
        finish(exitCodes.usage);
        return;
      }
      const app = prepared.value;
      const stopRequested = terminal.stopRequested();
      try {
        const { url, otlpUrl } = await app.start();
        terminal.out(`haldane is ready: pages and API on ${url}, OTLP/HTTP on ${otlpUrl}\n`);
      } catch (error) {
        terminal.error(`haldane: ${refusalText(error)}\n`);
        finish(exitCodes.internal);
        return;
      }
      const signal = await stopRequested;
      terminal.error(`haldane: ${signal}: draining\n`);
      if (await drain(app)) return;
      terminal.error(
        `haldane: not drained within ${drainLimitMs / 1000} s; what was acknowledged is on disk\n`,
      );
      finish(exitCodes.internal);
    });
}
