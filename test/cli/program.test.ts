import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runProgram, type Parts } from "#cli/program.ts";
import type { ReplayOptions } from "#cli/replay.ts";
import { startRefused, type App, type ServeRequest } from "#cli/serve.ts";
import { defaultPolicy } from "#engine/policy.ts";
import { err, ok } from "#model/result.ts";
import type { VerdictWord } from "#model/verdict.ts";
import { createMemoryTerminal, type MemoryTerminal } from "#test/support/memory-terminal.ts";

const quietApp: App = {
  start: () => Promise.resolve({ url: "http://127.0.0.1:1", otlpUrl: "http://127.0.0.1:2" }),
  stop: () => Promise.resolve(),
};

const parts: Parts = {
  calibrate: () => Promise.reject(new Error("not asked for")),
  version: "1.2.3",
  prepare: () => Promise.resolve(ok(quietApp)),
  validate: () => Promise.resolve(ok([])),
  loadPolicy: () => Promise.resolve(ok(defaultPolicy)),
  loadSignatures: () => Promise.resolve(err(["not asked"])),
  loadRedaction: () => Promise.resolve(err(["not asked"])),
  replay: () => Promise.resolve(),
};

async function run(
  words: string,
  given: Partial<Parts> = {},
  terminal: MemoryTerminal = createMemoryTerminal(),
) {
  const code = await runProgram(words.split(" "), { ...parts, ...given }, terminal);
  return { code, ...terminal.written() };
}

let folder = "";
let recorded = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-cli-"));
  recorded = join(folder, "a.jsonl");
  await writeFile(recorded, '{"resourceSpans":[]}\nbad\n{"resourceLogs":[]}\n');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the program", () => {
  test("help and version end with 0", async () => {
    expect(await run("--version")).toMatchObject({ code: 0, out: "1.2.3\n" });
    const { code, out } = await run("--help");
    expect(code).toBe(0);
    expect(out).toMatch(/serve[^]*validate[^]*status[^]*replay/);
  });

  test.each(["sreve", "serve --prot 1", "serve extra", "validate", "replay", "replay --output xml f"])(
    "a usage error ends with 2: %s",
    async (words) => {
      const { code, error } = await run(words);
      expect(code).toBe(2);
      expect(error).toMatch(/^error: /);
    },
  );

  test("a bug ends with 1 and its stack", async () => {
    const { code, error } = await run("validate f", {
      validate: () => Promise.reject(new TypeError("oops")),
    });
    expect(code).toBe(1);
    expect(error).toMatch(/internal error: TypeError: oops\n +at /);
  });
});

describe("serve", () => {
  test("flags reach the app, and the addresses are told when it is ready", async () => {
    const asked: ServeRequest[] = [];
    const terminal = createMemoryTerminal({ environment: { HALDANE_CONFIG: "h.yaml" } });
    const running = run(
      "serve --port 0 --otlp-port 1 --host ::1",
      {
        prepare: (request) => {
          asked.push(request);
          return Promise.resolve(ok(quietApp));
        },
      },
      terminal,
    );
    terminal.requestStop("SIGTERM");
    expect(await running).toEqual({
      code: 0,
      out: "haldane is ready: pages and API on http://127.0.0.1:1, OTLP/HTTP on http://127.0.0.1:2\n",
      error: "haldane: SIGTERM: draining\n",
    });
    expect(asked).toEqual([{ config: "h.yaml", data: null, host: "::1", port: "0", otlpPort: "1" }]);
  });

  test("faults of the configuration end with 2, one a line", async () => {
    const prepare = () => Promise.resolve(err(["a.yaml:1:1: x", "HALDANE_PORT: y"]));
    expect(await run("serve", { prepare })).toEqual({
      code: 2,
      out: "",
      error: "haldane: a.yaml:1:1: x\nhaldane: HALDANE_PORT: y\n",
    });
  });

  test("a folder that another process holds is refused with 1 and without a stack", async () => {
    const start = () => Promise.reject(startRefused("the data folder ./x is in use"));
    const { code, error } = await run("serve", {
      prepare: () => Promise.resolve(ok({ ...quietApp, start })),
    });
    expect({ code, error }).toEqual({ code: 1, error: "haldane: the data folder ./x is in use\n" });
  });

  test("a taken port says what to do", async () => {
    const taken = Object.assign(new Error("listen EADDRINUSE: 127.0.0.1:8080"), { code: "EADDRINUSE" });
    const app: App = { ...quietApp, start: () => Promise.reject(taken) };
    const { code, error } = await run("serve", { prepare: () => Promise.resolve(ok(app)) });
    expect(code).toBe(1);
    expect(error).toBe(
      "haldane: listen EADDRINUSE: 127.0.0.1:8080: the address is taken by another process; choose another port, or 0 for any free one\n",
    );
  });
});

