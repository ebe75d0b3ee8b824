import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { knownFailure } from "#analyzers/logs/signatures/catalogue.ts";
import { defaultIngestLimits, type IngestLimits } from "#engine/ingest-limits.ts";
import { examplesEach } from "#model/log-pattern.ts";
import {
  patternsIn,
  storedPatterns,
  takeRecords,
  talliesIn,
  type PlainRecord,
} from "#test/support/logged.ts";
import { accumulateOn, openStore, type Accumulated } from "#test/support/stored-counts.ts";

const t0 = 1_700_000_000_000;
const now = t0 + 60_000;

const names = ["auth", "billing", "cart", "search", "mail", "stock", "price", "tax"];
/** Enough siblings to show that the plugin, and later the reason, is a variable. */
const line = fc.oneof(
  fc.constantFrom(...names).map((name) => `plugin ${name} could not be loaded at start`),
  fc
    .tuple(fc.constantFrom(...names), fc.constantFrom(...names))
    .map(([a, b]) => `module ${a} waits for lock of ${b} since boot`),
  fc.nat(5000).map((ms) => `request took ${ms} ms, giving up`),
  fc.constantFrom("connect ECONNREFUSED 10.0.0.7:5432", "disk quota exceeded"),
);
const record: fc.Arbitrary<PlainRecord> = fc.record({
  pod: fc.constantFrom("a", "b", "c"),
  version: fc.constantFrom("1", "2"),
  time: fc.integer({ min: t0, max: t0 + 12_000 }),
  severity: fc.constantFrom(0, 9, 13, 17, 21),
  trace: fc.integer({ min: 0, max: 4 }),
  body: line,
});

function patternsOf(
  records: readonly PlainRecord[],
  limits: Partial<IngestLimits> = {},
): ReturnType<typeof patternsIn> {
  const on = accumulateOn(openStore(), { limits });
  takeRecords(on, records, now);
  on.write();
  const found = patternsIn(on.store);
  on.store.close();
  return found;
}

const templates = (records: readonly PlainRecord[]): readonly string[] =>
  patternsOf(records).map(({ template }) => template);

function recordsOf(on: Accumulated): number {
  const deploymentIds = on.store.reader.deployments().map(({ id }) => id);
  const rows = on.store.reader.samples({ deploymentIds, from: 0, to: 1e15, late: false });
  return rows.reduce((sum, { sample }) => sum + (sample.kind === "logs" ? sample.records : 0), 0);
}

