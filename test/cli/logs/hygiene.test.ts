import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hygieneOf } from "#analyzers/logs/record-hygiene.ts";
import { logsCommand } from "#test/support/logs-command.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "haldane-hygiene-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";

describe("what one record carries", () => {
  test.each([
    [
      `{"level":"info","trace_id":"${trace}","service":{"name":"cart"},"msg":"x"}`,
      "severity trace serviceIdentity parseableBody",
    ],
    ['{"msg":"x","trace_id":""}', "parseableBody"],
    [`level=info service=cart msg="x" traceId=${trace}`, "severity trace serviceIdentity parseableBody"],
    ["2024-05-02 10:11:12 INFO [main] c.a.Cart - full", "severity"],
    ["[error] 29#29: *1 upstream gone", "severity"],
    [`paid, trace_id: ${trace}`, "trace"],
    ["{broken", ""],
    ["", ""],
  ])("%s", (line, expected) => {
    const found = Object.entries(hygieneOf(line)).flatMap(([part, has]) => (has ? [part] : []));
    expect(found.join(" ")).toBe(expected);
  });
});

describe("haldane logs hygiene", () => {
  const lines = (count: number, line: string) => `${line}\n`.repeat(count);

  test("prints the shares of a file, for people and programs", async () => {
    const text = lines(3, '{"level":"info","msg":"x"}') + lines(1, "plain");
    const { code, out } = await logsCommand(["hygiene", "-"], text);
    expect(code).toBe(0);
    expect(out).toBe(
      "4 records\nseverity        75.0 %\ntrace id        0.0 %\nservice         0.0 %\nparseable body  75.0 %\n",
    );
    const ndjson = await logsCommand(["hygiene", "--output", "ndjson", "-"], text);
    expect(ndjson.out.split("\n")[0]).toBe('{"part":"severity","records":4,"share":0.75}');
    expect((await logsCommand(["hygiene", "-"], "")).out).toContain("severity        -");
  });

  test("of two files it says what dropped in the second, and that few records tell nothing", async () => {
    const good = join(folder, "good.log");
    const bad = join(folder, "bad.log");
    const few = join(folder, "few.log");
    await writeFile(good, lines(600, `{"level":"info","trace_id":"${trace}","msg":"x"}`));
    await writeFile(bad, lines(600, '{"level":"info","msg":"x"}'));
    await writeFile(few, lines(6, "x"));
    const { out } = await logsCommand(["hygiene", good, bad]);
    expect(out).toContain("trace id        worse: dropped from 100.0 % to 0.0 % of the log records");
    expect(out).toContain("severity        no drop is shown");
    const ndjson = await logsCommand(["hygiene", "--output", "ndjson", good, few]);
    expect(ndjson.out.match(/"conclusion":"unknown"/g)).toHaveLength(4);
    expect((await logsCommand(["hygiene", join(folder, "none")])).code).toBe(2);
  });
});
