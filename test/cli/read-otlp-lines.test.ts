import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLimits, readOtlpLines, type OtlpLine } from "#cli/read-otlp-lines.ts";
import type { BadLine } from "#cli/replay-output.ts";
import { splitLines } from "#cli/split-lines.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-lines-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

interface Read {
  readonly lines: readonly OtlpLine[];
  readonly bad: readonly BadLine[];
}

async function read(
  files: readonly string[],
  stdin: Buffer = Buffer.alloc(0),
  lineBytes = 1000,
): Promise<Read> {
  const bad: BadLine[] = [];
  const lines: OtlpLine[] = [];
  const source = Readable.from([stdin]);
  const badLine = (each: BadLine): void => {
    bad.push(each);
  };
  for await (const line of readOtlpLines({ files, stdin: source, lineBytes, badLine })) lines.push(line);
  return { lines, bad };
}

const span = (endNs: string): string => `{"resourceSpans":[{"spans":[{"endTimeUnixNano":"${endNs}"}]}]}`;
const log = (timeNs: number): string => `{"resourceLogs":[{"logRecords":[{"timeUnixNano":${timeNs}}]}]}`;

describe("lines of OTLP JSON", () => {
  test("each line is told with its file, its number and its signal, and blank lines count as lines", async () => {
    const path = await file("a.jsonl", `${span("1")}\n\n{"resourceMetrics":[]}\r\n${log(3)}`);
    const { lines, bad } = await read([path]);
    expect(bad).toEqual([]);
    expect(lines.map((line) => [line.file, line.line, line.signal])).toEqual([
      [path, 1, "traces"],
      [path, 3, "metrics"],
      [path, 4, "logs"],
    ]);
    expect(lines[1]?.text).toBe('{"resourceMetrics":[]}');
  });

  test("gzip is unpacked whatever its name, in several members, and from standard input", async () => {
    const members = Buffer.concat([gzipSync(`${span("1")}\n`), gzipSync(`${span("2")}\n`)]);
    const path = await file("b.jsonl", members);
    expect((await read([path])).lines).toHaveLength(2);
    const { lines } = await read(["-"], members);
    expect(lines.map((line) => [line.file, line.line])).toEqual([
      ["(standard input)", 1],
      ["(standard input)", 2],
    ]);
  });

  test("a bad line is told with its number and why, and the rest is read", async () => {
    const path = await file(
      "c.jsonl",
      [span("1"), "{oops", "[]", '{"resource_spans":[]}', '{"spans":[]}', '{"x":1,"resourceLogs":[]}'].join(
        "\n",
      ),
    );
    const { lines, bad } = await read([path]);
    expect(lines.map((line) => line.line)).toEqual([1, 6]);
    expect(bad.map((each) => each.line)).toEqual([2, 3, 4, 5]);
    expect(bad.map((each) => each.why.split(";")[0])).toEqual([
      "not JSON",
      "one JSON object a line with resourceSpans, resourceMetrics or resourceLogs is expected",
      "keys are written in snake_case",
      "one JSON object a line with resourceSpans, resourceMetrics or resourceLogs is expected",
    ]);
  });

  test("a line past the limit is skipped and the next one is read", async () => {
    const long = `{"resourceSpans":["${"x".repeat(2000)}"]}`;
    const path = await file("d.jsonl", `${long}\n${span("1")}\n${long}`);
    const { lines, bad } = await read([path]);
    expect(lines.map((line) => line.line)).toEqual([2]);
    expect(bad.map((each) => [each.line, each.why])).toEqual([
      [1, "longer than 1000 bytes; skipped"],
      [3, "longer than 1000 bytes; skipped"],
    ]);
  });

  test("a gzip file that breaks off gives its whole lines, and the break is told", async () => {
    const text = Array.from({ length: 5000 }, (_, at) => span(String(at * 7919))).join("\n");
    const packed = gzipSync(text);
    const path = await file("e.jsonl.gz", packed.subarray(0, packed.length - 2000));
    const { lines, bad } = await read([path]);
    expect(lines.length).toBeGreaterThan(100);
    expect(bad).toHaveLength(1);
    expect(bad[0]?.why).toContain("cannot be read on: unexpected end of file");
    expect(bad[0]?.line).toBe(lines.length + 1);
  });

  test("zstd is refused with the way to unpack it", async () => {
    const path = await file("f.zst", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]));
    expect((await read([path])).bad[0]?.why).toContain("zstd -dc FILE | haldane … -");
  });

  test("several files are merged by the newest record time of each line", async () => {
    const first = await file("g1.jsonl", [span("100"), span("300"), span("500")].join("\n"));
    const second = await file("g2.jsonl", ['{"resourceLogs":[]}', log(200), log(400), log(500)].join("\n"));
    const { lines } = await read([first, second]);
    expect(lines.map((line) => `${line.file === first ? "a" : "b"}${line.line}`)).toEqual([
      "b1",
      "a1",
      "b2",
      "a2",
      "b3",
      "a3",
      "b4",
    ]);
  });

  test("the limit on a line admits the largest export that Haldane takes over HTTP", () => {
    expect(readLimits.lineBytes).toBeGreaterThanOrEqual(67_108_864);
  });
});

describe("splitting bytes into lines", () => {
  async function split(
    chunks: readonly Uint8Array[],
    lineBytes: number,
  ): Promise<readonly (string | null)[]> {
    const texts: (string | null)[] = [];
    for await (const { text } of splitLines(Readable.from(chunks), lineBytes)) texts.push(text);
    return texts;
  }

  test("where the bytes are cut into chunks does not matter", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.stringMatching(/^[a-zä€😀]{0,12}$/u), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        async (words, size) => {
          const bytes = Buffer.from(`${words.join("\n")}\n`);
          const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
            bytes.subarray(at * size, (at + 1) * size),
          );
          expect(await split(chunks, 1000)).toEqual(words);
        },
      ),
    );
  });

  test("a byte order mark is dropped from the first line only", async () => {
    expect(await split([Buffer.from("\ufeffa\n\ufeffb")], 100)).toEqual(["a", "\ufeffb"]);
  });

  test("a line of exactly the limit is kept, one byte more is not", async () => {
    expect(await split([Buffer.from("abcd\nabcde\nab")], 4)).toEqual(["abcd", null, "ab"]);
  });
});
