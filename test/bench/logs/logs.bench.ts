import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { compareCounts } from "#analyzers/logs/compare.ts";
import { Miner, plainSource } from "#analyzers/logs/miner.ts";
import { redact } from "#analyzers/logs/redact.ts";
import { readBody } from "#analyzers/logs/read-body.ts";
import { knownFailures } from "#analyzers/logs/signatures/catalogue.ts";
import { createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import { seededRandom } from "#test/support/random.ts";
import {
  accuracy,
  groupers,
  movedShare,
  newPatterns,
  readSystems,
  shuffled,
  type System,
} from "./grouping.ts";
import { recordKinds, wholePath } from "./whole-path.ts";

const folderVariable = "HALDANE_LOGHUB";
const page = "docs/benchmarks/logs.md";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Lines a CPU-second of one piece of work. */
function rate(lines: number, work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (lines / (user + system)) * 1e6;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const thousands = (value: number): string => `${Math.round(value / 1000).toLocaleString("en-US")} thousand`;

function accuracyTable(systems: readonly System[]): string {
  const names = Object.keys(groupers);
  const scores = systems.map((system) =>
    names.map((name) => accuracy(groupers[name]!(system.name, system.lines), system.truth)),
  );
  const mean = names.map((_, at) => ({
    ga: scores.reduce((sum, row) => sum + row[at]!.ga, 0) / systems.length,
    fga: scores.reduce((sum, row) => sum + row[at]!.fga, 0) / systems.length,
  }));
  const cells = (row: readonly { readonly ga: number; readonly fga: number }[]): string =>
    row.map(({ ga, fga }) => `${ga.toFixed(3)} / ${fga.toFixed(3)}`).join(" | ");
  return [
    `| system | ${names.join(" | ")} |`,
    `|---|${names.map(() => "---|").join("")}`,
    ...systems.map(({ name }, at) => `| ${name} | ${cells(scores[at]!)} |`),
    `| **mean** | ${cells(mean)} |`,
  ].join("\n");
}

function orderRows(systems: readonly System[]): readonly string[] {
  return Object.entries(groupers).map(([name, grouper]) => {
    const random = seededRandom(11);
    const shares = systems.flatMap((system) =>
      [1, 2, 3, 4, 5].map(() => movedShare(grouper, system, shuffled(system.lines.length, random))),
    );
    const moved = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const [called, rightlyCalled, wanted, found] = systems
      .flatMap((system) => Array.from({ length: 10 }, () => newPatterns(grouper, system, random)))
      .reduce(([a, b, c, d], [w, x, y, z]) => [a + w, b + x, c + y, d + z], [0, 0, 0, 0]);
    return `| ${name} | ${(100 * moved).toFixed(2)} % | ${(rightlyCalled / called).toFixed(3)} | ${(found / wanted).toFixed(3)} |`;
  });
}

function speedRows(lines: readonly string[]): readonly string[] {
  const cold: number[] = [];
  const warm: number[] = [];
  const whole: number[] = [];
  const known = createKnownMatcher([]);
  const matched: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    const miner = new Miner();
    const source = miner.source(plainSource);
    cold.push(
      rate(lines.length, () => {
        lines.forEach((line) => miner.add(source, line));
      }),
    );
    warm.push(
      rate(10 * lines.length, () => {
        for (let turn = 0; turn < 10; turn += 1) lines.forEach((line) => miner.add(source, line));
      }),
    );
    matched.push(
      rate(lines.length, () => {
        lines.forEach((line) => known.find(line));
      }),
    );
    whole.push(
      rate(lines.length, () => {
        lines.forEach((line) => {
          const { text, logger } = readBody(line);
          miner.add(miner.source({ ...plainSource, logger }), text);
          known.find(line);
        });
      }),
    );
  }
  return [
    `| miner, no line met before | ${thousands(median(cold))} | 150 thousand |`,
    `| miner, every line met before | ${thousands(median(warm))} | 300 thousand |`,
    `| known failures, 168 rules | ${thousands(median(matched))} | 400 thousand |`,
    `| body, pattern and known failures | ${thousands(median(whole))} | 100 thousand |`,
  ];
}

/** The first pass over lines that were never met, and the median of nine more. */
function wholePathRows(lines: readonly string[]): readonly string[] {
  return recordKinds.map((kind) => {
    const pass = wholePath(kind, lines);
    const [first = 0, ...later] = Array.from({ length: 10 }, () => rate(lines.length, pass));
    return `| ${kind.name} | ${thousands(first)} | ${thousands(median(later))} |`;
  });
}

type HostileKind = readonly [name: string, count: number, make: (at: number) => string];

function hostileKinds(): readonly HostileKind[] {
  const random = seededRandom(5);
  const word = (): string =>
    Array.from({ length: 6 }, () => String.fromCharCode(97 + random.integer(26))).join("");
  const keys = (count: number): string =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, at) => [word() + String(at), at])));
  const of = (piece: string, chars: number): string => piece.repeat(Math.ceil(chars / piece.length));
  const literals = knownFailures()
    .flatMap(({ match }) => match.flatMap((clause) => ("regex" in clause ? clause.literals : [])))
    .join(" ");
  const megabytes = [
    "x y ",
    "a",
    " ",
    "[",
    '"',
    "\u001b[31m",
    "1:",
    "/a/b/c=",
    "\n ",
    "漢",
    "\ud800",
    "(a=b ",
  ];
  return [
    ["random words", 60_000, () => Array.from({ length: 12 }, word).join(" ")],
    ["lines of 1 MB", 240, (at) => `${of(megabytes[at % megabytes.length]!, 2 ** 20)}${at}`],
    ["10,000 keys in JSON", 100, () => keys(10_000)],
    ["4,000 keys in JSON", 200, () => keys(4000)],
    ["objects and lists 10,000 deep in JSON", 200, (at) => of(['{"a":', '{"a":[['][at % 2]!, 50_000)],
    [
      "brackets and quotes",
      20_000,
      () => Array.from({ length: 400 }, () => "[{(<\"'=:"[random.integer(8)]).join(""),
    ],
    [
      "literals of rules, over and over",
      5000,
      (at) =>
        ["failed to connect Connection refused ", "KeyError: 'A_", "error certificate "][at % 3]!.repeat(200),
    ],
    ["literals of all rules in one line", 500, (at) => `${at} ${literals.slice(97 * (at % 50))}`],
    [
      "4,000 forms that become one pattern at once",
      4100,
      (at) =>
        at < 4000
          ? `zone ${word()} moved over to ${word()} at once`
          : `zone ${at % 2 === 0 ? "xq" : word()} moved over to ${at % 2 === 1 ? "yq" : word()} at once`,
    ],
  ];
}

