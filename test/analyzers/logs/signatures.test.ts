import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Automaton } from "#analyzers/logs/signatures/automaton.ts";
import { knownFailures } from "#analyzers/logs/signatures/catalogue.ts";
import { compileKnown, createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import { matchLimits, Matcher } from "#analyzers/logs/signatures/matcher.ts";
import { isStatement } from "#analyzers/logs/signatures/statement.ts";
import { compileLinear } from "#config/linear-regex.ts";

const matcher = createKnownMatcher([]);
const idsOf = (line: string) => matcher.find(line).map((place) => matcher.rules[place]!.id);
const linesOf = (name: string) =>
  readFileSync(new URL(name, import.meta.url), "utf8")
    .trim()
    .split("\n");
const expressions = knownFailures().flatMap(({ id, match }) =>
  match.flatMap((clause) => ("regex" in clause ? [{ id, ...clause }] : [])),
);

describe("the catalogue", () => {
  test("every example is found by its rule, and no non-example is", () => {
    expect(knownFailures()).toHaveLength(168);
    for (const { id, examples, nonExamples } of knownFailures()) {
      for (const line of examples) expect(idsOf(line), line).toContain(id);
      for (const line of nonExamples) expect(idsOf(line), line).not.toContain(id);
    }
  });

  test("lines of the same failures from other programs and versions are found", () => {
    const missed = linesOf("failure-lines.tsv").flatMap((row) => {
      const [id = "", line = ""] = row.split("\t");
      return idsOf(line.replaceAll("\\n", "\n")).includes(id) ? [] : [row];
    });
    expect(missed).toEqual([]);
  });

  test("lines that only name a failure are not", () => {
    const wrong = linesOf("look-alikes.txt").filter((line) => idsOf(line).length > 0);
    expect(wrong.length, wrong.join("\n")).toBeLessThanOrEqual(1);
  });

  test("ids are given once, and each expression needs one of its literals in every text that it holds for", () => {
    const ids = knownFailures().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const texts = [
      ...knownFailures().flatMap(({ examples }) => examples),
      ...linesOf("failure-lines.tsv").map((row) => row.split("\t")[1]!.replaceAll("\\n", "\n")),
    ];
    for (const { regex, anyCase, literals } of expressions) {
      const holds = compileKnown(regex, anyCase);
      for (const text of texts.filter(holds))
        expect(
          literals.some((literal) => text.toLowerCase().includes(literal)),
          `${regex}: ${text}`,
        ).toBe(true);
    }
  });

  test("each expression is one of RE2, which has no look-around, and answers as V8 does", () => {
    const texts = linesOf("failure-lines.tsv").map((row) => row.split("\t")[1]!.replaceAll("\\n", "\n"));
    for (const { regex, anyCase, id } of expressions) {
      const linear = compileLinear(regex, anyCase);
      const known = compileKnown(regex, anyCase);
      const own = knownFailures().find((rule) => rule.id === id)!.examples;
      for (const text of [...own, ...texts.slice(0, 40)]) expect(linear(text), regex).toBe(known(text));
    }
  });

  test("no expression repeats a group without bound or a repeat within a repeat", () => {
    const nested = /\)(?:[*+]|\{\d+,\})|[*+}]\)(?:[*+]|\{\d)/;
    expect(expressions.filter(({ regex }) => nested.test(regex)).map(({ regex }) => regex)).toEqual([]);
    expect(nested.test("(a+)+b")).toBe(true);
  });
});

describe("the matcher", () => {
  test("the automaton finds what a search for each literal finds, whatever the case", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "A", "-", " "), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 1, maxLength: 12 }),
        fc.string({ unit: fc.constantFrom("a", "b", "B", "-", " ", "é") }),
        (literals, text) => {
          const found = new Set<number>();
          new Automaton(literals).find(text, text.length, (literal, at) => {
            const end = text.slice(0, at).toLowerCase();
            expect(end.endsWith(literals[literal]!.toLowerCase())).toBe(true);
            found.add(literal);
          });
          const expected = literals.flatMap((literal, at) =>
            text.toLowerCase().includes(literal.toLowerCase()) ? [at] : [],
          );
          expect([...found].sort((a, b) => a - b)).toEqual(expected);
        },
      ),
    );
    expect(() => new Automaton(["é"])).toThrow(RangeError);
  });

  test("a failure deep in a long record is found within the limit, and not past it", () => {
    const line = "java.lang.OutOfMemoryError: Java heap space";
    const long = (before: number) => `${"frame of no interest\n".repeat(Math.ceil(before / 21))}${line}`;
    expect(idsOf(long(12_000))).toContain("jvm-oom-heap");
    expect(idsOf(long(matchLimits.recordChars + 100))).toEqual([]);
  });

  test("no expression sees more than the window", () => {
    const seen: number[] = [];
    const rule = { ...knownFailures()[0]!, match: [{ regex: "x", literals: ["needle"], anyCase: false }] };
    const own = new Matcher([{ rules: [rule], compile: () => (text) => seen.push(text.length) > 0 }]);
    own.find(`${"a".repeat(9000)}needle${"b".repeat(9000)}`);
    own.find("a needle");
    expect(seen).toEqual([matchLimits.regexChars, 8]);
    const narrow = new Matcher([
      { rules: [rule], compile: () => (text) => seen.push(text.length) > 0, regexChars: 100 },
    ]);
    narrow.find(`${"a".repeat(9000)}needle${"b".repeat(9000)}`);
    expect(seen.at(-1)).toBe(100);
  });

  test("where a record is cut it neither begins nor ends", () => {
    const match = [{ regex: "^b|a$", literals: ["needle"], anyCase: false }];
    const own = new Matcher([{ rules: [{ ...knownFailures()[0]!, match }], compile: compileKnown }]);
    const around = (before: string, after: string) => `${before.repeat(9000)}needle${after.repeat(9000)}`;
    expect(own.find(around("b", "a"))).toEqual([]);
    expect(own.find("b needle")).toEqual([0]);
    expect(own.find(`x\n${"b".repeat(500)}needle${"c".repeat(9000)}`)).toEqual([]);
    expect(own.find(`${"x".repeat(4000)}\nb needle${"c".repeat(9000)}`)).toEqual([0]);
  });

  test("a literal that rules a failure out does", () => {
    expect(idsOf("listen EADDRINUSE: address already in use :::3000")).toContain("node-port-in-use");
    expect(idsOf("listen EADDRINUSE, retrying in 5 s")).not.toContain("node-port-in-use");
  });

  test.each([
    ["INFO retry on ECONNREFUSED,ETIMEDOUT", true],
    ["registered handler for OutOfMemoryError", true],
    ["ERROR retry on ECONNREFUSED,ETIMEDOUT failed", false],
    ["handler installed\n    at x", false],
    ["connect ECONNREFUSED 10.0.0.1:80", false],
  ])("a sentence about failures reports none: %s", (line, expected) => {
    expect(isStatement(line)).toBe(expected);
  });
});
