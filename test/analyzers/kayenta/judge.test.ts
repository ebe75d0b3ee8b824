import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { classifyPair, openGates, usualRules, type PairRules } from "#analyzers/kayenta/classify.ts";
import { judgeMetrics, type JudgedMetric } from "#analyzers/kayenta/judge.ts";
import { outliers, percentile } from "#analyzers/kayenta/outliers.ts";
import { scoreMetrics, type ScoredMetric } from "#analyzers/kayenta/score.ts";

const repeated = (value: number, times: number): number[] => Array.from({ length: times }, () => value);

function classified(experiment: number[], control: number[], rules: Partial<PairRules> = {}) {
  const { classification, critical } = classifyPair({ experiment, control }, { ...usualRules, ...rules });
  return { classification, critical };
}

const steady = [1, 1.1, 0.9, 1.05, 0.95, 1.02, 0.98, 1.08, 0.92, 1.01];
const doubled = steady.map((value) => value + 1);
const halved = steady.map((value) => value / 2);

/** Origin: behaviour of Kayenta's NetflixACAJudge-v1.0 (0.98, 0.25), by a run of a second implementation of its rules. */
const known: readonly (readonly [name: string, experiment: number[], control: number[], label: string])[] = [
  ["the same data in another order", [3, 1, 2], [1, 2, 3], "Pass"],
  ["one value throughout", repeated(7, 3), repeated(7, 9), "Pass"],
  ["constants that differ", repeated(10, 5), repeated(1, 5), "High"],
  ["a constant over zeros", repeated(10, 5), repeated(0, 5), "High"],
  ["one outlier against a constant", [1, 1, 1, 1, 100], repeated(1, 5), "Pass"],
  ["7 of 10 points jumped from 1 to 100", [...repeated(100, 7), ...repeated(1, 3)], repeated(1, 10), "Pass"],
  ["8 of 10 points jumped from 1 to 100", [...repeated(100, 8), ...repeated(1, 2)], repeated(1, 10), "High"],
  ["2 points against 1, apart", [5, 6], [1], "High"],
  ["3 against 3, apart", [11, 12, 13], [1, 2, 3], "High"],
  ["twice the control", doubled, steady, "High"],
  ["half the control", halved, steady, "Low"],
];

describe("a pair is classified by Kayenta's rules", () => {
  it.each(known)("%s", (_, experiment, control, label) => {
    expect(classified(experiment, control).classification).toBe(label);
  });

  it("only in the direction that is bad", () => {
    expect(classified(doubled, steady, { direction: "decrease" }).classification).toBe("Pass");
    expect(classified(halved, steady, { direction: "increase" }).classification).toBe("Pass");
    expect(classified(halved, steady, { direction: "decrease" }).classification).toBe("Low");
  });

  it("without data: no data, a failure where data must be there, or zeros on both sides", () => {
    expect(classified([], steady)).toEqual({ classification: "Nodata", critical: false });
    expect(classified([NaN], steady, { critical: true })).toEqual({
      classification: "Nodata",
      critical: true,
    });
    expect(classified([], steady, { mustHaveData: true }).classification).toBe("NodataFailMetric");
    expect(classified([], steady, { mustHaveData: true, critical: true }).classification).toBe("Nodata");
    expect(classified([], steady, { nanStrategy: "replace" }).classification).toBe("Pass");
    expect(classified(repeated(NaN, 10), steady, { nanStrategy: "replace" }).classification).toBe("Low");
  });

  it("through the gate of an allowed effect, and critical only through its own", () => {
    const gates = { ...openGates("meanRatio"), allowedIncrease: 1.5, criticalIncrease: 3 };
    const rules = { critical: true, effectSize: gates };
    expect(classified(doubled, steady, rules)).toEqual({ classification: "High", critical: false });
    expect(classified(doubled, steady, { critical: true })).toEqual({
      classification: "High",
      critical: true,
    });
    const closed = { ...gates, allowedIncrease: 2.5 };
    expect(classified(doubled, steady, { effectSize: closed }).classification).toBe("Pass");
    const overlap = { ...openGates("cles"), allowedIncrease: 1.01 };
    expect(classified(doubled, steady, { effectSize: overlap }).classification).toBe("Pass");
    expect(classified(doubled, steady, { effectSize: openGates("cles") }).classification).toBe("High");
    // A mean of 0 gives no ratio, and no ratio opens the gate.
    expect(classified(repeated(10, 5), repeated(0, 5), { effectSize: closed }).classification).toBe("High");
  });

  it("after outliers were taken out where that is asked", () => {
    const wild = [...steady.slice(0, 9), 1e6];
    const out = classifyPair({ experiment: wild, control: steady }, { ...usualRules, outlierFactor: 0.5 });
    const kept = classifyPair({ experiment: wild, control: steady }, usualRules);
    expect(kept.ratio).toBeGreaterThan(1000);
    expect(out.classification).toBe("Pass");
  });

  it("the same in any unit", () => {
    const point = fc.integer({ min: 0, max: 40 });
    const series = fc.array(point, { minLength: 4, maxLength: 30 });
    fc.assert(
      fc.property(series, series, fc.constantFrom(2 ** -20, 2 ** -7, 2 ** 10), (x, y, unit) => {
        const scaled = (values: number[]): number[] => values.map((value) => value * unit);
        expect(classified(scaled(x), scaled(y))).toEqual(classified(x, y));
      }),
    );
  });

  it("as the mirror image when the arms change places", () => {
    const series = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 4, maxLength: 30 });
    const mirror = { High: "Low", Low: "High", Pass: "Pass" } as Record<string, string>;
    fc.assert(
      fc.property(series, series, (x, y) => {
        expect(classified(y, x).classification).toBe(mirror[classified(x, y).classification]);
      }),
    );
  });
});