describe("log patterns", () => {
  it("are the same rows, ids and examples in any order, split into bodies in any way, restarted anywhere", () => {
    const played = fc.array(record, { minLength: 1, maxLength: 150, size: "max" }).chain((all) =>
      fc.tuple(
        fc.constant(all),
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.array(fc.record({ length: fc.integer({ min: 1, max: 40 }), restart: fc.boolean() }), {
          maxLength: 5,
        }),
      ),
    );
    let joined = 0;
    fc.assert(
      fc.property(played, ([all, shuffled, cuts]) => {
        const plain = accumulateOn(openStore());
        takeRecords(plain, all, now);
        plain.write();
        const expected = storedPatterns(plain.store);
        joined += patternsIn(plain.store).filter(({ ids }) => ids.length > 1).length;
        plain.store.close();
        const store = openStore();
        let on = accumulateOn(store);
        let at = 0;
        for (const { length, restart } of [...cuts, { length: Infinity, restart: false }]) {
          takeRecords(on, shuffled.slice(at, at + length), now);
          on.write();
          if (restart) on = accumulateOn(store);
          at += length;
        }
        const found = storedPatterns(store);
        store.close();
        expect(found).toEqual(expected);
      }),
      { numRuns: 100 },
    );
    expect(joined).toBeGreaterThan(0);
  });

  it("an id never changes; that two are one pattern is told later", () => {
    const on = accumulateOn(openStore());
    const plugins = (some: readonly string[]): readonly PlainRecord[] =>
      some.map((name, at) => ({ time: t0 + at, body: `plugin ${name} could not be loaded at start` }));
    takeRecords(on, plugins(names.slice(0, 2)), now);
    on.write();
    const before = patternsIn(on.store);
    expect(before).toHaveLength(2);
    takeRecords(on, plugins(names.slice(2)), now);
    on.write();
    const [pattern, ...others] = patternsIn(on.store);
    expect(others).toEqual([]);
    expect(pattern!.template).toBe("plugin <*> could not be loaded at start");
    expect(pattern!.ids).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    expect(pattern!.id).toBe(pattern!.ids[0]);
    on.store.close();
  });

  it("are counted by request: distinct traces, lines without one, all lines", () => {
    const on = accumulateOn(openStore());
    const bodies = [7, 7, 9, 0, 0].map((trace, at) => ({ time: t0 + at, trace, body: `took ${at} ms` }));
    takeRecords(on, bodies, now);
    on.write();
    expect(Object.values(storedPatterns(on.store).counts)).toEqual([
      { kind: "pattern", traces: [7, 9], untracedLines: 2, records: 5 },
    ]);
    on.store.close();
  });

  it("hold what is WARN or worse, and what only its text gives away", () => {
    const at = { time: t0 };
    expect(templates([{ ...at, severity: 13, body: "slow" }])).toEqual(["slow"]);
    expect(templates([{ ...at, severity: 9, body: "connect ECONNREFUSED 10.0.0.7:5432" }])).toEqual([]);
    expect(templates([{ ...at, severity: 0, body: "slow" }])).toEqual([]);
    expect(templates([{ ...at, severity: 0, level: "WARNING", body: "slow" }])).toEqual(["slow"]);
    expect(templates([{ ...at, severity: 0, level: "info", body: "slow" }])).toEqual([]);
    expect(templates([{ ...at, severity: 0, body: '{"level":"error","msg":"slow"}' }])).toEqual(["slow"]);
    expect(templates([{ ...at, severity: 0, body: "connect ECONNREFUSED 10.0.0.7:5432" }])).toHaveLength(1);
    expect(
      templates([{ ...at, severity: 0, body: "x", attributes: { "exception.type": "Oops" } }]),
    ).toHaveLength(1);
    expect(templates([{ ...at, severity: 17 }])).toEqual([]);
  });

  it("keep the highest severity, the first instant, known failures and what threw", () => {
    const refused = "connect ECONNREFUSED 10.0.0.7:5432";
    const attributes = { "exception.type": "java.net.ConnectException", "exception.message": "gone" };
    const [pattern, ...others] = patternsOf([
      { time: t0 + 5, severity: 13, body: refused, attributes },
      { time: t0 + 2, severity: 21, body: refused, attributes, version: "2" },
    ]);
    expect(others).toEqual([]);
    expect(pattern).toMatchObject({
      severity: 21,
      firstSeen: t0 + 2,
      exception: "java.net.ConnectException",
    });
    for (const id of pattern!.signatures) expect(knownFailure(id)?.title).toMatch(/refused/i);
    expect(pattern!.signatures.length).toBeGreaterThan(0);
  });

  it("another exception under the same words is another pattern", () => {
    const body = "request failed";
    const thrown = (type: string): PlainRecord => ({
      time: t0,
      body,
      attributes: { "exception.type": type },
    });
    expect(patternsOf([thrown("a.TimeoutException"), thrown("a.NullPointerException")])).toHaveLength(2);
    expect(patternsOf([thrown("a.TimeoutException"), thrown("a.TimeoutException")])).toHaveLength(1);
  });

  it("logger, event, template and function keep lines apart; a body of fields tells its message", () => {
    const at = { time: t0, body: "failed" };
    const sources: readonly Partial<PlainRecord>[] = [
      {},
      { scope: "a.B" },
      { event: "stopped" },
      { attributes: { "code.function.name": "run" } },
      { attributes: { "log.record.template": "User {id} failed" } },
    ];
    const found = patternsOf(sources.map((source) => ({ ...at, ...source })));
    expect(found).toHaveLength(sources.length);
    expect(templates([{ time: t0, body: { msg: "no room on /dev/sda1", code: 28 } }])).toEqual([
      "no room on <*>",
    ]);
  });

  it("examples are the earliest, a few of each deployment, with their traces", () => {
    const records = Array.from({ length: 10 }, (_, at) => ({
      ...{ time: t0 + at, body: `took ${at} ms`, trace: at + 1 },
      version: at % 2 === 0 ? "1" : "2",
      pod: `p${at % 4}`,
    }));
    const [pattern] = patternsOf([...records].reverse());
    const lines = pattern!.examples.map(({ at, line: text, traceId }) => [at - t0, text, traceId?.slice(-1)]);
    expect(pattern!.examples).toHaveLength(2 * examplesEach);
    expect(lines.sort()).toEqual([0, 1, 2, 3, 4, 5].map((at) => [at, `took ${at} ms`, String(at + 1)]));
  });

  it("are asked for by deployment: neither others' patterns nor others' examples come", () => {
    const on = accumulateOn(openStore());
    takeRecords(
      on,
      [
        { time: t0, version: "1", body: "both fail" },
        { time: t0, version: "2", body: "both fail" },
        { time: t0, version: "2", body: "news" },
        { time: t0, version: "1", service: "other", body: "news" },
      ],
      now,
    );
    on.write();
    const [first] = on.store.reader.deployments();
    const found = on.store.reader.patterns([first!.id]);
    expect(found.map(({ template }) => template)).toEqual(["both fail"]);
    expect(found[0]!.examples.map(({ deploymentId }) => deploymentId)).toEqual([first!.id]);
    on.store.close();
  });
});

