import { describe, expect, test } from "vitest";
import { exitCodeOf } from "#cli/exit-codes.ts";
import { createReplayOutput, printedNumber, shownBadLines, type ReplayLook } from "#cli/replay-output.ts";
import { findingJson } from "#http/finding-json.ts";
import type { Finding } from "#model/finding.ts";
import { richReport } from "#test/support/rich-report.ts";

const finding: Finding = {
  signal: "errors",
  kind: "errors",
  operation: "",
  conclusion: "worse",
  why: "the canary fails in 2 % of requests",
  canary: { n: 123_456_789, value: 0.0212345678, unit: "share", instances: 2 },
  baseline: { n: 9, value: null, unit: "share", instances: 3 },
  effect: 20.123456789,
  interval: [1.23456789, Infinity],
  tolerance: 1.1,
  margin: 1.5,
  marginWhy: null,
  guarded: true,
  weight: 0.5,
  evidence: { harm: 6.0000001, harmNeeded: 4.6051702, safe: -0, safeNeeded: null, tiles: 4, tileMs: 10_000 },
};

const look: ReplayLook = {
  service: "shop/checkout",
  environment: "production",
  canary: "v2",
  baseline: "v1",
  verdict: "rollback",
  at: Date.UTC(2026, 0, 2, 3, 4, 5),
  elapsedMs: 12_345_678,
  reasons: [{ code: "harm", text: "errors are worse" }],
  findings: [finding],
};

function printed(form: "text" | "ndjson", print: (output: ReturnType<typeof createReplayOutput>) => void) {
  const written = { out: "", error: "" };
  const output = createReplayOutput(form, {
    out: (text) => {
      written.out += text;
    },
    error: (text) => {
      written.error += text;
    },
  });
  print(output);
  return written;
}

describe("the lines of a replay", () => {
  test("the last line has the fields that programs read, with six significant digits and exact counts", () => {
    const { out } = printed("ndjson", (output) => {
      output.final(look);
    });
    expect(out.endsWith("}\n")).toBe(true);
    expect(JSON.parse(out)).toEqual({
      final: true,
      service: "shop/checkout",
      environment: "production",
      canary: "v2",
      baseline: "v1",
      verdict: "rollback",
      at: "2026-01-02T03:04:05.000Z",
      elapsedMs: 12_345_678,
      reasons: [{ code: "harm", text: "errors are worse" }],
      findings: [
        {
          ...finding,
          canary: { ...finding.canary, value: 0.0212346 },
          effect: 20.1235,
          interval: [1.23457, null],
          evidence: { ...finding.evidence, harm: 6, harmNeeded: 4.60517, safe: 0 },
          pattern: null,
        },
      ],
    });
  });

  test("a log pattern is printed as the API answers it", () => {
    const [refused] = richReport().analysis.findings.filter(({ pattern }) => pattern !== undefined);
    const { out } = printed("ndjson", (output) => {
      output.final({ ...look, findings: refused === undefined ? [] : [refused] });
    });
    const { findings } = JSON.parse(out) as { findings: readonly { pattern: unknown }[] };
    expect(findings.map(({ pattern }) => pattern)).toEqual(
      refused === undefined ? null : [findingJson(refused).pattern],
    );
  });

  test("a look has the same fields and says that it is not final", () => {
    const { out } = printed("ndjson", (output) => {
      output.look(look);
      output.final(look);
    });
    const [first, last] = out.split("\n");
    expect(first?.replace('"final":false', '"final":true')).toBe(last);
  });

  test("for people a look is one line and the end tells verdict, reasons and findings", () => {
    const looked = printed("text", (output) => {
      output.look(look);
    });
    expect(looked.out).toBe(
      "03:04:05  shop/checkout in production  v2 against v1  rollback: errors are worse\n",
    );
    const ended = printed("text", (output) => {
      output.final(look);
    });
    expect(ended.out).toContain("ROLLBACK  shop/checkout in production  v2 against v1 after 3 h 26 min");
    expect(ended.out).toContain("worse     errors: the canary fails in 2 % of requests");
  });

  test("bad lines go to standard error with file and number; past a number they are only counted", () => {
    const { out, error } = printed("ndjson", (output) => {
      for (let line = 1; line <= shownBadLines + 5; line += 1)
        output.badLine({ file: "a", line, why: "not JSON" });
      expect(output.badLines()).toBe(shownBadLines + 5);
    });
    expect(out).toBe("");
    expect(error.split("\n")).toHaveLength(shownBadLines + 1);
    expect(error.startsWith("a:1: not JSON\n")).toBe(true);
  });

  test("numbers are printed the same however they were summed", () => {
    expect([0.1 + 0.2, 1 / 3, 1e-9 / 3, -0, Number.NaN, 2 ** 53].map(printedNumber)).toEqual([
      0.3,
      0.333333,
      3.33333e-10,
      0,
      null,
      2 ** 53,
    ]);
  });
});

describe("the exit code of a replay", () => {
  test("rollback comes before undecided, undecided before promote", () => {
    expect(exitCodeOf(["promote", "rollback", "inconclusive"])).toBe(3);
    expect(exitCodeOf(["promote", "inconclusive"])).toBe(4);
    expect(exitCodeOf(["promote", "continue"])).toBe(4);
    expect(exitCodeOf(["promote", "promote"])).toBe(0);
  });

  test("no verdict at all is undecided", () => {
    expect(exitCodeOf([])).toBe(4);
  });
});
