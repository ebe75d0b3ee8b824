import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { joinLimits, joinLine, type OpenRecord } from "#analyzers/logs/join-lines.ts";
import { readBody } from "#analyzers/logs/read-body.ts";

describe("a body of text", () => {
  test.each([
    [
      '{"level":"error","logger":"a.B","msg":"no route"}',
      { text: "no route", level: "error", logger: "a.B" },
    ],
    ['{"error":{"message":"no route"},"log.level":"warn"}', { text: "no route", level: "warn" }],
    ['{"msg":{"message":"inner"}}', { text: "inner" }],
    ['{"@mt":"User {Id} left","@m":"User 7 left"}', { text: "User 7 left", template: "User {Id} left" }],
    ['{"type":"timer","b":1,"a":"x"}', { text: "a=x b=0 type: timer" }],
    ["{not json", { text: "{not json" }],
    ['level=warn ts=1 msg="disk \\"a\\" is full" n=1', { text: 'disk "a" is full', level: "warn" }],
    ["type=SYSCALL msg=audit(1.2:3): arch=c0", { text: "type=SYSCALL msg=audit(1.2:3): arch=c0" }],
    [
      "2024-05-02 10:11:12,345 INFO [main] c.a.Cart - full",
      { text: "full", level: "INFO", logger: "c.a.Cart" },
    ],
    [
      "2024-05-02T10:11:12.345Z  WARN 1 --- [nio-1] c.a.Cart   : slow",
      { text: "slow", level: "WARN", logger: "c.a.Cart" },
    ],
    ["[Sun Dec 04 04:47:44 2005] [error] mod_jk child", { text: "mod_jk child", level: "error" }],
    ["I0502 10:11:12.123456    1 server.go:123] ready", { text: "ready", level: "INFO" }],
    ["2016-10-06T00:17:09.669794202Z stdout F 10:11:12 INFO up", { text: "up", level: "INFO" }],
    ["Jun 14 15:16:01 combo sshd[1]: check pass", { text: "combo sshd[1]: check pass" }],
    ["INFO without a time stays", { text: "INFO without a time stays", level: "" }],
    ["[instance: 7] VM Started", { text: "[instance: 7] VM Started" }],
    ["2024-05-02 10:11:12", { text: "" }],
  ])("%j", (body, expected) => {
    expect(readBody(body)).toMatchObject(expected);
  });

  test("any text is read without a throw, to a text that is not longer", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: "binary" })), (body) => {
        expect(typeof readBody(body).text).toBe("string");
      }),
    );
  });
});

describe("lines of a raw stream", () => {
  function joined(lines: readonly string[]): readonly string[] {
    let open: OpenRecord | null = null;
    const records: string[] = [];
    for (const line of lines) {
      const next = joinLine(open, line);
      if (next.done !== null) records.push(next.done);
      open = next.open;
    }
    if (open !== null) records.push(open.lines.join("\n"));
    return records;
  }

  test("stacks join the line above them", () => {
    const java = [
      "failed: x",
      "java.io.IOException: gone",
      "\tat a.B.c(B.java:1)",
      "Caused by: y.Z",
      "\t... 3 more",
      "next",
    ];
    expect(joined(java)).toEqual(["failed: x", java.slice(1, 5).join("\n"), "next"]);
    const python = [
      "Traceback (most recent call last):",
      '  File "a.py", line 1, in f',
      "    g()",
      "ValueError: no",
      "next",
    ];
    expect(joined(python)).toEqual([python.slice(0, 4).join("\n"), "next"]);
    const go = ["panic: no", "", "goroutine 1 [running]:", "main.main()", "next"];
    expect(joined(go)[0]).toBe(["panic: no", "", "goroutine 1 [running]:"].join("\n"));
  });

  test("a record ends at 256 lines and at 65,536 units", () => {
    const many = joined(Array.from({ length: 600 }, (_, at) => (at === 0 ? "x" : " more")));
    expect(many.map((record) => record.split("\n").length)).toEqual([256, 256, 88]);
    const wide = joined(["x", ...Array.from({ length: 10 }, () => ` ${"y".repeat(20_000)}`)]);
    expect(Math.max(...wide.map((record) => record.length))).toBeLessThanOrEqual(
      joinLimits.chars + joinLimits.lines,
    );
  });
});
