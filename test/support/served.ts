import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const builtMain = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** A real `haldane serve` in its own process, on free ports. */
export interface Served {
  readonly process: ChildProcess;
  readonly url: string;
  readonly otlpUrl: string;
  readonly errors: () => string;
}

export interface ServeFiles {
  readonly data: string;
  readonly config: string;
  readonly environment: Readonly<Record<string, string>>;
  /** The built main.js, where it does not stand beside the sources. */
  readonly main?: string;
}

export async function serveFiles(
  config: string,
  environment: Readonly<Record<string, string>>,
): Promise<ServeFiles> {
  const folder = await mkdtemp(join(tmpdir(), "haldane served "));
  const file = join(folder, "haldane.yaml");
  await writeFile(file, config);
  return { data: join(folder, "data"), config: file, environment };
}

/** Starts and resolves once it is ready; `npm run build` must have built it. */
export async function startServed(files: ServeFiles): Promise<Served> {
  const { data, config, environment, main = builtMain } = files;
  const child = spawn(
    process.execPath,
    [main, "serve", "--config", config, "--data", data, "--port", "0", "--otlp-port", "0"],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  let out = "";
  for await (const chunk of child.stdout) {
    out += String(chunk);
    const ready = /pages and API on (\S+), OTLP\/HTTP on (\S+)/.exec(out);
    if (ready !== null) {
      return { process: child, url: ready[1] ?? "", otlpUrl: ready[2] ?? "", errors: () => errors };
    }
  }
  throw new Error(`serve ended before it was ready: ${errors}`);
}

export async function endServed(served: Served, signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
  if (served.process.exitCode !== null) return served.process.exitCode;
  const ended = once(served.process, "exit");
  served.process.kill(signal);
  await ended;
  return served.process.exitCode;
}
