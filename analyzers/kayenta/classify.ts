import { outliers } from "./outliers.ts";
import { shiftInterval, type ShiftInterval } from "./shift-interval.ts";

/** Conclusion on one pair of series, in Kayenta's words. */
export type Classification = "Pass" | "High" | "Low" | "Nodata" | "NodataFailMetric" | "Error";

/** Gates in addition to the interval: how large an effect must be to count, and to be critical. */
export interface EffectSize {
  readonly measure: "meanRatio" | "cles";
  readonly allowedIncrease: number;
  readonly allowedDecrease: number;
  readonly criticalIncrease: number;
  readonly criticalDecrease: number;
}

/** How one pair is judged. */
export interface PairRules {
  /** Which change is bad. */
  readonly direction: "increase" | "decrease" | "either";
  /** Gaps are left out, or count as 0. */
  readonly nanStrategy: "remove" | "replace";
  /** Interquartile ranges beyond which values are left out; null keeps all. */
  readonly outlierFactor: number | null;
  readonly critical: boolean;
  readonly mustHaveData: boolean;
  readonly effectSize: EffectSize;
  readonly confidence: number;
  /** Part of the estimated shift that the whole interval must exceed. */
  readonly tolerance: number;
}

/** Effects that gate nothing: the middle of each measure. */
export function openGates(measure: EffectSize["measure"]): EffectSize {
  const middle = measure === "cles" ? 0.5 : 1;
  return {
    measure,
    allowedIncrease: middle,
    allowedDecrease: middle,
    criticalIncrease: middle,
    criticalDecrease: middle,
  };
}

/** Kayenta's rules where a metric says nothing of its own. */
export const usualRules: PairRules = {
  direction: "either",
  nanStrategy: "remove",
  outlierFactor: null,
  critical: false,
  mustHaveData: false,
  effectSize: openGates("meanRatio"),
  confidence: 0.98,
  tolerance: 0.25,
};

/** Two series of points; not-a-number is a gap. */
export interface SeriesPair {
  readonly control: readonly number[];
  readonly experiment: readonly number[];
}

/** What a pair showed. */
export interface PairConclusion {
  readonly classification: Classification;
  /** True where the metric is critical and this result vetoes the canary. */
  readonly critical: boolean;
  readonly reason: string;
  /** mean(experiment) / mean(control); null where either is 0 or missing. */
  readonly ratio: number | null;
  readonly interval: ShiftInterval | null;
}

function prepared(values: readonly number[], rules: PairRules): readonly number[] {
  if (rules.nanStrategy === "replace") return values.map((value) => (Number.isNaN(value) ? 0 : value));
  const kept = values.filter((value) => !Number.isNaN(value));
  if (rules.outlierFactor === null) return kept;
  const out = outliers(kept, { factor: rules.outlierFactor, reduceSensitivity: true });
  return kept.filter((_, i) => out[i] !== true);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Ratio of the means; null where one is 0, which Kayenta takes as "no gate". */
function meanRatio(experiment: readonly number[], control: readonly number[]): number | null {
  const above = mean(experiment);
  const below = mean(control);
  const ratio = above / below;
  return above === 0 || below === 0 || Number.isNaN(ratio) ? null : ratio;
}

/** Chance that a point of the experiment is above one of the control, ties as halves. */
function commonLanguageEffect(experiment: readonly number[], control: readonly number[]): number {
  const sorted = Float64Array.from(control).sort();
  const before = (value: number, orEqual: boolean): number => {
    let [from, to] = [0, sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const at = sorted[middle] ?? 0;
      if (orEqual ? at <= value : at < value) from = middle + 1;
      else to = middle;
    }
    return from;
  };
  const won = experiment.reduce((sum, value) => sum + before(value, false) + before(value, true), 0);
  return won / (2 * experiment.length * control.length);
}

function identical(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  const x = Float64Array.from(a).sort();
  const y = Float64Array.from(b).sort();
  return x.every((value, i) => value === y[i]);
}

function withoutData({ nanStrategy, mustHaveData, critical }: PairRules): PairConclusion {
  const missing = { reason: "Missing data", ratio: null, interval: null };
  if (nanStrategy === "replace") return { ...missing, classification: "Pass", critical: false };
  if (mustHaveData && !critical) return { ...missing, classification: "NodataFailMetric", critical: false };
  return { ...missing, classification: "Nodata", critical };
}

/** High is looked for first, as Kayenta does. Gates are open where there is no effect to hold against them. */
function moved(
  { low, high, estimate }: ShiftInterval,
  effect: number | null,
  { direction, critical, tolerance, effectSize: gates }: PairRules,
): Pick<PairConclusion, "classification" | "critical" | "reason"> | null {
  const bound = tolerance * Math.abs(estimate);
  if (direction !== "decrease" && low > bound && (effect ?? Infinity) >= gates.allowedIncrease)
    return {
      classification: "High",
      critical: critical && (effect ?? Infinity) >= gates.criticalIncrease,
      reason: "Higher than the control",
    };
  if (direction !== "increase" && high < -bound && (effect ?? -Infinity) <= gates.allowedDecrease)
    return {
      classification: "Low",
      critical: critical && (effect ?? -Infinity) <= gates.criticalDecrease,
      reason: "Lower than the control",
    };
  return null;
}

/**
 * Classifies an experiment against its control by Kayenta's rules: High or Low where the whole confidence interval of the shift
 * lies beyond a part of the estimated shift, and the effect passes its gates. Points count as independent, which
 * points of a time series are not; looks and metrics are not corrected for. For people who come from Kayenta; the
 * evidence of this project answers the same question with guarantees.
 *
 * Source: Spinnaker Kayenta, NetflixACAJudge-v1.0 and its Mann-Whitney classifier. Differs on purpose: limits are ranked
 * differences, so no unit and no random noise changes the answer, and infinite values rank as the largest.
 */
export function classifyPair(pair: SeriesPair, rules: PairRules): PairConclusion {
  const control = prepared(pair.control, rules);
  const experiment = prepared(pair.experiment, rules);
  if (control.length === 0 || experiment.length === 0) return withoutData(rules);
  const pass: PairConclusion = {
    classification: "Pass",
    critical: false,
    reason: "Within the tolerance",
    ratio: meanRatio(experiment, control),
    interval: null,
  };
  const first = control[0];
  if (identical(control, experiment) || [...control, ...experiment].every((value) => value === first))
    return { ...pass, reason: "The data are identical", ratio: 1 };
  const interval = shiftInterval(experiment, control, rules.confidence);
  const { measure } = rules.effectSize;
  const effect = measure === "cles" ? commonLanguageEffect(experiment, control) : pass.ratio;
  return { ...pass, ...moved(interval, effect, rules), interval };
}
