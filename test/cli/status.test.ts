import { afterEach, describe, expect, test } from "vitest";
import { runProgram } from "#cli/program.ts";
import { formatTable } from "#cli/status-text.ts";
import { err, ok } from "#model/result.ts";
import { createFakeApi, type FakeApi } from "#test/support/fake-api.ts";
import { listening } from "#test/support/listening.ts";
import { createMemoryTerminal, type MemoryTerminal } from "#test/support/memory-terminal.ts";
import { richReport as reported } from "#test/support/rich-report.ts";

const richReport = reported();
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** The real API over a fake engine, on a port of its own. */
async function serving(api: FakeApi): Promise<string> {
  const { origin, close } = await listening(api.app);
  closing.push(close);
  return origin;
}

const absent = () => Promise.resolve(err([]));

async function status(words: readonly string[], terminal: MemoryTerminal = createMemoryTerminal()) {
  const parts = {
    version: "0",
    prepare: absent,
    validate: () => Promise.resolve(ok([])),
    loadPolicy: absent,
    loadSignatures: absent,
    loadRedaction: absent,
    calibrate: () => Promise.reject(new Error("not asked for")),
    replay: () => Promise.resolve(),
  };
  const code = await runProgram(["status", ...words], parts, terminal);
  return { code, ...terminal.written() };
}

describe("status", () => {
  test("without an id the analyses and services of the server are listed", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    const url = await serving(api);
    const { code, out } = await status(["--url", url]);
    expect(code).toBe(0);
    const row = out.split("\n").find((line) => line.startsWith(richReport.analysis.id));
    expect(row).toContain(richReport.analysis.service);
    expect(row).toContain(richReport.analysis.verdict.word);
    expect(out).toContain("No telemetry of any service yet.");
  });

  test("with an id the verdict, its reasons and every finding are shown", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    const url = await serving(api);
    const { code, out } = await status([richReport.analysis.id, "--url", url]);
    expect(code).toBe(0);
    expect(out.startsWith(richReport.analysis.verdict.word.toUpperCase())).toBe(true);
    for (const reason of richReport.analysis.verdict.reasons) expect(out).toContain(reason.text);
    expect(richReport.analysis.findings.length).toBeGreaterThan(0);
    for (const finding of richReport.analysis.findings) expect(out).toContain(finding.why);
  });

  test("shares are told in percent and ratios as ratios", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    const url = await serving(api);
    const { out } = await status([richReport.analysis.id, "--url", url]);
    const row = out.split("\n").find((line) => /^worse +errors /.test(line));
    expect(row).toMatch(/^worse +errors POST \/pay +2\.1 % +[\d.]+ % +[\d.]+x to [\d.]+x /);
  });

  test("the form json is the answer of the API as it came", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    const url = await serving(api);
    const path = `/v1/analyses/${richReport.analysis.id}`;
    const answered: unknown = await (await api.app.request(path)).json();
    const { out } = await status([richReport.analysis.id, "--url", url, "--output", "json"]);
    expect(JSON.parse(out)).toEqual(answered);
  });

  test("a watch shows each change and ends with the analysis", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    const { id } = richReport.analysis;
    const url = await serving(api);
    const terminal = createMemoryTerminal();
    const watching = status([id, "--watch", "--url", url], terminal);
    await expect.poll(() => terminal.written().out).toContain(id);
    api.asking.move(id, ({ opened }) => ({ phase: { phase: "ended", as: "reported", since: opened } }));
    const { code, out } = await watching;
    expect(code).toBe(0);
    expect(out).toContain(", ended, opened ");
  });

  test("a watch ends with 0 when it is asked to stop", async () => {
    const api = createFakeApi();
    api.asking.put(richReport);
    api.asking.move(richReport.analysis.id, ({ opened }) => ({
      phase: { phase: "watching", step: 0, since: opened },
    }));
    const url = await serving(api);
    const terminal = createMemoryTerminal();
    const watching = status([richReport.analysis.id, "--watch", "--url", url], terminal);
    await expect.poll(() => terminal.written().out).not.toBe("");
    terminal.requestStop("SIGINT");
    expect((await watching).code).toBe(0);
  });

  test("the token of the environment is sent, and a wrong one is refused with what to set", async () => {
    const url = await serving(createFakeApi({ token: "secret" }));
    const right = createMemoryTerminal({ environment: { HALDANE_TOKEN: "secret", HALDANE_URL: url } });
    expect((await status([], right)).code).toBe(0);
    const wrong = await status(["--url", url, "--token", "guess"]);
    expect(wrong.code).toBe(1);
    expect(wrong.error).toMatch(/the server answered 401: .*--token or HALDANE_TOKEN/);
  });

  test("an unknown id, a server that is not there and an address that is none are told apart", async () => {
    const url = await serving(createFakeApi());
    expect((await status(["nope", "--url", url])).error).toMatch(/^haldane: the server answered 404: /);
    const silent = await status(["--url", "http://127.0.0.1:1"]);
    expect(silent.code).toBe(1);
    expect(silent.error).toContain("no answer from http://127.0.0.1:1");
    expect((await status(["--url", "localhost"])).code).toBe(2);
  });

  test("names from telemetry cannot command the terminal", () => {
    expect(
      formatTable([
        ["A", "B"],
        ["\u001b[2J", "x\ny"],
      ]),
    ).not.toMatch(/\u001b|x\n/);
  });
});
