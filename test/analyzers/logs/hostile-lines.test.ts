import { describe, expect, test } from "vitest";
import { cleanLine, lineLimits } from "#analyzers/logs/clean-text.ts";
import { readException } from "#analyzers/logs/exceptions/read-exception.ts";
import { sourceName } from "#analyzers/logs/exceptions/frame-key.ts";
import { Miner, plainSource } from "#analyzers/logs/miner.ts";
import { defaultMinerLimits } from "#analyzers/logs/miner-limits.ts";
import { Patterns } from "#analyzers/logs/patterns.ts";
import { bodyLimits, fieldsOf, readBody } from "#analyzers/logs/read-body.ts";
import { redact } from "#analyzers/logs/redact.ts";
import { LineScanner, scanLimits } from "#analyzers/logs/scan-line.ts";
import { Automaton } from "#analyzers/logs/signatures/automaton.ts";
import { knownFailures } from "#analyzers/logs/signatures/catalogue.ts";
import { createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import { matchLimits, Matcher } from "#analyzers/logs/signatures/matcher.ts";
import { countingText } from "#test/support/counting-text.ts";

const megabyte = 2 ** 20;
const pieces = [
  ...Array.from("a [](){}<>\"'=:.,;|/\\-_0@?*\té\ud800"),
  "1:",
  "a:",
  "/a/b/c=",
  "/a/b?c=",
  "http://",
  'k="',
  "='\"",
  "[a,b] ",
  "(a=b,c=d) ",
  "{a:b,c:d} ",
  "1, ",
  "null: ",
  "user x ",
  "Jan 1 ",
  "10 ms ",
  "a...",
  "<1",
  "ffff:",
];

describe("what one line costs", () => {
  test.each(pieces)("a megabyte of %j is scanned within 40 reads for each unit that counts", (piece) => {
    const { text, reads } = countingText(piece.repeat(Math.ceil(megabyte / piece.length)));
    new LineScanner().scan(text);
    expect(reads()).toBeLessThanOrEqual(40 * scanLimits.lineChars);
  });

  test("a scan that looked back to the beginning of the line at each sign would be found", () => {
    const { text, reads } = countingText("/a/b/c=".repeat(1000));
    for (let at = 6; at < scanLimits.lineChars; at += 7) text.lastIndexOf("?", at);
    expect(reads()).toBeGreaterThan(40 * scanLimits.lineChars);
  });

  test("the automaton reads each unit within the limit once", () => {
    const { text, reads } = countingText("connect econnrefuse".repeat(megabyte / 16));
    new Automaton(["ECONNREFUSED", "connect", "nn"]).find(text, matchLimits.recordChars, () => undefined);
    expect(reads()).toBe(matchLimits.recordChars);
  });

  test("each clause is held against a record once, however often its literals stand there", () => {
    let held = 0;
    const compile = () => () => {
      held += 1;
      return false;
    };
    const rules = knownFailures().filter(({ match }) => match.every((clause) => "regex" in clause));
    const clauses = rules.flatMap(({ match }) => match);
    const all = clauses.flatMap((clause) => ("regex" in clause ? clause.literals : [])).join(" ");
    new Matcher([{ rules, compile }]).find(all.repeat(20));
    expect(held).toBeGreaterThan(clauses.length / 4);
    expect(held).toBeLessThanOrEqual(clauses.length);
  });

  test("lines that a widened pattern takes in are looked at a few times each, and need no deep stack", () => {
    const patterns = new Patterns(defaultMinerLimits);
    const tokens = (a: string, b: string) => ["zone", a, "moved", "over", "to", b];
    const lines = 4000;
    for (let at = 0; at < lines; at += 1) patterns.add(0, tokens(`a${at}x`, `b${at}x`));
    const left = patterns.add(0, tokens("<*>", "q"));
    const right = patterns.add(0, tokens("z", "<*>"));
    patterns.join(left, patterns.add(0, tokens("z", "q")));
    patterns.join(right, patterns.add(0, tokens("z", "y")));
    patterns.join(left, right);
    expect(patterns.size).toBe(1);
    expect(patterns.compared).toBeLessThanOrEqual(3 * (lines + 10));
  });

  test("thousands of forms that become one pattern at one line are one pattern", () => {
    const word = (at: number) =>
      Array.from(at.toString(26).padStart(4, "0"), (digit) =>
        String.fromCharCode(97 + Number.parseInt(digit, 26)),
      ).join("");
    const miner = new Miner();
    const source = miner.source(plainSource);
    const add = (a: string, b: string) => miner.add(source, `zone ${a} moved over to ${b} at once`);
    const first = add("aa", "bb");
    for (let at = 0; at < 4000; at += 1) add(word(at), word(at + 9000));
    for (let at = 0; at < 5; at += 1) add("xq", word(at + 20_000));
    for (let at = 0; at < 5; at += 1) add(word(at + 30_000), "yq");
    expect(miner.patternOf(add("xq", "yq"))).toBe(miner.patternOf(first));
    expect(miner.template(first)).toBe("zone <*> moved over to <*> at once");
  });
});

describe("what is not looked at", () => {
  test("a line that says something is looked for within the limit", () => {
    const blanks = "\n ".repeat(megabyte / 2);
    expect(cleanLine(`${blanks}late`, 4096).trim()).toBe("");
    expect(cleanLine(`${blanks.slice(0, lineLimits.firstLineChars - 10)}early`, 4096)).toContain("early");
    expect(cleanLine("\u001b[0m\u0000\nfirst words", 4096)).toBe("first words");
  });

  test("JSON with more keys and values than a record has is read as text, one within the limit is not", () => {
    const keys = (count: number) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, at])));
    expect(Object.keys(fieldsOf(keys(4000)) ?? {})).toHaveLength(4000);
    expect(fieldsOf(keys(4800))).toBeNull();
    expect(fieldsOf(`{"a":[${"0,".repeat(bodyLimits.jsonSigns)}0]}`)).toBeNull();
    expect(fieldsOf(`{"a":${"[".repeat(9000)}1${"]".repeat(9000)}}`)).toBeNull();
    expect(readBody(`{"msg":"${"a, b; c: d ".repeat(3000)}"}`).text).toMatch(/^a, b/);
  });
});

