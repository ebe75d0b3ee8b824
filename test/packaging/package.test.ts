import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly link?: boolean }>>;
}

/** Folders of packages that production needs, by the lock file. */
function productionFolders(lock: Lock): readonly string[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    path === "" || entry.dev === true ? [] : [path],
  );
}

let folder = "";
let packed: readonly string[] = [];

/** True where the bundle is newer than every source; other tests may be running it, so it is not built again without need. */
async function isBundleCurrent(): Promise<boolean> {
  const bundle = await stat(join(root, "dist/main.js")).catch(() => null);
  if (bundle === null) return false;
  const folders = ["src", "analyzers", "baselines"];
  const names = await Promise.all(folders.map((name) => readdir(join(root, name), { recursive: true })));
  const sources = names.flatMap((files, at) => files.map((file) => join(root, folders[at]!, file)));
  const times = await Promise.all(sources.map(async (file) => (await stat(file)).mtimeMs));
  return times.every((time) => time <= bundle.mtimeMs);
}

/** Packs the built package and unpacks it into an empty folder, beside links to its production dependencies and no other. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-package-"));
  if (!(await isBundleCurrent())) await run("npm", ["run", "-s", "build"], { cwd: root });
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root });
  const [tarball] = JSON.parse(stdout) as { filename: string; files: { path: string }[] }[];
  packed = tarball!.files.map((file) => file.path);
  await run("tar", ["-xzf", join(folder, tarball!.filename), "-C", folder]);
  const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as Lock;
  for (const path of productionFolders(lock).filter((each) => each.lastIndexOf("node_modules") === 0)) {
    const target = join(folder, "package", path);
    await mkdir(dirname(target), { recursive: true });
    // An optional package of another platform has no folder; its link leads nowhere and nothing asks for it.
    await symlink(join(root, path), target);
  }
}, 180_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

function haldane(words: readonly string[]): ChildProcess {
  const environment = { PATH: process.env["PATH"] ?? "", HOME: folder };
  return spawn(process.execPath, [join(folder, "package/dist/main.js"), ...words], {
    cwd: folder,
    env: environment,
  });
}

/** The output up to a line that matches; fails with everything that was said when the process ends before. */
async function waitFor(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  let said = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const match = pattern.exec(said);
      if (match !== null) resolve(match);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => {
      reject(new Error(`ended with ${code} after: ${said}`));
    });
  });
}

describe("the packed package", () => {
  test("holds the program, its worker and the pages for people, and no source or test", () => {
    expect(packed).toEqual(
      expect.arrayContaining(["dist/main.js", "dist/ingest-worker.js", "README.md", "CHANGELOG.md"]),
    );
    expect(packed).toEqual(
      expect.arrayContaining(["docs/schemas/policy.json", "docs/schemas/configuration.json"]),
    );
    expect(packed.filter((path) => /^(src|test|analyzers|baselines|examples|\.)/.test(path))).toEqual([]);
  });

  test("needs no development package: none is beside it", async () => {
    const manifest = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
      dependencies: Record<string, string>;
    };
    const lock = JSON.parse(await readFile(join(root, "package-lock.json"), "utf8")) as Lock;
    const linked = productionFolders(lock);
    expect(
      Object.keys(manifest.dependencies).filter((name) => !linked.includes(`node_modules/${name}`)),
    ).toEqual([]);
    expect(
      linked.filter((path) => /node_modules\/(vitest|typescript|eslint|esbuild|protobufjs)$/.test(path)),
    ).toEqual([]);
  });

  test("loads nothing but the option parser before a command is known", async () => {
    const read = async (file: string): Promise<readonly string[]> => {
      const text = await readFile(join(folder, "package/dist", file), "utf8");
      const named = [...text.matchAll(/^(?:import|export)[^"]*?(?:from )?"([^"]+)";?$/gm)].map(
        (match) => match[1]!,
      );
      const parts = named.filter((name) => name.startsWith("."));
      const below = await Promise.all(parts.map((part) => read(join(dirname(file), part))));
      return [...named.filter((name) => !name.startsWith(".")), ...below.flat()];
    };
    expect([...new Set(await read("main.js"))]).toEqual(["commander"]);
    const lazy = packed.filter((path) => path.includes("load-configuration")).map((path) => path.slice(5));
    expect(await read(lazy[0]!)).toContain("yaml");
  });

  test("answers --help and validates a file", async () => {
    const main = join(folder, "package/dist/main.js");
    const { stdout } = await run(process.execPath, [main, "--help"], { cwd: folder });
    expect(stdout).toContain("Usage: haldane");
    await expect(
      run(process.execPath, [main, "validate", "none.yaml"], { cwd: folder }),
    ).rejects.toMatchObject({ code: 2 });
  });

  test("a reader that goes away ends the program without a word", async () => {
    const child = haldane(["replay", "--help"]);
    child.stdout?.destroy();
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await once(child, "close");
    expect(said).toBe("");
  });

  test("serves from an empty folder, refuses a second process on its data, and ends with 0 when asked", async () => {
    const words = ["serve", "--port", "0", "--otlp-port", "0", "--data", join(folder, "data")];
    const child = haldane(words);
    try {
      const ready = await waitFor(child, /on (http:\S+), OTLP\/HTTP on (http:\S+)\n/);
      const readiness = await fetch(`${ready[1]}/readyz`);
      expect(readiness.status).toBe(200);
      const sent = await fetch(`${ready[2]}/v1/traces`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: '{"resourceSpans":[]}',
      });
      expect(sent.status).toBe(200);
      const second = haldane(words);
      await waitFor(second, /is in use/);
      expect(second.exitCode ?? (await once(second, "exit"))[0]).toBe(1);
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      expect((await ended)[0]).toBe(0);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
