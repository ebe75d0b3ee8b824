import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A bug to be planted in one source file: `good` stands there exactly once and becomes `bad`. */
export interface PlantedBug {
  readonly file: string;
  readonly good: string;
  readonly bad: string;
}

/**
 * Builds the whole product with bugs planted and gives the path of its main file, for a process of its own; it is gone after
 * the test. Throws where a bug finds no place: a planted bug that silently is none would prove nothing.
 */
export async function buildPlanted(name: string, bugs: readonly PlantedBug[]): Promise<string> {
  // Inside the project, so that packages resolve.
  const outdir = join(root, "node_modules/.cache/haldane-planted", `${name}-${process.pid}`);
  mkdirSync(outdir, { recursive: true });
  onTestFinished(() => {
    rmSync(outdir, { recursive: true });
  });
  const planted = new Map<string, string>();
  for (const { file, good, bad } of bugs) {
    const path = resolve(root, file);
    const text = planted.get(path) ?? readFileSync(path, "utf8");
    if (text.split(good).length !== 2) throw new Error(`${file} does not hold this exactly once: ${good}`);
    planted.set(
      path,
      text.replace(good, () => bad),
    );
  }
  await build({
    ...{ entryPoints: [join(root, "src/main.ts"), join(root, "src/ingest-worker.ts")], outdir },
    ...{ bundle: true, splitting: true, packages: "external", format: "esm", platform: "node" },
    ...{ target: "node20", logLevel: "error" },
    plugins: [
      {
        name: "planted",
        setup: (building) => {
          building.onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const contents = planted.get(path);
            return contents === undefined ? undefined : { contents, loader: "ts" };
          });
        },
      },
    ],
  });
  return join(outdir, "main.js");
}
