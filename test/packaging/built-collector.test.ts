import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { bundleForChild } from "#test/support/bundled-child.ts";

let main = "";
let folder = "";

beforeAll(async () => {
  main = await bundleForChild("test/support/build-collector-main.ts");
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-built-"));
  await mkdir(join(folder, "bin"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A `go` of the given version whose builder writes down that it ran, takes a moment, and makes an otelcol. */
async function installGo(version: string, ends = 0): Promise<void> {
  const go = `#!/bin/sh
if [ "$1" = env ]; then echo ${version}; exit 0; fi
cat > "$GOBIN/builder" <<'END'
#!/bin/sh
echo built >> ${folder}/built
sleep 0.3
[ ${ends} = 0 ] || { echo "no such module" >&2; exit ${ends}; }
mkdir out && echo a collector > out/otelcol
END
chmod +x "$GOBIN/builder"
`;
  await writeFile(join(folder, "bin/go"), go);
  await chmod(join(folder, "bin/go"), 0o755);
}

interface Ran {
  readonly code: number | string;
  readonly out: string;
  readonly errors: string;
}

function run(environment: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const env = { PATH: `${join(folder, "bin")}:/bin:/usr/bin`, XDG_CACHE_HOME: folder, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { env }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, out: stdout.trim(), errors: stderr });
    });
  });
}

const builds = async (): Promise<number> =>
  (await readFile(join(folder, "built"), "utf8")).trim().split("\n").length;

test("without Go its tests are skipped aloud, and in continuous integration that is a failure", async () => {
  const nowhere = { PATH: dirname(folder) };
  const skipped = await run(nowhere);
  expect(skipped).toMatchObject({ code: 0, out: "" });
  expect(skipped.errors).toContain("SKIPPED: the tests with a real OpenTelemetry Collector need");
  expect(skipped.errors).toContain("Go 1.25 or newer");
  const failed = await run({ ...nowhere, CI: "true" });
  expect(failed.code).toBe(1);
  expect(failed.errors).toContain("Go 1.25 or newer");
});

test("a Go that is too old, or a build that fails, is named", async () => {
  await installGo("go1.19.8");
  expect((await run()).errors).toContain("Go 1.25 or newer (this is go1.19.8)");
  await installGo("go1.26.1", 3);
  expect((await run()).errors).toMatch(/a build that succeeds; it ended with\nno such module/);
});

test("it is built once, by one of those that want it, and kept", async () => {
  await installGo("go1.25.0");
  const both = await Promise.all([run(), run()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const path = both[0].out.replace("OpenTelemetry Collector: ", "");
  expect(both[1].out).toContain(path);
  expect(await readFile(path, "utf8")).toBe("a collector\n");
  await rm(join(folder, "bin/go"));
  expect((await run({ PATH: dirname(folder), CI: "true" })).out).toContain(path);
  expect(await builds()).toBe(1);
  const left = await readdir(join(folder, "haldane/collector"));
  expect(left).toEqual([expect.stringMatching(/^0\.158\.0-[0-9a-f]{12}$/)]);
});

test("the lock of a builder that is gone is taken over", async () => {
  await installGo("go1.26.1");
  const first = await run();
  const kept = dirname(first.out.replace("OpenTelemetry Collector: ", ""));
  await rm(kept, { recursive: true });
  // Ids end at 2 ** 22: nobody has this one.
  await symlink(String(2 ** 23), `${kept}.lock`);
  expect(await run()).toMatchObject({ code: 0, out: first.out });
  expect(await builds()).toBe(2);
});
