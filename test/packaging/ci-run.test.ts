import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const script = fileURLToPath(new URL("../../.ci/run", import.meta.url));
let folder = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-ci-"));
  await mkdir(join(folder, ".ci"));
  await mkdir(join(folder, "bin"));
  await copyFile(script, join(folder, ".ci/run"));
  for (const present of ["chromium", "java", "mvn", "go"]) await command(present, "exit 0");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function command(name: string, body: string): Promise<void> {
  const path = join(folder, "bin", name);
  await writeFile(path, `#!/usr/bin/env bash\n${body}\n`);
  await chmod(path, 0o755);
}

/** Runs the script where `npm test` says and ends as given. */
async function runWith(said: string, ends: number): Promise<{ code: number; lines: readonly string[] }> {
  await command(
    "npm",
    `if [[ "$1" == test ]]; then printf '%s\\n' ${JSON.stringify(said)}; exit ${ends}; fi`,
  );
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"] ?? ""}` };
  return new Promise((resolve) => {
    execFile("bash", [join(folder, ".ci/run")], { env }, (error, stdout) => {
      const code = typeof error?.code === "number" ? error.code : 0;
      resolve({ code, lines: stdout.trimEnd().split("\n") });
    });
  });
}

describe("the script of continuous integration", () => {
  test("its last line counts what passed, and green is 0", async () => {
    const { code, lines } = await runWith("      Tests  34 passed (34)", 0);
    expect(code).toBe(0);
    expect(lines.at(-1)).toBe("34 passed, 0 failed");
  });

  test("a failed test is counted and the exit code is the one of npm test", async () => {
    const { code, lines } = await runWith("      Tests  2 failed | 34 passed | 1 skipped (37)", 3);
    expect(code).toBe(3);
    expect(lines.at(-1)).toBe("34 passed, 2 failed");
  });

  test("a run that never came to the tests is a failure, even where npm says 0", async () => {
    expect((await runWith("error TS2307", 2)).code).toBe(2);
    expect(await runWith("nothing", 0)).toMatchObject({ code: 1 });
  });
});
