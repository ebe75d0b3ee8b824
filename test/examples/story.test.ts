import { describe, expect, it } from "vitest";
import type { ShownFinding } from "#examples/demo/haldane-client.ts";
import { paintFor, plain } from "#examples/demo/paint.ts";
import { clock, findingsToShow, storyLines } from "#examples/demo/story.ts";

const checkout: ShownFinding = {
  signal: "errors POST /checkout",
  kind: "errors",
  operation: "POST /checkout",
  conclusion: "open",
  why: "",
  canary: { n: 400, value: 0.019, unit: "1" },
  baseline: { n: 1200, value: 0.001, unit: "1" },
  interval: [8.1, 30.4],
  tolerance: 1.1,
  margin: 1.5,
  guarded: false,
  pattern: null,
  evidence: { harm: 4.21, harmNeeded: 6.4, safe: null, safeNeeded: null },
};

const latency: ShownFinding = {
  ...checkout,
  signal: "latency",
  kind: "latency",
  operation: "",
  canary: { n: 900, value: 0.0251, unit: "s" },
  baseline: { n: 2700, value: 0.0249, unit: "s" },
  interval: [0.93, 1.09],
  tolerance: 1.03,
  margin: 1.2,
  guarded: true,
  evidence: { harm: -2, harmNeeded: 5.3, safe: 1.24, safeNeeded: 3 },
};

describe("the story", () => {
  it("tells a finding with both readings, the interval, the limit and how far the evidence has come", () => {
    const lines = [checkout, latency].flatMap((finding) =>
      storyLines(67_400, { tell: "finding", finding }, plain),
    );
    expect(lines).toEqual([
      " 1:07  evidence  errors POST /checkout        1.90 % vs 0.10 %        ratio 8.1x to 30.4x         limit 1.10x    proof of harm 4.2, needed 6.4",
      " 1:07  evidence  latency                      25.1 ms vs 24.9 ms      ratio 0.93x to 1.09x        limit 1.20x    proof of no harm 1.2, needed 3.0",
    ]);
  });

  it("tells weights, traffic and verdict in the same columns", () => {
    const weights = {
      tell: "weights",
      canary: "v2",
      baseline: "v1",
      canaryWeight: 25,
      baselineWeight: 75,
      generation: 1,
    } as const;
    const reasons = ["errors of POST /checkout are worse", "the weights go back"];
    expect([
      ...storyLines(3000, weights, plain),
      ...storyLines(8000, { tell: "traffic", canary: "v2", requests: 1504, toCanary: 373 }, plain),
      ...storyLines(9999, { tell: "verdict", word: "rollback", reasons }, plain),
    ]).toEqual([
      " 0:03  weights   v2 25 %, v1 75 %   confirmed, generation 1",
      " 0:08  traffic   v2 served 24.8 % of the last 1504 requests",
      " 0:09  verdict   rollback   errors of POST /checkout are worse",
      "                 the weights go back",
    ]);
  });

  it("says what is not known as such", () => {
    const unknown = { ...latency, interval: null, canary: { n: 0, value: null, unit: "s" }, margin: null };
    const evidence = { harm: 0, harmNeeded: 5.3, safe: null, safeNeeded: null };
    const [line] = storyLines(0, { tell: "finding", finding: { ...unknown, evidence } }, plain);
    expect(line).toBe(" 0:00  evidence  latency                      - vs 24.9 ms");
  });

  it("shows an end of the interval that nothing bounds as open, and evidence against a claim as none for it", () => {
    const evidence = { harm: -3, harmNeeded: 5.3, safe: -0.01, safeNeeded: 3 };
    const [line] = storyLines(
      0,
      { tell: "finding", finding: { ...latency, interval: [2.34, null], evidence } },
      plain,
    );
    expect(line).toContain("ratio at least 2.34x ");
    expect(line).toContain("proof of no harm 0.0, needed 3.0");
  });

  it("shows what is worse first, then what comes near to harm, then what is guarded", () => {
    const calm = { ...checkout, operation: "GET /products", evidence: { ...checkout.evidence, harm: -1 } };
    const worse = { ...checkout, conclusion: "worse" as const };
    const shown = findingsToShow({ findings: [calm, latency, worse] });
    expect(shown).toEqual([worse, latency]);
  });

  it("uses colour on a terminal only, and never where NO_COLOR is set", () => {
    const painted = [paintFor(true, undefined), paintFor(true, "1"), paintFor(false, undefined)].map(
      (paint) => paint.bad("rollback"),
    );
    expect(painted).toEqual(["\u001b[31mrollback\u001b[0m", "rollback", "rollback"]);
  });

  it("clocks minutes and seconds in one width", () => {
    expect([0, 59_999, 60_000, 754_000].map(clock)).toEqual([" 0:00", " 0:59", " 1:00", "12:34"]);
  });
});
