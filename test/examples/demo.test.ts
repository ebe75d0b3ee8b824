import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { createChildren } from "#examples/demo/children.ts";
import { plain } from "#examples/demo/paint.ts";
import { runDemo } from "#examples/demo/run-demo.ts";
import { scenes } from "#examples/demo/scenes.ts";
import { configuration } from "#examples/demo/stage.ts";
import { parseConfiguration } from "#engine/configuration.ts";
import { parsePolicy } from "#engine/policy.ts";
import { buildEntries, exampleFiles } from "#test/support/built-examples.ts";
import { until } from "#test/support/listening.ts";

let entries = "";
beforeAll(async () => {
  entries = await buildEntries("demo", [
    "examples/shop-main.ts",
    "examples/router-main.ts",
    "examples/load-main.ts",
    "test/support/haldane-stand-in-main.ts",
    "test/support/leash-main.ts",
    "test/support/stranger-main.ts",
  ]);
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function play(
  scene: string,
  standIn: Readonly<Record<string, string>>,
  stopped = new AbortController(),
  heard: (line: string) => void = () => undefined,
): Promise<{ readonly code: number; readonly lines: readonly string[]; readonly pids: readonly number[] }> {
  const lines: string[] = [];
  const pids: number[] = [];
  const real = createChildren((child, how) => {
    stopped.abort(new Error(`${child.name} died: ${how}`));
  });
  const children = {
    ...real,
    start: (options: Parameters<typeof real.start>[0]) => {
      const child = real.start({ ...options, env: { ...options.env, ...standIn } });
      pids.push(child.pid);
      return child;
    },
  };
  const code = await runDemo({
    scenes: scenes.filter(({ name }) => name === scene),
    setting: {
      entries,
      haldane: join(entries, "haldane-stand-in-main.js"),
      files: exampleFiles,
      ratePerSecond: 60,
      instancesPerVersion: 1,
    },
    children,
    stopped: stopped.signal,
    write: (line) => {
      lines.push(line);
      heard(line);
    },
    paint: plain,
    warmUpMs: 0,
    settleMs: 0,
  });
  return { code, lines, pids };
}

describe("the demo", () => {
  it("ends with 0 where the release climbed and was promoted, and leaves no process", async () => {
    const { code, lines, pids } = await play("good", { STAND_IN_ENDS: "promoted", STAND_IN_REASON: "safe" });
    expect(lines.join("\n")).toContain("as announced: climbs 25, 50, 100 % and is promoted");
    expect(lines.filter((line) => line.includes("confirmed, generation")).length).toBeGreaterThanOrEqual(3);
    expect(code).toBe(0);
    expect(pids.length).toBe(5);
    expect(pids.filter(alive)).toEqual([]);
  });

  it("ends with 1 and everything useful where a scene ended otherwise", async () => {
    const { code, lines } = await play("good", { STAND_IN_ENDS: "rolledBack", STAND_IN_REASON: "harm" });
    const said = lines.join("\n");
    expect(code).toBe(1);
    expect(said).toContain("otherwise: it ended as rolledBack, not as promoted");
    expect(said).toContain("--- last report of the analysis");
  });

  it("stopped in the middle it ends with 130 and leaves no process and no file", async () => {
    const own = await mkdtemp(join(tmpdir(), "haldane-test-"));
    process.env["TMPDIR"] = own;
    const stopped = new AbortController();
    const { code, pids } = await play("good", {}, stopped, (line) => {
      if (line.includes("has no traffic yet")) stopped.abort(new Error("stopped on request"));
    });
    delete process.env["TMPDIR"];
    expect(code).toBe(130);
    expect(pids.filter(alive)).toEqual([]);
    expect(await readdir(own)).toEqual([]);
    await rm(own, { recursive: true });
  });

  it("tells which process died, and ends with 1", async () => {
    const { code, lines, pids } = await play("good", { HALDANE_ROUTER_SECRET: "" });
    expect(code).toBe(1);
    expect(lines.join("\n")).toContain("haldane died");
    expect(pids.filter(alive)).toEqual([]);
  });

  it.each(["SIGTERM", "SIGKILL"] as const)("no child outlives its parent after %s", async (signal) => {
    const parent = spawn(
      process.execPath,
      ["leash-main.js", "load-main.js", "stranger-main.js"].map((file) => join(entries, file)),
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let said = "";
    parent.stdout.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    await until(() => said.endsWith("\n"));
    const pids = JSON.parse(said) as number[];
    expect(pids.filter(alive)).toEqual(pids);
    parent.kill(signal);
    await until(() => !pids.some(alive));
    expect(pids.filter(alive)).toEqual([]);
  });

  it("its files are a valid configuration and a valid policy that its page shows, with the router's true address", async () => {
    const text = await configuration(exampleFiles, "http://127.0.0.1:1234/weights");
    const [configured, judged] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    const parsed = parseConfiguration(configured);
    expect(
      parsed.ok && parsed.value.controllers.flatMap((one) => (one.kind === "webhook" ? [one.url] : [])),
    ).toEqual(["http://127.0.0.1:1234/weights"]);
    const policy = parsePolicy(judged);
    const page = await readFile(join(exampleFiles, "..", "docs", "demo.md"), "utf8");
    const shown = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    expect(await readFile(join(exampleFiles, "demo-policy.yaml"), "utf8")).toContain(shown);
    expect(shown).toContain("kind: Policy");
    expect(policy.ok && policy.value.steps.map(({ weight }) => weight)).toEqual([25, 50, 100]);
  });
});
