import { histogramQuantile } from "#model/merge-histogram.ts";
import { deadlineChance } from "#analyzers/stats/deadline-chance.ts";
import { instanceSpread, roundedUp } from "#analyzers/stats/effective-instances.ts";
import { likelihoodPeak } from "#analyzers/stats/likelihood-peak.ts";
import { logAddExp, logSumExp, logSumExpOfSums } from "#analyzers/stats/log-sum-exp.ts";
import {
  logRatioOf,
  relativeLikelihood,
  type PriorPair,
  type RelativeLikelihood,
} from "#analyzers/stats/random-effects.ts";
import { gridOfRatios, ratioSequence } from "#analyzers/stats/ratio-sequence.ts";
import { instanceLadder, rungFor, speedGrid, speedSteps } from "#analyzers/stats/speed-grid.ts";
import { countFrom, foldDuration, frameFor } from "./duration-evidence.ts";
import { logLateSlowDown } from "./late-slow-down.ts";
import { logSinceAnyTile } from "./late-alpha.ts";
import { binned } from "./duration-frame.ts";
import { alphaUsed, marginAt, type DurationFrame, type ShareRow } from "./frame-parts.ts";
import type {
  DurationConclusion,
  DurationEvidence,
  DurationPlan,
  DurationReading,
  DurationTile,
  InstanceExposure,
  QuantileConclusion,
} from "./duration-plan.ts";

export { foldDuration, openDuration } from "./duration-evidence.ts";
export type {
  DurationArm,
  DurationConclusion,
  DurationEvidence,
  DurationPlan,
  DurationRefusal,
  DurationTile,
  QuantileConclusion,
} from "./duration-plan.ts";

/** What a conclusion is drawn from. */
interface Question {
  readonly evidence: DurationEvidence;
  readonly frame: DurationFrame;
  readonly plan: DurationPlan;
  readonly rung: number;
  /** Spread of ln speed between equal deployments with these instances. */
  readonly tau: number;
  /** The likelihood of a row of shares, worked out once. */
  readonly row: (index: number) => RelativeLikelihood;
}

function rowsOnce(shares: DurationEvidence["shares"]): Question["row"] {
  const known: RelativeLikelihood[] = [];
  return (index) => (known[index] ??= relativeLikelihood(shares[index] ?? []));
}

/** Three quarters of alpha for the evidence, one for instances slower than the shift allows. */
const shiftPrice = Math.log(4 / 3);
/** Bounds move together under one slow-down: half of them past their threshold must be enough. */
const boundTailShare = 1 / 8;

const speeds = gridOfRatios(speedGrid, speedSteps);

function priorsFor(question: Question, centre: number, sign: 1 | -1, tailShare: number): PriorPair {
  const { tau, plan } = question;
  return speeds.priors({ centre, tau, degrees: plan.tauDegrees, sign, tailShare });
}

function harmOf(question: Question): number {
  if (question.evidence.tilesUsed === 0) return 0;
  return logAddExp(wholeRunHarmOf(question), logSinceAnyTile + logLateSlowDown(question));
}

function wholeRunHarmOf(question: Question): number {
  const { evidence, frame, plan, rung } = question;
  if (frame.layout === "exponential")
    return logSumExpOfSums(frame.logWeights, evidence.harm[rung] ?? []) - shiftPrice;
  const priors = priorsFor(question, Math.log(plan.tolerance), 1, alphaUsed(plan) * boundTailShare);
  const bounds = evidence.shares.map((_, row) => logRatioOf(question.row(row), priors));
  return logSumExp(bounds) - Math.log(bounds.length);
}

function marginOf({ frame, plan, rung }: Question): ReturnType<typeof marginAt> {
  const margin = marginAt(plan, instanceLadder[rung] ?? Math.SQRT2);
  const row = frame.layout === "exponential" ? frame.marginRow[0]?.[rung] : undefined;
  return row === undefined ? margin : { ...margin, margin: row.margin };
}

/** ln of the e-value against "the canary's q-quantile is at least the margin times the baseline's". */
function safeOf(question: Question, index: number, margin: number): number {
  const { frame, plan, rung } = question;
  const exponential = frame.layout === "exponential";
  const row = (exponential ? frame.marginRow[index]?.[rung]?.row : frame.plainRow[index]) ?? 0;
  const centre = exponential ? Math.log(frame.rows[row]?.factor ?? margin) : Math.log(margin);
  const priors = priorsFor(question, centre, -1, plan.beta / 4);
  return logRatioOf(question.row(row), priors);
}