describe("texts that make an expression go back and forth", () => {
  const long = (piece: string) => piece.repeat(Math.ceil(65_536 / piece.length));
  test.each([
    ": (A",
    "AAAA",
    "A::",
    "a.a.a.a(\n\tx.go:1\n",
    "\n    at a.a.a.a (",
    "\n\tat a.b.c(",
    "\n#0 a(1): b(",
    "??a:1:1",
    "a-a-",
  ])("a stack of %j is read", (piece) => {
    expect(readException(long(piece), null)?.frames.length ?? 0).toBeLessThanOrEqual(8);
  });

  test("the type in brackets at the end of a line of Ruby is found, and what only looks like one is not", () => {
    const ruby = "app/cart.rb:12:in `total': no cart (7): gone (Shop::CartError)";
    expect(readException(ruby, null)).toMatchObject({ types: ["Shop::CartError"] });
    expect(readException(`a: b (${"A".repeat(400)}`, null)).toBeNull();
    expect(readException(`a: b (${"Aa".repeat(40)}::)`, null)).toBeNull();
  });

  test("hashes and queries do not count in the name of a source, wherever they stand", () => {
    expect(sourceName("/app/index-DbQ2xY9p.js?v=1")).toBe("index.js");
    expect(sourceName(`/app/${"ab-".repeat(100)}b1c2d3e4.js`)).toMatch(/^(?:ab-){85,99}ab\.js$/);
    expect(sourceName(`/app/${"?".repeat(500)}`)).toBe("");
  });

  test.each([
    "-eyJhbGciOiJ",
    "a-a_a.",
    "aaaaaaaa-",
    "a@b.",
    "://a:b",
    "1 ",
    'password="',
    "SG.aaaaaaaaaaa.",
    "1:1::",
  ])("what is made of %j is redacted to a text that is not much longer", (piece) => {
    expect(redact(long(piece), { addresses: true, more: [] }).length).toBeLessThanOrEqual(3 * 4096);
  });

  test("all literals of the catalogue in one line are no failure that is not there", () => {
    const literals = knownFailures().flatMap(({ match }) =>
      match.flatMap((clause) => ("regex" in clause ? clause.literals : [])),
    );
    const known = createKnownMatcher([]);
    const hits = known.find(literals.join("\u0000"));
    expect(hits.length).toBeLessThan(known.rules.length);
  });
});