describe("outliers", () => {
  it("percentiles interpolate as in the NIST handbook (90 % of 12 values, R's type 7)", () => {
    const nist = [
      95.0925, 95.1065, 95.1195, 95.1237, 95.1442, 95.1567, 95.1591, 95.1682, 95.1772, 95.1937, 95.1959,
      95.199,
    ];
    expect(percentile(nist, 0.9)).toBeCloseTo(95.19568, 10);
    expect(percentile([4], 0.3)).toBe(4);
  });

  it("lie beyond the fences; reduced sensitivity moves fences out to the 1 % and 99 % percentiles", () => {
    const values = [21, 23, 24, 25, 29, 33, 49];
    // Quartiles 23.5 and 31, so the fences at factor 1.5 are 12.25 and 42.25.
    expect(outliers(values, { factor: 1.5, reduceSensitivity: false }).indexOf(true)).toBe(6);
    // 99 % percentile 48.04: 49 is still beyond.
    expect(outliers(values, { factor: 1.5, reduceSensitivity: true }).indexOf(true)).toBe(6);
    expect(outliers(values, { factor: 3, reduceSensitivity: true })).not.toContain(true);
    expect(outliers([NaN, 1, NaN], { factor: 1, reduceSensitivity: true })).toEqual([false, false, false]);
    expect(outliers([], { factor: 1, reduceSensitivity: false })).toEqual([]);
  });
});

function metric(
  name: string,
  classification: ScoredMetric["classification"],
  more: Partial<ScoredMetric> = {},
) {
  return { name, classification, groups: ["g"], critical: false, muted: false, ...more };
}

describe("the score", () => {
  const even = new Map<string, number>();

  it("is the percent passed by group, weighted, and rounded half up", () => {
    const results = [
      metric("a", "Pass"),
      metric("b", "High"),
      metric("c", "Pass"),
      metric("d", "Pass", { groups: ["h"] }),
    ];
    const { score, groups } = scoreMetrics(results, new Map([["g", 75]]));
    expect(score).toBe(75);
    expect(groups.get("g")).toBeCloseTo(66.667, 3);
    expect(scoreMetrics(results.slice(0, 3), even).score).toBe(66.67);
  });

  it("leaves muted metrics and single missing ones out, and fails a metric that must have data", () => {
    const results = [metric("a", "Pass"), metric("b", "Pass"), metric("c", "Nodata")];
    expect(scoreMetrics(results, even).score).toBe(100);
    expect(scoreMetrics([...results, metric("d", "High", { muted: true, critical: true })], even).score).toBe(
      100,
    );
    expect(scoreMetrics([...results, metric("e", "NodataFailMetric")], even).score).toBe(66.67);
  });

  it("is 0 by the veto of a critical metric, of half the metrics without data, and of none at all", () => {
    expect(scoreMetrics([metric("a", "Pass"), metric("b", "High", { critical: true })], even)).toMatchObject({
      score: 0,
      veto: "Critical metric b is High",
    });
    expect(scoreMetrics([metric("a", "Pass"), metric("b", "Nodata")], even).score).toBe(0);
    expect(scoreMetrics([], even).score).toBe(0);
  });

  it("of a judge that failed on every metric is 0, not 100", () => {
    expect(scoreMetrics([metric("a", "Error"), metric("b", "Error")], even).score).toBe(0);
  });

  it("counts a group without any data as 0, not as 100", () => {
    const results = [metric("a", "Pass"), metric("b", "Pass"), metric("c", "Nodata", { groups: ["h"] })];
    expect(scoreMetrics(results, even).score).toBe(50);
  });

  it("shares what is left of 100 among groups without a weight, and loses the weight of an absent group", () => {
    const results = ["g", "h", "i"].map((group) => metric(group, "Pass", { groups: [group] }));
    expect(scoreMetrics(results, new Map([["g", 40]])).score).toBe(100);
    expect(scoreMetrics(results.slice(0, 1), new Map(Object.entries({ g: 50, z: 50 }))).score).toBe(50);
  });
});

describe("the judge", () => {
  const thresholds = { pass: 95, marginal: 75 };
  const judged = (name: string, experiment: number[], more: Partial<JudgedMetric> = {}): JudgedMetric => ({
    name,
    groups: ["g"],
    muted: false,
    rules: usualRules,
    control: steady,
    experiment,
    ...more,
  });

  it("labels the score by its thresholds", () => {
    const pass = [1, 2, 3].map((i) => judged(`p${i}`, steady));
    const label = (metrics: JudgedMetric[]) => judgeMetrics(metrics, new Map(), thresholds).label;
    expect(label(pass)).toBe("Pass");
    expect(label([...pass, judged("x", doubled)])).toBe("Marginal");
    expect(label([judged("x", doubled)])).toBe("Fail");
  });

  it("does not pass a canary that fell silent on a metric which the control has", () => {
    const pass = [1, 2, 3].map((i) => judged(`p${i}`, steady));
    const silent = judgeMetrics([...pass, judged("x", [])], new Map(), thresholds);
    expect([silent.label, silent.score.score]).toEqual(["Nodata", 100]);
    const absent = judgeMetrics([...pass, judged("x", [], { control: [] })], new Map(), thresholds);
    expect(absent.label).toBe("Pass");
  });
});