function quantileConclusion(question: Question, index: number, margin: number): QuantileConclusion {
  const { evidence, frame, plan, tau } = question;
  const q = plan.quantiles[index] ?? 0.5;
  const row = frame.plainRow[index] ?? 0;
  const likelihood = evidence.shares[row] ?? [];
  const { tauDegrees: degrees, alpha } = plan;
  const interval = ratioSequence(question.row(row), speeds, { tau, degrees, alpha });
  const seen = evidence.tilesUsed > 0;
  return {
    q,
    baselineValue: histogramQuantile(evidence.baselineTotal, q),
    canaryValue: histogramQuantile(evidence.canaryTotal, q),
    effect: seen ? Math.exp(likelihoodPeak(likelihood, speedGrid)) : null,
    interval: interval === null ? null : [Math.exp(interval[0]), Math.exp(interval[1])],
    logSafe: plan.guarded ? safeOf(question, index, margin) : null,
    at: frame.rows[row]?.at ?? 0,
  };
}

/** Requests of both arms above a row's edges, over all tiles used. */
function countsAbove({ evidence, frame }: Question, row: ShareRow): { x: number; k: number } {
  const canary = binned(frame, evidence.frozen, evidence.canaryTotal) ?? [];
  const baseline = binned(frame, evidence.frozen, evidence.baselineTotal) ?? [];
  const x = countFrom(canary, row.canaryFrom);
  return { x, k: x + countFrom(baseline, row.baselineFrom) };
}

/** Bonferroni over the quantiles of the random-effects tail chance of the canary's share above each. */
function deadlineOf(question: Question): number | null {
  const { evidence, frame, plan } = question;
  if (evidence.tilesUsed === 0) return null;
  const { logNull } = priorsFor(question, Math.log(plan.tolerance), 1, alphaUsed(plan) * boundTailShare);
  const rows = [...new Set(frame.plainRow)];
  const chances = rows.map((index) => {
    const row = frame.rows[index];
    if (row === undefined) return 1;
    return deadlineChance(evidence.shares[index] ?? [], row.logRatios, logNull, countsAbove(question, row));
  });
  return Math.min(1, rows.length * Math.min(1, ...chances));
}

function reading(
  exposures: readonly InstanceExposure[],
  total: DurationEvidence["canaryTotal"],
): DurationReading {
  const serving = exposures.filter(({ n }) => n > 0);
  return {
    n: serving.reduce((sum, { n }) => sum + n, 0),
    p50: histogramQuantile(total, 0.5),
    p95: histogramQuantile(total, 0.95),
    instances: serving.length,
  };
}

/**
 * What the evidence says. `late` holds the rows that came after their windows were sealed, as one extra tile.
 *
 * Harm, exponential buckets: multi-bin evidence after moving the canary to the faster side by the tolerance and by what
 * instances differ (Student t quantile at a quarter of alpha), less ln(4/3) for that quarter. Harm, explicit bounds: mean
 * over usable bounds of random-effects evidence, in which a slow-down changes the share above a bound as the frozen
 * baseline says (lognormal inside a bucket). Safe: per quantile, the canary's share above margin times the frozen
 * quantile against the baseline's above the quantile (explicit: at the nearest bound). Intervals and effects are slow-downs
 * that explain the share above the frozen quantile, read through the frozen curve.
 */
export function concludeDuration(
  evidence: DurationEvidence,
  late: DurationTile | null,
  plan: DurationPlan,
): DurationConclusion {
  const all = late === null ? evidence : foldDuration(evidence, late);
  const spread = instanceSpread(
    all.canary.map(({ n }) => n),
    all.baseline.map(({ n }) => n),
  );
  const question: Question = {
    evidence: all,
    frame: frameFor(all),
    plan,
    rung: rungFor(spread),
    tau: roundedUp(plan.tau0 * spread),
    row: rowsOnce(all.shares),
  };
  const { margin, smallest, provable } = marginOf(question);
  const perQuantile = plan.quantiles.map((_, i) => quantileConclusion(question, i, margin));
  const worst = perQuantile.reduce<QuantileConclusion | null>(
    (top, next) => ((next.effect ?? 0) > (top?.effect ?? -1) ? next : top),
    null,
  );
  const canary = reading(all.canary, all.canaryTotal);
  const baseline = reading(all.baseline, all.baselineTotal);
  const arms = `${canary.instances} canary ${canary.instances === 1 ? "instance" : "instances"} against ${baseline.instances}`;
  return {
    logHarm: harmOf(question),
    logSafe: plan.guarded ? Math.min(...perQuantile.map(({ logSafe }) => logSafe ?? 0)) : null,
    perQuantile,
    effect: worst?.effect ?? null,
    interval: worst?.interval ?? null,
    marginUsed: margin,
    marginWhy:
      margin > plan.margin ? `${arms} cannot exclude less than ${smallest.toPrecision(3)}x slower` : null,
    provable,
    smallestProvableRatio: smallest,
    tauE: question.tau,
    canary,
    baseline,
    unit: all.frozen.unit,
    tilesUsed: all.tilesUsed,
    layout: all.frozen.layout,
    deadlineP: plan.deadline === true ? deadlineOf(question) : null,
  };
}