interface Cost {
  /** Lines a CPU-second of the first pass. */
  readonly perSecond: number;
  /** Milliseconds of the slowest line: in the first pass, and of each line the least of three passes. */
  readonly firstMs: number;
  readonly leastMs: number;
}

/** Does a piece of work for each line, in three passes; `begin` makes what a pass works with. */
function costOf(lines: readonly string[], begin: () => (line: string) => void): Cost {
  let perSecond = 0;
  const passes = [0, 1, 2].map((pass) => {
    const work = begin();
    const took: number[] = [];
    const speed = rate(lines.length, () => {
      for (const line of lines) {
        const start = performance.now();
        work(line);
        took.push(performance.now() - start);
      }
    });
    if (pass === 0) perSecond = speed;
    return took;
  });
  const least = lines.map((_, at) => Math.min(...passes.map((took) => took[at]!)));
  const most = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), 0);
  return { perSecond, firstMs: most(passes[0]!), leastMs: most(least) };
}

function hostileRows(): readonly string[] {
  return hostileKinds().map(([name, count, make]) => {
    // Through bytes, as a reader has them: a text put together from parts would be flattened while it is measured.
    const lines = Array.from({ length: count }, (_, at) => Buffer.from(make(at)).toString());
    const known = createKnownMatcher([]);
    let miner = new Miner();
    const before = bytesInUse();
    const { perSecond, firstMs, leastMs } = costOf(lines, () => {
      miner = new Miner();
      return (line) => {
        const { text } = readBody(line);
        miner.add(miner.source(plainSource), text);
        known.find(line);
      };
    });
    const grown = (bytesInUse() - before) / 2 ** 20;
    const redacted = costOf(lines.slice(0, 500), () => redact);
    const cells = [
      Math.round(perSecond).toLocaleString("en-US"),
      `${leastMs.toFixed(1)} ms`,
      `${firstMs.toFixed(1)} ms`,
      `${grown.toFixed(1)} MiB`,
      `${redacted.leastMs.toFixed(1)} ms`,
    ];
    return `| ${name} | ${cells.join(" | ")} |`;
  });
}

