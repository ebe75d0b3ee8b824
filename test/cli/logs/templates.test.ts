import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordLimits } from "#cli/logs/read-records.ts";
import { logsCommand } from "#test/support/logs-command.ts";

interface Row {
  readonly line: number;
  readonly id: string;
  readonly template: string;
}

async function templates(stdin: string | Buffer, words: readonly string[] = []) {
  const { code, out, error } = await logsCommand(["templates", ...words, "-"], stdin);
  const rows = out
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Row);
  return { code, rows, error };
}

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-logs-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("haldane logs templates", () => {
  test("prints one object a record in input order, with ids that stand after the last record", async () => {
    const names = ["ann", "ben", "cid", "dan", "eve"];
    const text = names.map((name) => `plugin ${name} was loaded`).join("\n");
    const { code, rows, error } = await templates(text);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(rows.map((row) => row.line)).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(rows.map((row) => row.template))).toEqual(new Set(["plugin <*> was loaded"]));
    expect(new Set(rows.map((row) => row.id)).size).toBe(1);
    expect(rows[0]!.id).toMatch(/^[0-9a-f]{16}$/);
  });

  test("a record ends at a line feed alone, and a carriage return before it is dropped", async () => {
    const { rows } = await templates("one\r\n\ntwo\rthree four\u2029five\nsix");
    expect(rows.map((row) => row.template)).toEqual(["one", "", "two three four five", "six"]);
    expect((await templates("one\n")).rows).toHaveLength(1);
    expect((await templates("")).rows).toHaveLength(0);
  });

  test("with --json-field the body is that field, and a line without it is taken whole", async () => {
    const lines = [
      { body: "took 3 ms\nat x", other: 1 },
      { other: "x" },
      { deep: { body: "took 4 ms" } },
      { body: { message: "took 5 ms" } },
      { body: 7 },
    ].map((line) => JSON.stringify(line));
    const field = (await templates([...lines, "no json 1", '{"body":'].join("\n"), ["--json-field", "body"]))
      .rows;
    expect(field.map((row) => row.template)).toEqual([
      "took <*>",
      "other=<*>",
      "deep=<*>",
      "took <*>",
      "<*>",
      "no json <*>",
      '{"body":',
    ]);
    const deep = (await templates(lines[2]!, ["--json-field", "deep.body"])).rows;
    expect(deep[0]!.template).toBe("took <*>");
  });

  test("invalid UTF-8, a byte order mark, NUL and half surrogates give valid JSON all the same", async () => {
    const bytes = Buffer.concat([Buffer.from("\ufeffstart\0 1\n"), Buffer.from([0xff, 0x20, 0x61, 0x0a])]);
    const { rows } = await templates(Buffer.concat([bytes, Buffer.from('{"msg":"half \\ud800"}\n')]));
    expect(rows.map((row) => row.template)).toEqual(["start <*>", "\ufffd a", "half \ufffd"]);
  });

  test("a long record is read as far as the limit, and a long template is cut with a mark", async () => {
    const long = `${"word ".repeat(120)}${"y".repeat(900)} `.repeat(2);
    const { code, rows } = await templates(`${"x".repeat(recordLimits.recordBytes + 5)}\n${long}\nshort`);
    expect(code).toBe(0);
    expect(rows).toHaveLength(3);
    expect(rows[1]!.template).toHaveLength(recordLimits.templateChars + 1);
    expect(rows[1]!.template).toMatch(/…$/);
    expect(rows[2]!.template).toBe("short");
  });

  test("limits that were met are said on standard error, and the exit code stays 0", async () => {
    const letters = (at: number) =>
      Array.from(at.toString(26).padStart(4, "0"), (digit) =>
        String.fromCharCode(97 + Number.parseInt(digit, 26)),
      ).join("");
    const text = Array.from({ length: 5100 }, (_, at) => `${letters(at)} ${letters(7 * at + 1)}`).join("\n");
    const { code, rows, error } = await templates(text);
    expect({ code, records: rows.length }).toEqual({ code: 0, records: 5100 });
    expect(error).toMatch(/limit met: 100 records came past the limit of 5000 patterns/);
    expect(rows.filter((row) => row.template === "<other>")).toHaveLength(100);
  });

  test("objects and arrays nested 100,000 deep do no harm", async () => {
    const deep = `{"body":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    expect((await templates(deep, ["--json-field", "body"])).rows).toHaveLength(1);
    expect((await templates("[".repeat(500_000))).rows).toHaveLength(1);
  });

  test("a file that is missing or a folder is a usage error, one that breaks off tells what was read", async () => {
    expect((await logsCommand(["templates", join(folder, "none")])).code).toBe(2);
    expect((await logsCommand(["templates", folder])).code).toBe(2);
    expect((await logsCommand(["templates"])).code).toBe(2);
    const broken = join(folder, "broken.gz");
    const words = Array.from(
      { length: 5000 },
      (_, at) => `line number ${at} of ${(at * 7919) % 104729}`,
    ).join("\n");
    await writeFile(broken, gzipSync(words).subarray(0, 9000));
    const { code, out, error } = await logsCommand(["templates", broken]);
    expect(code).toBe(1);
    expect(out).toContain('"line":1,');
    expect(error).toContain("cannot be read on");
  });
});
