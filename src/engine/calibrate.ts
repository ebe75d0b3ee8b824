import type { FindingKind } from "#model/finding.ts";
import type { Histogram } from "#model/histogram.ts";
import { histogramCount, histogramQuantile, mergeHistograms } from "#model/merge-histogram.ts";
import type { SampleRow } from "#model/sample.ts";
import { inverseIncompleteBeta } from "#analyzers/stats/incomplete-beta.ts";
import { betweenInstanceVariance, spreadTells } from "#analyzers/stats/dispersion.ts";
import { frozenRequestsNeeded } from "#analyzers/metrics/duration-plan.ts";
import { requestsOf } from "./tiles.ts";
import type { Trial } from "./trial.ts";

/** How often comparisons of equals raised an alarm. */
export interface FalseAlarms {
  readonly alarms: number;
  readonly trials: number;
  /** Exact interval of the rate at 95 %, were the trials independent. */
  readonly interval: readonly [low: number, high: number];
}

/** What comparisons of a version with itself say of a policy. */
export interface Calibration {
  readonly rollbacks: FalseAlarms;
  /** By class of signal, for those that were judged in some trial. */
  readonly classes: readonly { readonly kind: FindingKind; readonly falseAlarms: FalseAlarms }[];
  /** True where even the low end of the interval is above alpha. */
  readonly criesWolf: boolean;
  /** True where the whole interval is at most alpha: more trials are needed to say so at a small alpha. */
  readonly proven: boolean;
  readonly spread: InstanceSpread;
}

/** How the instances of one version differ; null where too little was seen to tell. */
export interface InstanceSpread {
  /** Relative standard deviation of the error share, beyond chance. */
  readonly errors: number | null;
  /** Standard deviation of the ln of the median duration. */
  readonly speed: number | null;
}

/** Clopper and Pearson 1934, at 95 %. */
function exactInterval(alarms: number, trials: number): readonly [number, number] {
  const low = alarms === 0 ? 0 : inverseIncompleteBeta(alarms, trials - alarms + 1, 0.025);
  const high = alarms === trials ? 1 : inverseIncompleteBeta(alarms + 1, trials - alarms, 0.975);
  return [low, high];
}

function falseAlarms(trials: readonly Trial[], isAlarm: (trial: Trial) => boolean): FalseAlarms {
  const alarms = trials.filter(isAlarm).length;
  return { alarms, trials: trials.length, interval: exactInterval(alarms, trials.length) };
}

/** Sums up trials of one version against itself. `trials` holds at least one. */
export function calibrate(trials: readonly Trial[], alpha: number, rows: readonly SampleRow[]): Calibration {
  const rollbacks = falseAlarms(trials, ({ rolledBack }) => rolledBack);
  const kinds = [...new Set(trials.flatMap(({ judged }) => [...judged]))].sort();
  return {
    rollbacks,
    classes: kinds.map((kind) => ({
      kind,
      falseAlarms: falseAlarms(
        trials.filter(({ judged }) => judged.has(kind)),
        ({ alarms }) => alarms.has(kind),
      ),
    })),
    criesWolf: rollbacks.interval[0] > alpha,
    proven: rollbacks.interval[1] <= alpha,
    spread: spreadOf(rows),
  };
}

interface Served {
  n: number;
  x: number;
  durations: Histogram | null;
}

function spreadOf(rows: readonly SampleRow[]): InstanceSpread {
  const spans = servedBy(rows, "spans");
  const served = [...(spans.size > 0 ? spans : servedBy(rows, "metrics")).values()];
  const errors = spreadTells(served) ? Math.sqrt(betweenInstanceVariance(served, 1)) : null;
  return { errors, speed: speedSpread(served) };
}

function servedBy(rows: readonly SampleRow[], source: "spans" | "metrics"): ReadonlyMap<number, Served> {
  const served = new Map<number, Served>();
  for (const row of rows) {
    const n = requestsOf(row, source);
    const { sample } = row;
    if (n === 0 || sample.kind !== "requests") continue;
    const sum = served.get(row.instanceId) ?? { n: 0, x: 0, durations: null };
    sum.n += n;
    sum.x += sample.errors;
    if (sample.duration !== null) {
      const merged = sum.durations === null ? null : mergeHistograms(sum.durations, sample.duration);
      if (merged === null) sum.durations = sample.duration;
      else if (merged.ok) sum.durations = merged.value;
    }
    served.set(row.instanceId, sum);
  }
  return served;
}

function speedSpread(served: readonly Served[]): number | null {
  const logs = served.flatMap(({ durations }) => {
    if (durations === null || histogramCount(durations) < frozenRequestsNeeded) return [];
    const median = histogramQuantile(durations, 0.5);
    return median === null || median <= 0 ? [] : [Math.log(median)];
  });
  if (logs.length < 2 || logs.length < served.length) return null;
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  return Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (logs.length - 1));
}
