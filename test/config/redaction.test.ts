import { describe, expect, test } from "vitest";
import { redact } from "#analyzers/logs/redact.ts";
import { loadDocuments } from "#config/load-documents.ts";
import { redactOptionsOf } from "#config/redaction.ts";
import { formatFault } from "#config/yaml-documents.ts";

const written = (redaction: string) => `apiVersion: haldane/v1
kind: Configuration
logs:
  redaction:
${redaction}`;

const rule = (more: string) =>
  written(`    rules:
      - { name: account, literal: "ACC-", pattern: 'ACC-\\d+'${more} }`);

function load(text: string) {
  const loaded = loadDocuments([{ file: "haldane.yaml", text }]);
  if (!loaded.ok) return { faults: loaded.error.map(formatFault) };
  const [document] = loaded.value;
  if (document?.kind !== "Configuration") throw new Error("no configuration");
  return { options: redactOptionsOf(document.value.logs.redaction), faults: [] };
}

describe("redaction in haldane.yaml", () => {
  test("rules of the user and addresses are taken out beside what is always taken out", () => {
    const { options } = load(
      rule(', examples: ["paid by ACC-17"]').replace("rules:", "ips: true\n    rules:"),
    );
    expect(redact("ACC-17 and ACC-x of joe@example.org from 10.0.0.1", options)).toBe(
      "[account] and ACC-x of [email] from [ip]",
    );
  });

  test("without the key there are no rules, and addresses stay", () => {
    const { options } = load("apiVersion: haldane/v1\nkind: Configuration\n");
    expect(redact("ACC-17 from 10.0.0.1", options)).toBe("ACC-17 from 10.0.0.1");
  });

  test("a line without the literal is not held against the rule", () => {
    const { options } = load(written(`    rules: [{ name: digits, literal: "id=", pattern: '\\d+' }]`));
    expect(redact("id=17 of 30", options)).toBe("id=[digits] of [digits]");
    expect(redact("17 of 30", options)).toBe("17 of 30");
  });

  test("a match of nothing puts nothing in, and an expression that makes others hang takes linear time", () => {
    const { options } = load(written(`    rules: [{ name: slow, literal: "aaa", pattern: '(a+)+$|x*' }]`));
    expect(redact(`${"a".repeat(2000)}b`, options)).toBe(`${"a".repeat(2000)}b`);
    expect(redact("b aaaa", options)).toBe("b [slow]");
  });

  test.each([
    ["an expression that is none", rule("").replace("\\d+", "(?=x)"), "rules[0].pattern: "],
    [
      "a rule that leaves its example as it is",
      rule(', examples: ["ACC-x"]'),
      "examples[0]: the rule takes nothing out",
    ],
    ["a rule without a literal", rule("").replace('literal: "ACC-", ', ""), "rules[0].literal: is missing"],
    [
      "a second rule of one name",
      `${rule("")}\n      - { name: account, literal: "B-", pattern: "B-" }`,
      'rules[1].name: a second rule "account"',
    ],
    ["an unknown key", written("    addresses: true"), 'unknown key "addresses"'],
  ])("%s is refused with its place", (_, text, message) => {
    const { faults } = load(text);
    expect(faults.join("\n")).toContain(message);
    expect(faults[0]).toMatch(/^haldane\.yaml:\d+:\d+: logs\.redaction\./);
  });
});
