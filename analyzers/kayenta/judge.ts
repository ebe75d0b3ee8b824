import { classifyPair, type PairConclusion, type PairRules, type SeriesPair } from "./classify.ts";
import { scoreMetrics, type SummaryScore } from "./score.ts";

/** One metric with its series and rules. */
export interface JudgedMetric extends SeriesPair {
  readonly name: string;
  readonly groups: readonly string[];
  readonly muted: boolean;
  readonly rules: PairRules;
}

/** Scores from which on a canary passes, or is marginal. */
export interface ScoreThresholds {
  readonly pass: number;
  readonly marginal: number;
}

/** Label of the whole score. `Nodata`: the score would do, but the canary sent nothing where the control did. */
export type ScoreLabel = "Pass" | "Marginal" | "Fail" | "Nodata";

export interface Judgement {
  readonly score: SummaryScore;
  readonly label: ScoreLabel;
  /** In the order of the metrics; several may have one name. */
  readonly metrics: readonly { readonly name: string; readonly conclusion: PairConclusion }[];
}

function hasPoints(values: readonly number[]): boolean {
  return values.some((value) => !Number.isNaN(value));
}

/** True where only the control has points: a canary that crashed early looks like this. */
function canaryIsSilent({ control, experiment, muted }: JudgedMetric): boolean {
  return !muted && hasPoints(control) && !hasPoints(experiment);
}

/**
 * Judges metric pairs as Kayenta's judge does: classify, score, label by the thresholds. Differs on purpose from Kayenta, which
 * has no label for it: a metric on which only the control has data keeps the canary from passing.
 */
export function judgeMetrics(
  metrics: readonly JudgedMetric[],
  groupWeights: ReadonlyMap<string, number>,
  thresholds: ScoreThresholds,
): Judgement {
  const conclusions = metrics.map((metric) => ({ metric, conclusion: classifyPair(metric, metric.rules) }));
  const score = scoreMetrics(
    conclusions.map(({ metric: { name, groups, muted }, conclusion: { classification, critical } }) => ({
      name,
      groups,
      muted,
      classification,
      critical,
    })),
    groupWeights,
  );
  const reached =
    score.score >= thresholds.pass ? "Pass" : score.score >= thresholds.marginal ? "Marginal" : "Fail";
  return {
    score,
    label: reached !== "Fail" && metrics.some(canaryIsSilent) ? "Nodata" : reached,
    metrics: conclusions.map(({ metric: { name }, conclusion }) => ({ name, conclusion })),
  };
}
