import { describe, expect, test } from "vitest";
import { forecastOf } from "#engine/forecast.ts";
import { scoreOf } from "#engine/score.ts";
import type { Finding } from "#model/finding.ts";

function finding(evidence: Partial<Finding["evidence"]>, given: Partial<Finding> = {}): Finding {
  const nothing = { n: 0, value: null, unit: "", instances: 0 };
  return {
    signal: "errors",
    kind: "errors",
    operation: "",
    conclusion: "open",
    why: "",
    canary: nothing,
    baseline: nothing,
    effect: null,
    interval: null,
    tolerance: null,
    margin: null,
    marginWhy: null,
    guarded: true,
    weight: 0.5,
    evidence: { harm: 0, harmNeeded: 6, safe: 0, safeNeeded: 3, tiles: 6, tileMs: 5000, ...evidence },
    ...given,
  };
}

describe("the score", () => {
  test("is 50 while nothing is known, and null before anything is weighed", () => {
    expect(scoreOf([finding({})], "continue")).toBe(50);
    expect(scoreOf([finding({}, { weight: 0 })], "continue")).toBeNull();
  });

  test("falls with evidence of harm and rises with proof, each to its end", () => {
    expect(scoreOf([finding({ harm: 3 })], "continue")).toBe(25);
    expect(scoreOf([finding({ harm: 9 })], "continue")).toBe(0);
    expect(scoreOf([finding({ safe: 1.5 })], "continue")).toBe(75);
    expect(scoreOf([finding({ safe: 9 })], "continue")).toBe(100);
    expect(scoreOf([finding({ safe: 9 }), finding({}, { weight: 1.5 })], "continue")).toBe(63);
  });

  test("never contradicts the verdict", () => {
    expect(scoreOf([finding({ safe: 9 })], "rollback")).toBe(20);
    expect(scoreOf([finding({})], "promote")).toBe(80);
  });
});

describe("the forecast", () => {
  test("is that of the slowest guarded signal that is still open", () => {
    const fast = finding({ safe: 2 });
    const slow = finding({ safe: 0.5 }, { signal: "latency" });
    const unguarded = finding({ safe: null, safeNeeded: null }, { guarded: false });
    expect(forecastOf([fast, slow, unguarded])).toEqual({
      signal: "latency",
      inMs: 50_000,
      text: "latency should be proven in about 50 s at the present traffic",
    });
  });

  test("is not given where evidence does not grow, is too young, or nothing is open", () => {
    expect(forecastOf([finding({ safe: -2 })])).toBeNull();
    expect(forecastOf([finding({ safe: 2, tiles: 2 })])).toBeNull();
    expect(forecastOf([finding({ safe: 4 }, { conclusion: "notWorse" })])).toBeNull();
  });
});
