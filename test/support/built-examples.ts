import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Bundles entry files (paths from the root of the project) into a folder of their own and gives that folder. */
export async function buildEntries(name: string, entries: readonly string[]): Promise<string> {
  const outdir = join(root, "node_modules", ".cache", "haldane-test", name);
  await build({
    absWorkingDir: root,
    entryPoints: [...entries],
    outdir,
    outbase: join(root, "examples"),
    entryNames: "[name]",
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  return outdir;
}

/** The folder with the example's own files. */
export const exampleFiles = join(root, "examples");
