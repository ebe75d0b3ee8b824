import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultMinerLimits, type MinerLimits } from "#analyzers/logs/miner-limits.ts";
import { Miner, plainSource, type MinerState } from "#analyzers/logs/miner.ts";
import { seededRandom } from "#test/support/random.ts";

function mined(lines: readonly string[], limits: MinerLimits = defaultMinerLimits) {
  const miner = new Miner(limits);
  const source = miner.source(plainSource);
  const numbers = lines.map((line) => miner.add(source, line));
  return {
    miner,
    source,
    ids: numbers.map((line) => miner.id(line)),
    templates: numbers.map((line) => miner.template(line)),
  };
}

const template = (line: string): string => mined([line]).templates[0]!;

describe("one line", () => {
  test.each([
    [
      "Received block blk_-6952295868487656571 of size 67108864 from /10.251.73.220",
      "Received block <*> of size <*> from <*>",
    ],
    ["GET https://shop.example/cart?id=a;b done", "GET <*>; b done"],
    ["took 35 ms, wrote 1.5 MB", "took <*>, wrote <*>"],
    ["at Fri Jun 17 07:07:00 2005", "at <*>"],
    ["peer fe80::1%eth0 and 00:1b:44:11:3a:b7 up", "peer <*> and <*> up"],
    ["cache=deadbeef name=bob retry=", "cache=<*> name=<*> retry=<*>"],
    ["reading /var/lib/app/state.db?mode=ro failed", "reading <*> failed"],
    [String.raw`opened C:\Program\Data and \\host\share`, "opened <*> and <*>"],
    ["session opened for user root by", "session opened for user <*> by"],
    ["user is locked", "user is locked"],
    ["started com.acme.shop.Cart and com.acme.pay/.ui.Main", "started <*> and <*>"],
    ["caused by com.acme.shop.CartException here", "caused by com.acme.shop.CartException here"],
    ["set spring.datasource.url and server.tomcat.threads.max", "set spring.datasource.url and <*>"],
    ["done i.e. with it. e.g. now...", "done i.e. with it. e.g. now"],
    ["login of jane@example.org from mail.example.org refused", "login of <*> from <*> refused"],
    ["depth...................0", "depth <*>"],
    ["failed: No such file", "failed: No such file"],
    ["cache: none, pinned: true", "cache: <*>, pinned: <*>"],
    ["plugins [alpha, beta, gamma] loaded", "plugins [<*>] loaded"],
    ["Task {id: 1, owner: bob} queued", "Task {<*>} queued"],
    ["call(a=1, b=x) ended", "call(<*>) ended"],
    ["password **** accepted", "password <*> accepted"],
    ["connection from 10.0.0.1 (a.example.org) at noon", "connection from <*> at noon"],
    ["connection from 10.0.0.1 () at noon", "connection from <*> at noon"],
    ['who="a b c" said "hello"', 'who=<*> said "hello"'],
    ["状態：异常 用户 已登录", "状態: 异常 用户 已登录"],
    ["", ""],
    ["\u001b[31mfailed\u001b[0m\u0000 to\u001b]0;title\u0007 start", "failed to start"],
    ["\n   \nfirst words\n  second", "first words"],
  ])("%j becomes %j", (line, expected) => {
    expect(template(line)).toBe(expected);
  });

  test("a lone surrogate is a letter", () => {
    expect(template("bad \ud800 half")).toBe("bad \ud800 half");
  });

  test("what is beyond 4,096 units or 128 tokens does not decide", () => {
    const long = `start ${"x".repeat(5000)}`;
    expect(mined([`${long} a`, `${long} b`]).ids[0]).toBe(mined([`${long} c`]).ids[0]);
    const many = "a b ".repeat(100);
    expect(new Set(mined([`${many} x`, `${many} y`]).ids).size).toBe(1);
  });
});

describe("several lines", () => {
  const named = (names: readonly string[]) => names.map((name) => `plugin ${name} was loaded from disk`);

  test("five siblings show that a word is a variable, four do not", () => {
    const four = mined(named(["ann", "ben", "cid", "dan"]));
    expect(new Set(four.ids).size).toBe(4);
    const five = mined(named(["ann", "ben", "cid", "dan", "eve"]));
    expect(new Set(five.templates)).toEqual(new Set(["plugin <*> was loaded from disk"]));
    expect(new Set(five.ids).size).toBe(1);
  });

  test("events that differ in one word stay apart", () => {
    expect(new Set(mined(["VM Started", "VM Paused", "VM Resumed", "VM Stopped"]).ids).size).toBe(4);
  });

  test("a line that comes after its word was shown is of the same pattern, and the old ids lead there", () => {
    const { miner, source } = mined([]);
    const first = miner.add(source, "plugin ann was loaded from disk");
    const early = miner.id(first);
    for (const line of named(["ben", "cid", "dan", "eve"])) miner.add(source, line);
    const late = miner.add(source, "plugin zoe was loaded from disk");
    expect(miner.patternOf(late)).toBe(miner.patternOf(first));
    expect(miner.id(first)).not.toBe(early);
    expect(miner.resolve(early)).toBe(miner.id(late));
    expect(miner.resolve("0000000000000000")).toBeNull();
  });

  test("two places that vary give one pattern with two holes, which takes in pairs that nobody's siblings are", () => {
    const lines = [
      ...["a", "b", "c", "d", "e"].map((x) => `moved ${x} over to target`),
      ...["p", "q", "r", "s"].map((y) => `moved a over to ${y}`),
      "moved zed over to yonder",
    ];
    expect(new Set(mined(lines).templates)).toEqual(new Set(["moved <*> over to <*>"]));
    expect(new Set(mined(lines.toReversed()).ids)).toEqual(new Set(mined(lines).ids));
  });

  test("logger, event, function and a ready template keep equal texts apart", () => {
    const miner = new Miner();
    const sources = [
      plainSource,
      { ...plainSource, logger: "a.B" },
      { ...plainSource, event: "started" },
      { ...plainSource, function: "run" },
      { ...plainSource, template: "User {id} started" },
    ];
    const lines = sources.map((source) => miner.add(miner.source(source), "User 7 started"));
    expect(new Set(lines.map((line) => miner.id(line))).size).toBe(5);
    expect(miner.template(lines[4]!)).toBe("User {id} started");
  });
});

