import { fork, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Bundles a TypeScript file of the tests so that a plain Node process can run it; gives the path of the bundle. */
export async function bundleForChild(source: string): Promise<string> {
  // Inside the project, so that packages resolve.
  const folder = join(root, "node_modules/.cache/haldane-test-children");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, `${basename(source, ".ts")}-${process.pid}.mjs`);
  await build({
    ...{ entryPoints: [join(root, source)], outfile, bundle: true, packages: "external" },
    ...{ platform: "node", format: "esm", target: "node20", logLevel: "error" },
  });
  return outfile;
}

export function startChild(bundle: string, parameters: readonly string[]): ChildProcess {
  return fork(bundle, [...parameters], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] });
}

/** Kills a child as a power switch would, and waits until the system has buried it. */
export async function killHard(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}

export function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => {
      reject(new Error(`the child ended with ${code ?? "a signal"} before it answered`));
    });
  });
}
