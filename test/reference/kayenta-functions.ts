import {
  classifyPair,
  openGates,
  usualRules,
  type Classification,
  type PairRules,
} from "#analyzers/kayenta/classify.ts";
import { judgeMetrics } from "#analyzers/kayenta/judge.ts";
import { outliers } from "#analyzers/kayenta/outliers.ts";
import { scoreMetrics } from "#analyzers/kayenta/score.ts";
import { list, num, numberOf, type VectorInput } from "./vector-input.ts";

function part(v: VectorInput, key: string): VectorInput {
  return (v[key] ?? {}) as VectorInput;
}

function flag(v: VectorInput, key: string): boolean {
  return v[key] === true;
}

function names(v: VectorInput, key: string): string[] {
  const value = v[key] ?? [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Rules of one metric, where they stand in a Kayenta configuration or beside the series. */
function rulesOf(given: VectorInput): PairRules {
  const v = { ...part(part(given, "analysisConfigurations"), "canary"), ...given };
  const effect = part(v, "effectSize");
  const open = openGates(effect["measure"] === "cles" ? "cles" : "meanRatio");
  const out = typeof v["outliers"] === "string" ? { strategy: v["outliers"] } : part(v, "outliers");
  const { direction } = v as { direction?: unknown };
  return {
    direction: direction === "increase" || direction === "decrease" ? direction : "either",
    nanStrategy: v["nanStrategy"] === "replace" ? "replace" : "remove",
    outlierFactor:
      out["strategy"] === "remove"
        ? num({ factor: 3, ...out }, out["outlierFactor"] === undefined ? "factor" : "outlierFactor")
        : null,
    critical: flag(v, "critical"),
    mustHaveData: flag(v, "mustHaveData"),
    effectSize: {
      measure: open.measure,
      allowedIncrease: num(effect, "allowedIncrease", open.allowedIncrease),
      allowedDecrease: num(effect, "allowedDecrease", open.allowedDecrease),
      criticalIncrease: num(effect, "criticalIncrease", open.criticalIncrease),
      criticalDecrease: num(effect, "criticalDecrease", open.criticalDecrease),
    },
    confidence: num(v, "confidence", usualRules.confidence),
    tolerance: num(v, "tolerance", usualRules.tolerance),
  };
}

/** Points of one side; absent, null and "NaN" are gaps. */
function series(v: VectorInput, key: string): number[] {
  const value = v[key];
  if (!Array.isArray(value)) return value === undefined || value === null ? [] : list(v, key);
  return value.map((each) => (each === null ? NaN : numberOf(each, key)));
}

function pairOf(v: VectorInput) {
  return { control: series(v, "control"), experiment: series(v, "experiment") };
}

function weights(v: VectorInput): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(part(v, "groupWeights")).map(([name, weight]) => [name, numberOf(weight, name)]),
  );
}

function items(v: VectorInput, key: string): VectorInput[] {
  return (v[key] ?? []) as VectorInput[];
}

/** The Kayenta-compatible judge under the names that the reference vectors use. */
export const kayentaFunctions: Readonly<Record<string, (input: VectorInput) => unknown>> = {
  kayenta_classification: (v) => classifyPair(pairOf(v), rulesOf(v)).classification,
  kayenta_classify: (v) => {
    const { classification, critical } = classifyPair(pairOf(v), rulesOf(v));
    return { classification, critical };
  },
  kayenta_outliers: (v) => ({
    outlier: outliers(series(v, "values"), {
      factor: num(v, "factor", 3),
      reduceSensitivity: flag(v, "reduceSensitivity"),
    }),
  }),
  kayenta_score: (v) => {
    const { score, groups } = scoreMetrics(
      items(v, "results").map((result) => ({
        name: String(result["name"]),
        classification: String(result["classification"]) as Classification,
        groups: names(result, "groups"),
        critical: flag(result, "critical"),
        muted: flag(result, "muted"),
      })),
      weights(v),
    );
    return { summaryScore: score, groupScores: Object.fromEntries(groups) };
  },
  kayenta_judge: (v) => {
    const thresholds = part(v, "thresholds");
    const { score, label, metrics } = judgeMetrics(
      items(v, "metrics").map((metric) => ({
        name: String(metric["name"]),
        groups: names(metric, "groups"),
        muted: flag(metric, "muted"),
        rules: rulesOf(metric),
        ...pairOf(metric),
      })),
      weights(v),
      { pass: num(thresholds, "pass", 95), marginal: num(thresholds, "marginal", 75) },
    );
    return {
      score: score.score,
      scoreClassification: label,
      metricClassifications: Object.fromEntries(
        metrics.map(({ name, conclusion }) => [name, conclusion.classification]),
      ),
    };
  },
};
