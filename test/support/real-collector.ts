import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";

/** A real OpenTelemetry Collector in a process of its own. */
export interface RealCollector {
  readonly pid: number;
  /** Where it listens: its `${env:OTLP_HTTP_PORT}` and its `${env:OTLP_GRPC_PORT}`. */
  readonly otlpUrl: string;
  readonly grpcAddress: string;
  /** What it logged so far. */
  readonly log: () => string;
  /** Asks it to end, and kills it when it does not; gives its exit code. */
  stop(): Promise<number | null>;
}

export interface CollectorStart {
  readonly binary: string;
  /** Configurations, merged by the Collector in this order. */
  readonly configs: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const startTries = 3;

/**
 * Starts it and resolves once it says that it is ready. `${env:OTLP_HTTP_PORT}` and `${env:OTLP_GRPC_PORT}` in a configuration are
 * free ports; its own metrics are switched off, because their port is always the same.
 */
export async function startCollector(start: CollectorStart): Promise<RealCollector> {
  const folder = mkdtempSync(join(tmpdir(), "haldane-collector-"));
  const quiet = "service: { telemetry: { metrics: { level: none } } }";
  const parameters = writeConfigs(folder, [...start.configs, quiet]);
  for (let tries = 1; ; tries += 1) {
    const [http = 0, grpc = 0] = await freePorts(2);
    const ports = { OTLP_HTTP_PORT: String(http), OTLP_GRPC_PORT: String(grpc) };
    const child = spawn(start.binary, parameters, {
      env: { ...process.env, ...start.environment, ...ports },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const { log, ended } = follow(child);
    if (await isReady(child, log)) {
      return {
        pid: child.pid!,
        otlpUrl: `http://127.0.0.1:${http}`,
        grpcAddress: `127.0.0.1:${grpc}`,
        log,
        stop: async () => {
          child.kill("SIGTERM");
          const late = setTimeout(() => child.kill("SIGKILL"), 10_000);
          const code = await ended;
          clearTimeout(late);
          rmSync(folder, { recursive: true, force: true });
          return code;
        },
      };
    }
    if (tries < startTries && log().includes("address already in use")) continue;
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`the Collector ended at its start: ${log()}`);
  }
}

/** What the Collector itself finds wrong with configurations, "" for nothing. */
export function faultsFound(binary: string, configs: readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "haldane-collector-"));
  return new Promise((resolve) => {
    execFile(binary, ["validate", ...writeConfigs(folder, configs)], (error, _, stderr) => {
      rmSync(folder, { recursive: true, force: true });
      resolve(error === null ? "" : stderr || error.message);
    });
  });
}

function writeConfigs(folder: string, configs: readonly string[]): readonly string[] {
  return configs.map((config, index) => {
    const file = join(folder, `${index}.yaml`);
    writeFileSync(file, config);
    return `--config=${file}`;
  });
}

function follow(child: ChildProcess): { readonly log: () => string; readonly ended: Promise<number | null> } {
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once("close", resolve);
    child.once("error", (error) => {
      said += error.message;
    });
  });
  return { log: () => said, ended };
}

/** Until it says so, or has ended. */
function isReady(child: ChildProcess, log: () => string): Promise<boolean> {
  return new Promise((resolve) => {
    child.stderr?.on("data", () => {
      if (log().includes("Everything is ready")) resolve(true);
    });
    child.once("close", () => {
      resolve(false);
    });
  });
}
