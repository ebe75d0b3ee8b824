import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createChildren } from "#examples/demo/children.ts";
import { paintFor } from "#examples/demo/paint.ts";
import { runDemo } from "#examples/demo/run-demo.ts";
import { scenes } from "#examples/demo/scenes.ts";

const usage = `Plays five releases of a small shop under Haldane, one after the other.

  npm run demo                       all five
  npm run demo -- --scene ${scenes.map(({ name }) => name).join("|")}   one of them

Ends with 0 only if every scene ended as announced.`;

/** The command line of the demo; the exit code is the answer. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { scene: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) {
    process.stdout.write(`${usage}\n`);
    return 0;
  }
  const wanted = scenes.filter(({ name }) => values.scene === undefined || name === values.scene);
  if (wanted.length === 0) {
    process.stderr.write(`There is no scene "${values.scene ?? ""}".\n\n${usage}\n`);
    return 2;
  }
  const entries = dirname(fileURLToPath(import.meta.url));
  const stopped = new AbortController();
  const children = createChildren((child, how) => {
    stopped.abort(new Error(`${child.name} died: ${how}\n${child.tail().join("\n")}`));
  });
  process.once("exit", () => {
    children.killAll();
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      stopped.abort(new Error("stopped on request"));
    });
  }
  return runDemo({
    scenes: wanted,
    setting: {
      entries,
      haldane: join(entries, "..", "main.js"),
      files: join(entries, "..", "..", "examples"),
      ratePerSecond: 300,
      instancesPerVersion: 5,
    },
    children,
    stopped: stopped.signal,
    write: (line) => process.stdout.write(`${line}\n`),
    warmUpMs: 20_000,
    settleMs: 8000,
    paint: paintFor(process.stdout.isTTY, process.env["NO_COLOR"]),
  });
}

try {
  process.exit(await main());
} catch (failure) {
  process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
  process.exit(1);
}