const wordOf = fc.constantFrom(
  "red",
  "blue",
  "green",
  "disk",
  "node",
  "queue",
  "lost",
  "found",
  "7",
  "x=1",
  "[",
  ")",
);
const lineOf = fc.array(wordOf, { maxLength: 6 }).map((words) => words.join(" "));
const fewWords = fc
  .tuple(fc.constantFrom("load", "drop"), fc.integer({ min: 0, max: 25 }), fc.integer({ min: 0, max: 9 }))
  .map(([verb, a, b]) => `${verb} ${String.fromCharCode(97 + a)}k into ${String.fromCharCode(97 + b)}m now`);

describe("order and state", () => {
  test("groups and ids are the same whatever the order of lines", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(lineOf, fewWords), { maxLength: 150 }), fc.nat(), (lines, seed) => {
        const random = seededRandom(seed);
        const order = lines.map((_, at) => at).sort(() => random.next() - 0.5);
        const straight = mined(lines);
        fc.pre(Object.values(straight.miner.bounds()).every((count) => count === 0));
        const shuffled = mined(order.map((at) => lines[at]!));
        expect(order.map((at) => straight.ids[at])).toEqual(shuffled.ids);
      }),
      { numRuns: 300 },
    );
  });

  test("a miner that was put away and taken up again gives the same ids, and still knows old ones", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(lineOf, fewWords), { maxLength: 80 }), fc.nat(80), (lines, cut) => {
        const whole = mined(lines);
        const first = mined(lines.slice(0, cut));
        const state = JSON.parse(JSON.stringify(first.miner.state())) as MinerState;
        const again = Miner.from(state);
        const source = again.source(plainSource);
        const rest = lines.slice(cut).map((line) => again.add(source, line));
        expect(rest.map((line) => again.id(line))).toEqual(whole.ids.slice(cut));
        for (const [at, id] of first.ids.entries()) expect(again.resolve(id)).toBe(whole.ids[at]);
      }),
    );
  });

  test("groups that depend on the order would be found: they do where a limit is met", () => {
    const lines = ["red lost now", "blue found here", "green queue there"];
    const few = { ...defaultMinerLimits, patterns: 2 };
    const straight = mined(lines, few);
    expect(straight.miner.bounds().patterns).toBe(1);
    expect(mined(lines.toReversed(), few).ids.toReversed()).not.toEqual(straight.ids);
  });
});

describe("limits", () => {
  const letters = (at: number): string =>
    Array.from(at.toString(26).padStart(4, "0"), (digit) =>
      String.fromCharCode(97 + Number.parseInt(digit, 26)),
    ).join("");
  const unlike = (count: number) =>
    Array.from({ length: count }, (_, at) => `${letters(at)} ${letters(at + 9)} ${letters(at + 77)}`);

  test("what comes past the limit of patterns is counted and goes to <other> of its source and severity", () => {
    const { miner, source, templates } = mined(unlike(50), { ...defaultMinerLimits, patterns: 20 });
    expect(templates.filter((text) => text === "<other>")).toHaveLength(30);
    expect(miner.bounds().patterns).toBe(30);
    const error = miner.add(source, "never seen before here", "error");
    expect(miner.template(error)).toBe("<other> error");
  });

  test("a known line and a line of a shown variable find their place past every limit", () => {
    const few = { ...defaultMinerLimits, skeletons: 6 };
    const lines = ["ann", "ben", "cid", "dan", "eve", "flo", "gus"].map(
      (name) => `plugin ${name} was loaded`,
    );
    const { miner, ids } = mined([...lines, "plugin ann was loaded"], few);
    expect(new Set(ids).size).toBe(1);
    expect(miner.bounds().skeletons).toBeGreaterThan(0);
  });

  test("a fifth hole, an old open place and one source too many are counted", () => {
    const holes = { ...defaultMinerLimits, holes: 1 };
    const lines = [
      ...["a", "b", "c", "d", "e"].map((x) => `moved ${x} over to target`),
      ...["p", "q", "r", "s"].map((y) => `moved a over to ${y}`),
    ];
    expect(mined(lines, holes).miner.bounds().holes).toBeGreaterThan(0);
    expect(mined(unlike(9), { ...defaultMinerLimits, openHoles: 4 }).miner.bounds().openHoles).toBe(23);
    const miner = new Miner({ ...defaultMinerLimits, sources: 2 });
    const sources = ["a", "b", "c", "d"].map((logger) => miner.source({ ...plainSource, logger }));
    expect(sources).toEqual([0, 1, 2, 2]);
    expect(miner.bounds().sources).toBe(2);
    expect(() => miner.add(9, "x")).toThrow(RangeError);
  });
});
