import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { validateFiles } from "#config/load-configuration.ts";
import { logsCommand } from "#test/support/logs-command.ts";

async function signatures(stdin: string, words: readonly string[] = []) {
  const { code, out, error } = await logsCommand(["signatures", ...words, "-"], stdin);
  return { code, error, hits: out.split("\n").filter(Boolean) };
}

const rule = (more: string) => `apiVersion: haldane/v1
kind: Signatures
name: ours
signatures:
  - id: ledger-out-of-step
    title: The ledger and the bank disagree
    category: code-bug
    severity: high
    runtime: any
    match:
${more}
    examples: ["ledger 7 differs from bank by 12"]
    nonExamples: ["ledger 7 agrees with bank"]
`;

let folder = "";
async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-rules-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("haldane logs signatures", () => {
  test("prints a line a hit, with the line of the record; a record may hit several; hits end with 0", async () => {
    const text = "fine\nError: connect ECONNREFUSED 10.2.3.4:8080\ngetaddrinfo ENOTFOUND db\n";
    const { code, hits } = await signatures(text);
    expect(code).toBe(0);
    expect(hits[0]).toBe('{"line":2,"signature":"conn-refused","severity":"high"}');
    expect(hits[1]).toBe('{"line":3,"signature":"dns-not-found","severity":"critical"}');
  });

  test("with --json-field line breaks of the body are read, and in JSON the texts within", async () => {
    const stack = "TypeError: Cannot read properties of undefined (reading 'id')\n    at a (b.js:1:2)";
    const field = await signatures(JSON.stringify({ body: stack }), ["--json-field", "body"]);
    expect(field.hits.join()).toContain("node-undefined-property");
    const quoted = await signatures(
      JSON.stringify({ err: { message: 'column "a" of relation "b" does not exist', code: "42703" } }),
    );
    expect(quoted.hits.join()).toContain("pg-undefined-column");
    const listed = await signatures(
      JSON.stringify({ level: "info", msg: "retry on ECONNREFUSED,ETIMEDOUT" }),
    );
    expect(listed.hits).toEqual([]);
  });

  test("rules of one's own stand beside the catalogue", async () => {
    const path = await file(
      "ours.yaml",
      rule(
        String.raw`      - { regex: 'ledger \d+ differs', literals: ["differs from bank"] }`.replace(
          "differs'",
          "differs from bank'",
        ),
      ),
    );
    const { code, hits } = await signatures("ledger 7 differs from bank by 12\nconnect ECONNREFUSED 1", [
      "--rules",
      path,
    ]);
    expect(code).toBe(0);
    expect(hits).toHaveLength(2);
    expect(hits[0]).toContain("ledger-out-of-step");
    expect(await validateFiles([path])).toMatchObject({
      ok: true,
      value: [`${path}: Signatures ours is valid`],
    });
  });

  test.each([
    [
      "a rule that misses its example",
      '      - text: "never there"',
      "signatures[0].examples[0]: the rule does not match this line",
    ],
    [
      "a rule that hits its false friend",
      '      - text: "ledger 7"',
      "signatures[0].nonExamples[0]: the rule matches this line",
    ],
    ["an expression without a literal", '      - regex: "ledger"', "signatures[0].match[0]"],
    ["a look-around", '      - { regex: "(?=ledger)", literals: ["ledger"] }', "no look-around"],
    [
      "an expression that unfolds to many steps",
      '      - { regex: "(a?){900}", literals: ["ledger"] }',
      "at most 1000",
    ],
    ["a literal outside ASCII", '      - text: "größer"', "searched for in ASCII"],
  ])("%s is refused with its place", async (_, match, message) => {
    const path = await file("bad.yaml", rule(match));
    const { code, error } = await signatures("x", ["--rules", path]);
    expect(code).toBe(2);
    expect(error).toContain(`${path}:`);
    expect(error).toContain(message);
  });

  test("a second signature of one id, and a file without one, are refused", async () => {
    const one = rule('      - text: "ledger 7 differs"');
    const twice = await file("twice.yaml", one + one.slice(one.indexOf("  - id")));
    expect((await signatures("x", ["--rules", twice])).error).toContain(
      'a second signature "ledger-out-of-step"',
    );
    const none = await file("none.yaml", "apiVersion: haldane/v1\nkind: Policy\n");
    expect((await signatures("x", ["--rules", none])).error).toContain("no signature is there");
  });

  test("an expression that would make a backtracking engine hang is matched in linear time", async () => {
    const path = await file(
      "slow.yaml",
      rule('      - { regex: "^(ledger( 7)*)+ differs|(a+)+$", literals: ["ledger", "aaaa"] }'),
    );
    const { code, hits } = await signatures(`${"a".repeat(4000)}b\nledger 7 differs from`, ["--rules", path]);
    expect(code).toBe(0);
    expect(hits).toHaveLength(1);
  });
});