/** Bytes in use once what nobody holds is collected, flat arrays included. */
function bytesInUse(): number {
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Memory of a miner that holds the most patterns it may. */
function memoryOfFullMiner(): string {
  const random = seededRandom(9);
  const word = (): string =>
    Array.from({ length: 8 }, () => String.fromCharCode(97 + random.integer(26))).join("");
  const before = bytesInUse();
  const miner = new Miner();
  const source = miner.source(plainSource);
  for (let at = 0; at < 5000; at += 1) miner.add(source, Array.from({ length: 15 }, word).join(" "));
  const grown = (bytesInUse() - before) / 2 ** 20;
  return `${grown.toFixed(1)} MiB for ${miner.bounds().patterns + 5000} patterns of 15 words each`;
}

/** Random halves of one stream: how many of 1,000 comparisons show a pattern that there is more of. */
function falseAlarms(systems: readonly System[]): string {
  const random = seededRandom(3);
  let wrong = 0;
  for (let run = 0; run < 1000; run += 1) {
    const { name, lines } = systems[run % systems.length]!;
    const groups = groupers["Haldane"]!(name, lines);
    const counts = new Map<string, { baseline: number; canary: number }>();
    const sums = { baseline: 0, canary: 0 };
    for (const group of groups) {
      const count = counts.get(group) ?? { baseline: 0, canary: 0 };
      const side = random.next() < 0.5 ? "baseline" : "canary";
      count[side] += 1;
      sums[side] += 1;
      counts.set(group, count);
    }
    const shown = compareCounts([...counts.values()], sums).filter(
      ({ isShown, change }) => isShown && (change === "more" || change === "new"),
    );
    if (shown.length > 0) wrong += 1;
  }
  return `${wrong} of 1,000`;
}

function hitRows(folder: string): readonly string[] {
  const known = createKnownMatcher([]);
  const hits = new Map<string, number>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".log")))
    for (const line of readFileSync(join(folder, file), "utf8").split("\n"))
      for (const hit of known.find(line)) {
        const key = `${file.replace(".log", "")}: ${known.rules[hit]!.id}`;
        hits.set(key, (hits.get(key) ?? 0) + 1);
      }
  return [...hits].map(([key, count]) => `| ${key} | ${count} |`);
}

/** Patterns and known failures beside Drain, on LogHub-2k in a folder outside of the repository; writes the page unless told `--dry`. */
export function logsBench(parameters: readonly string[]): Promise<void> {
  const folder = process.env[folderVariable];
  if (folder === undefined) {
    console.error(
      `${folderVariable}: name the folder that holds LogHub-2k (NAME.log and NAME.truth.jsonl); it is not part of the repository`,
    );
    process.exitCode = 2;
    return Promise.resolve();
  }
  const systems = readSystems(folder);
  const lines = systems.flatMap((system) => system.lines);
  const text = `# Log patterns and known failures: accuracy and speed

Written by \`npm run bench -- logs\` on ${new Date().toISOString().slice(0, 10)}: ${cpus().length} virtual cores, shared with other work; Node ${process.versions.node}.

The lines are those of LogHub-2k (<https://github.com/logpai/loghub>; Zhu, He, He, Liu and Lyu, ISSRE 2023) with the corrected templates of Khan, Shin, Bianculli and
Briand (ICSE 2022); ${systems.length} systems with 2,000 lines each. The data is measured with and is no part of Haldane. \`${folderVariable}\` names its folder.

Haldane has one setting for all systems. Drain (He, Zhu, Zheng and Lyu, ICWS 2017) is written here from the paper and runs twice in the same process: with one setting (depth 4,
similarity 0.4, 100 children, no masks) and with the settings and masks that the published benchmark chose for each system. Rules of the miner were found on these
systems; [the page on patterns](../logs.md#what-is-a-variable) says which observation each comes from. Systems that were not looked at will score lower.

## Grouping accuracy / F1 of groups

Accuracy is the share of lines whose group holds exactly the lines of their statement; the F1 counts groups.

${accuracyTable(systems)}

## Order, and new patterns

Moved: lines whose group holds other lines after shuffling, five times a system. New patterns: a random half without three of its statements is
the baseline, the other half the canary, ten times a system; a group that only the canary has is called new.

| | moved | precision of new | recall of new |
|---|---|---|---|
${orderRows(systems).join("\n")}

## Lines a CPU-second

Median of seven rounds of ${lines.length.toLocaleString("en-US")} lines, CPU time of the whole process with garbage collection. The machine is shared.

| | lines a second | goal |
|---|---|---|
${speedRows(lines).join("\n")}

## Whole path

From the bytes of OTLP requests (protobuf, 200 records each, with trace ids, a logger and two attributes) to rows that are ready to be written: check, decode, attribute, count, and
for records that may belong to a pattern body, known failures, pattern and examples. Records a CPU-second; the first pass meets every line for the first time.
The goal is 100 thousand. A severity below WARN is believed and the body not read.

| records | first pass | later |
|---|---|---|
${wholePathRows(lines).join("\n")}

## Hostile lines

Body, pattern and known failures; three passes, each with a new miner. The slowest line is the longest of any line, of each line the least of the passes; beside it what
the first pass took at worst, with compiling, collecting garbage and whatever else the machine did. The memory is what is left after, flat arrays included. Redacting is for examples only.

| | lines a second | slowest line | at worst in the first pass | memory grown | slowest to redact |
|---|---|---|---|---|---|
${hostileRows().join("\n")}

A full miner holds ${memoryOfFullMiner()}.

## False alarms

- Random halves of one stream, compared as \`haldane logs diff\` does: ${falseAlarms(systems)} show a pattern that is new or more often.
- Known failures in the ${lines.length.toLocaleString("en-US")} raw lines, each of which is that failure:

| system and failure | lines |
|---|---|
${hitRows(folder).join("\n")}
`;
  console.log(text);
  if (!parameters.includes("--dry")) writeFileSync(page, text);
  return Promise.resolve();
}