describe("validate", () => {
  test("good documents are named on standard output, faults go to standard error with code 2", async () => {
    expect(await run("validate a b", { validate: () => Promise.resolve(ok(["a: valid"])) })).toEqual({
      code: 0,
      out: "a: valid\n",
      error: "",
    });
    expect(await run("validate a", { validate: () => Promise.resolve(err(["a:1:2: x"])) })).toEqual({
      code: 2,
      out: "",
      error: "a:1:2: x\n",
    });
  });
});

describe("replay", () => {
  test("a recording without any service is undecided, and says so", async () => {
    const { code, error } = await run(`replay ${recorded}`);
    expect(code).toBe(4);
    expect(error).toContain("no service was found, so nothing was judged");
  });

  const ending =
    (...verdicts: readonly VerdictWord[]): Parts["replay"] =>
    async (lines, _options, output) => {
      for await (const line of lines) {
        if (line.signal === "logs")
          output.badLine({ file: line.file, line: line.line, why: "does not decode" });
      }
      for (const [at, verdict] of verdicts.entries()) {
        const arms = { canary: "v2", baseline: "v1" };
        const service = { service: `s${at}`, environment: "" };
        output.final({ ...service, ...arms, verdict, at: 0, elapsedMs: 0, reasons: [], findings: [] });
      }
    };

  test("the exit code follows from the last verdicts", async () => {
    expect((await run(`replay ${recorded}`, { replay: ending("promote") })).code).toBe(0);
    expect((await run(`replay ${recorded}`, { replay: ending("promote", "rollback") })).code).toBe(3);
    expect((await run(`replay ${recorded}`, { replay: ending("inconclusive") })).code).toBe(4);
    expect((await run(`replay ${recorded}`, { replay: ending() })).code).toBe(4);
  });

  test("bad lines of the reader and of the decoder are told in one way and counted together", async () => {
    const { error } = await run(`replay ${recorded}`, { replay: ending("promote") });
    expect(error).toMatch(/a\.jsonl:2: not JSON/);
    expect(error).toMatch(/a\.jsonl:3: does not decode\nhaldane: 2 lines were not read; the rest was\n$/);
  });

  test("options reach the engine parsed", async () => {
    const asked: ReplayOptions[] = [];
    const replay: Parts["replay"] = (_lines, options) => {
      asked.push(options);
      return Promise.resolve();
    };
    await run(`replay --service shop/pay --canary v2 --baseline v1 --policy p --every 1m ${recorded}`, {
      replay,
    });
    await run(`replay --service * ${recorded}`, { replay });
    expect(asked).toEqual([
      { service: "shop/pay", canary: "v2", baseline: "v1", policy: defaultPolicy, everyMs: 60_000 },
      { service: null, canary: null, baseline: null, policy: null, everyMs: 10_000 },
    ]);
  });

  test.each([
    ["--every 10ms", "--every"],
    ["--every soon", "--every"],
    ["--baseline v1", "--canary"],
    ["--canary v1 --baseline v1", "name two versions"],
  ])("a request that makes no sense ends with 2: %s", async (flags, named) => {
    const { code, error } = await run(`replay ${flags} ${recorded}`);
    expect(code).toBe(2);
    expect(error).toContain(named);
  });

  test("a file that is not there, a folder and a faulty policy end with 2", async () => {
    expect(await run(`replay ${recorded} nowhere.jsonl`)).toMatchObject({
      code: 2,
      error: "haldane: nowhere.jsonl: cannot be read (ENOENT)\n",
    });
    expect((await run(`replay ${folder}`)).error).toContain("is a folder");
    const loadPolicy = () => Promise.resolve(err(["p.yaml:1:1: no"]));
    expect(await run(`replay --policy p.yaml ${recorded}`, { loadPolicy })).toMatchObject({
      code: 2,
      error: "haldane: p.yaml:1:1: no\n",
    });
  });
});
