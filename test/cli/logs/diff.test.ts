import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logsCommand } from "#test/support/logs-command.ts";

let folder = "";
async function file(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join("\n")}\n`);
  return path;
}
const times = (count: number, line: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => line(at));
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-diff-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Row {
  readonly kind: string;
  readonly change: string;
  readonly text: string;
  readonly signatures: readonly string[];
  readonly examples: readonly string[];
}

describe("haldane logs diff", () => {
  const stack = (at: number) =>
    JSON.stringify({
      level: "error",
      msg: `cart ${at} failed`,
      stack: `CartError: no cart ${at}\n    at total (/app/cart.js:${at}:1)`,
    });

  test("what is new, gone, more and less, with the known failure, the exception and a redacted example", async () => {
    const baseline = await file("a.log", [
      ...times(400, (at) => `served request ${at} in 3 ms`),
      ...times(60, (at) => `cache warmed ${at}`),
      ...times(40, (at) => `retry ${at}`),
    ]);
    const canary = await file("b.log", [
      ...times(400, (at) => `served request ${at} in 3 ms`),
      ...times(160, (at) => `retry ${at}`),
      ...times(40, (at) => `ERROR connect ECONNREFUSED 10.0.0.${at}:5432 password=hunter2`),
      ...times(40, stack),
    ]);
    const { code, out, error } = await logsCommand(["diff", baseline, canary]);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out).toMatch(/500 records in the baseline, 640 in the canary/);
    expect(out).toMatch(/new in the canary: 2[^]*conn-refused[^]*password=\[secret\]/);
    expect(out).toMatch(/gone: 1\n {2}60 x before {2}cache warmed <\*>/);
    expect(out).toMatch(/more often: 1\n {2}40 -> 160, 3\.1 times the rate {2}retry <\*>/);
    expect(out).toMatch(/exceptions that are new: 1\n {2}40 x {2}CartError at cart.js total/);
    expect(out).not.toContain("hunter2");
    const ndjson = await logsCommand(["diff", "--output", "ndjson", baseline, canary]);
    const rows = ndjson.out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    expect(rows.map(({ kind, change }) => `${kind} ${change}`)).toEqual([
      "pattern new",
      "pattern new",
      "pattern gone",
      "pattern more",
      "failure new",
      "exception new",
    ]);
    expect(rows[0]).toMatchObject({ signatures: ["conn-refused"], examples: { length: 3 } });
  });

  test("a file against itself shows nothing", async () => {
    const path = await file(
      "same.log",
      times(300, (at) => `served ${at % 7} of ${at} from ${"abc"[at % 3]}`),
    );
    const { code, out } = await logsCommand(["diff", path, path]);
    expect(code).toBe(0);
    expect(out).toContain("nothing differs that the counts can show");
  });

  test("with --config examples lose what logs.redaction says", async () => {
    const baseline = await file(
      "c.log",
      times(50, (at) => `served ${at}`),
    );
    const canary = await file("d.log", [
      ...times(50, (at) => `served ${at}`),
      ...times(40, (at) => `refused ACC-${at} of 10.0.0.${at}`),
    ]);
    const config = await file("haldane.yaml", [
      "apiVersion: haldane/v1",
      "kind: Configuration",
      "logs:",
      "  redaction:",
      "    ips: true",
      "    rules: [{ name: account, literal: ACC-, pattern: 'ACC-[0-9]+' }]",
    ]);
    const { code, out } = await logsCommand(["diff", "--config", config, baseline, canary]);
    expect(code).toBe(0);
    expect(out).toContain("refused [account] of [ip]");
    expect((await logsCommand(["diff", "--config", baseline, baseline, canary])).code).toBe(2);
  });

  test("two standard inputs and a missing file are usage errors", async () => {
    expect((await logsCommand(["diff", "-", "-"])).code).toBe(2);
    expect((await logsCommand(["diff", join(folder, "none"), "-"])).code).toBe(2);
  });
});