describe("limits of log patterns", () => {
  const flood = (count: number): readonly PlainRecord[] =>
    Array.from({ length: count }, (_, at) => ({
      time: t0 + at,
      body: `${letters(at)} went ${letters(at * 7 + 3)} wrong ${letters(at * 13 + 5)}`,
    }));
  const take = (limits: Partial<IngestLimits>, records: readonly PlainRecord[]): Accumulated => {
    const on = accumulateOn(openStore(), { limits });
    takeRecords(on, records, now);
    on.write();
    return on;
  };

  it.each([
    ["patternsOfService", 10, "overflow.patterns"],
    ["patterns", 10, "overflow.patterns"],
    ["patternSources", 0, "overflow.patterns"],
    ["patternSeriesOfInstance", 10, "overflow.patternSeries"],
    ["patternSeriesOfService", 10, "overflow.patternSeries"],
    ["patternSeries", 10, "overflow.patternSeries"],
    ["exampleBytes", 1000, "overflow.examples"],
    ["exampleBytesOfService", 1000, "overflow.examples"],
  ] as const)(
    "past %s = %i it is counted as %s, and every record still counts among all logs",
    (name, most, tally) => {
      const records = flood(100);
      const within = take({}, records);
      expect(talliesIn(within.store)).toEqual({});
      expect(patternsIn(within.store)).toHaveLength(100);
      const past = take({ [name]: most }, records);
      expect(talliesIn(past.store)[tally]).toBeGreaterThan(0);
      expect(recordsOf(past)).toBe(100);
      within.store.close();
      past.store.close();
    },
  );

  it("a flood of patterns leaves the other series their room", () => {
    const on = take({ series: 5, seriesOfService: 5 }, flood(50));
    expect(talliesIn(on.store)).toEqual({});
    on.store.close();
  });

  it.each([
    ["patternSeriesOfService", 10, "overflow.patternSeries"],
    ["exampleBytesOfService", 2000, "overflow.examples"],
  ] as const)("%s: what has long been idle makes room for a new deployment", (name, most, tally) => {
    const on = accumulateOn(openStore(), { limits: { [name]: most } });
    takeRecords(on, flood(20), now);
    on.write();
    const full = talliesIn(on.store)[tally];
    expect(full).toBeGreaterThan(0);
    const hourMs = 3_600_000;
    const later = flood(4).map((record) => ({
      ...record,
      time: record.time + hourMs,
      version: "2",
      pod: "b",
    }));
    takeRecords(on, later, now + hourMs);
    on.write();
    expect(talliesIn(on.store)[tally]).toBe(full);
    const newest = on.store.reader.deployments().at(-1)!;
    const found = on.store.reader.patterns([newest.id]);
    expect(found).toHaveLength(4);
    expect(
      found.flatMap(({ examples }) => examples.filter((one) => one.deploymentId === newest.id)),
    ).toHaveLength(4);
    on.store.close();
  });

  it("lines past the limit are one pattern for each severity, which is known again after a restart", () => {
    const on = take({ patternsOfService: 3 }, flood(20));
    const others = patternsIn(on.store).filter(({ template }) => template.startsWith("<other>"));
    expect(others.map(({ severity }) => severity)).toEqual([17]);
    const again = accumulateOn(on.store, { limits: { patternsOfService: 3 } });
    takeRecords(again, flood(40).slice(20), now);
    again.write();
    expect(patternsIn(on.store).map(({ id }) => id)).toEqual(
      expect.arrayContaining(others.map(({ id }) => id)),
    );
    expect(patternsIn(on.store)).toHaveLength(4);
    on.store.close();
  });

  it("an example is cut to its limit", () => {
    const [pattern] = patternsOf([{ time: t0, body: "word ".repeat(1000) }]);
    expect(pattern!.examples[0]!.line).toHaveLength(defaultIngestLimits.exampleChars + 1);
  });

  it.each([
    ["a line of 1 MB", "failed ".repeat(150_000)],
    ["binary", String.fromCharCode(...Array.from({ length: 4000 }, (_, at) => at % 32)) + "failed"],
    ["halves of surrogate pairs", "\ud800 failed \udc00"],
    ["10,000 keys", Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`k${at}`, at]))],
    ["depth in JSON", `{"a":`.repeat(20_000) + "1" + "}".repeat(20_000)],
    ["a key that is a prototype", JSON.parse('{"__proto__": {"msg": "x"}, "constructor": "y"}') as object],
  ])("%s is taken in bounds", (_, body: unknown) => {
    const [pattern, ...others] = patternsOf([{ time: t0, body }]);
    expect(others).toEqual([]);
    expect(pattern!.template.length).toBeLessThan(40_000);
    expect(pattern!.examples[0]!.line.length).toBeLessThanOrEqual(defaultIngestLimits.exampleChars + 1);
    expect(pattern!.examples[0]!.line).not.toMatch(/[\ud800-\udfff]/);
  });
});

/** A word of letters for a number. */
function letters(number: number): string {
  let left = number + 1;
  let word = "q";
  for (; left > 0; left = Math.floor(left / 20)) word += String.fromCharCode(103 + (left % 20));
  return word;
}
