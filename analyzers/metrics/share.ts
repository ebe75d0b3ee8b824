import { deadlineChance } from "#analyzers/stats/deadline-chance.ts";
import { instanceSpread, roundedUp } from "#analyzers/stats/effective-instances.ts";
import { likelihoodPeak } from "#analyzers/stats/likelihood-peak.ts";
import { logBelowLimit } from "#analyzers/stats/known-limit.ts";
import { logAddExp } from "#analyzers/stats/log-sum-exp.ts";
import { logRatioOfMarginals, type PriorPair, type RandomEffects } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood, type RateBucket } from "#analyzers/stats/rate-likelihood.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { ratioSequence, rememberedPriors } from "#analyzers/stats/ratio-sequence.ts";
import { provableLogMargin } from "#analyzers/stats/widened-margin.ts";

/** What one instance served and how much of it was bad, in one tile. */
export interface ShareCount {
  readonly instanceId: number;
  readonly n: number;
  readonly x: number;
}

/** One bucket of time: both arms over the same windows. */
export interface ShareTile {
  readonly canary: readonly ShareCount[];
  readonly baseline: readonly ShareCount[];
}

/** All that is kept of the tiles so far: plain numbers, additive, the same in any order of tiles. */
export interface ShareEvidence {
  /** Log-likelihood of the log rate ratio on `ratioGrid`. */
  readonly likelihood: readonly number[];
  /** Totals by instance over the tiles that carried evidence, ascending by id. */
  readonly canary: readonly ShareCount[];
  readonly baseline: readonly ShareCount[];
  /** Totals of the canary over all tiles, for the known limit. */
  readonly canaryN: number;
  readonly canaryX: number;
  readonly tilesUsed: number;
  /** Tiles in which one arm had no exposure. */
  readonly tilesSkipped: number;
}

/** How one share is judged. Ratios are canary / baseline. */
export interface SharePlan {
  /** Error rate of the whole analysis for false rollback. */
  readonly alpha: number;
  /** Error rate for false promotion. */
  readonly beta: number;
  /** Weight of this signal in the mean of all, fixed at the start. */
  readonly weight: number;
  /** alpha multiplier of the attempt: 2^(1 - attempt). */
  readonly attemptFactor: number;
  /** Ratio that is not yet harm. */
  readonly tolerance: number;
  /** Ratio that promotion must exclude, unless the instances cannot resolve it. */
  readonly margin: number;
  /** Widest margin allowed. */
  readonly atMost: number;
  /** Share below which the canary is good enough whatever the ratio; null = none. */
  readonly ceiling: number | null;
  /** Relative spread of the share between healthy instances, and the degrees of freedom behind it. */
  readonly tau0: number;
  readonly tauDegrees: number;
  /** Dispersion of bursts: divides the evidence. */
  readonly phi: number;
  readonly guarded: boolean;
}

/** Totals of one arm. */
export interface ShareReading {
  readonly n: number;
  readonly x: number;
  readonly instances: number;
}

/** What the tiles so far say. `logHarm` and `logSafe` are natural logs of e-values. */
export interface ShareConclusion {
  readonly logHarm: number;
  /** Null where the signal is not guarded. */
  readonly logSafe: number | null;
  /** Most likely ratio; null without a baseline error. */
  readonly effect: number | null;
  /** Anytime-valid interval at 1 - alpha for the ratio; 0 and e^5 mean "or beyond"; null while nothing is excluded. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly marginUsed: number;
  readonly marginWhy: string | null;
  /** False where even `atMost` is narrower than what these instances can prove (a ceiling may still prove it). */
  readonly provable: boolean;
  readonly smallestProvableRatio: number;
  readonly tauE: number;
  readonly canary: ShareReading;
  readonly baseline: ShareReading;
  readonly tilesUsed: number;
  /** Upper bound on the chance of as many canary errors at the tolerance, given the total; null without errors. */
  readonly deadlineP: number | null;
}

/** The part of alpha that goes to evidence looked at all the time; the rest is kept for the deadline and hard guards. */
export const sequentialPart = 0.65;

const ratioTable = { logRatios: ratioGrid, ratios: ratioGrid.map((u) => Math.exp(u)) };

export function emptyShare(): ShareEvidence {
  return {
    likelihood: ratioGrid.map(() => 0),
    canary: [],
    baseline: [],
    canaryN: 0,
    canaryX: 0,
    tilesUsed: 0,
    tilesSkipped: 0,
  };
}

function totals(counts: readonly ShareCount[]): { n: number; x: number } {
  let n = 0;
  let x = 0;
  for (const count of counts) {
    n += count.n;
    x += count.x;
  }
  return { n, x };
}

/** Adds counts by instance; the result ascends by id. */
function addCounts(known: readonly ShareCount[], added: readonly ShareCount[]): readonly ShareCount[] {
  const sums = new Map<number, ShareCount>();
  for (const count of known) sums.set(count.instanceId, count);
  for (const { instanceId, n, x } of added) {
    const sum = sums.get(instanceId);
    sums.set(instanceId, { instanceId, n: n + (sum?.n ?? 0), x: x + (sum?.x ?? 0) });
  }
  return [...sums.values()].sort((a, b) => a.instanceId - b.instanceId);
}

/**
 * Adds one tile. Tiles may come in any order. A tile in which one arm has no exposure carries no evidence on the ratio;
 * its canary part still counts towards the known limit.
 */
export function foldShare(evidence: ShareEvidence, tile: ShareTile): ShareEvidence {
  const canary = totals(tile.canary);
  const baseline = totals(tile.baseline);
  const canaryN = evidence.canaryN + canary.n;
  const canaryX = evidence.canaryX + canary.x;
  if (canary.n <= 0 || baseline.n <= 0)
    return { ...evidence, canaryN, canaryX, tilesSkipped: evidence.tilesSkipped + 1 };
  const bucket: RateBucket = {
    canaryN: canary.n,
    canaryX: canary.x,
    baselineN: baseline.n,
    baselineX: baseline.x,
  };
  let likelihood = evidence.likelihood;
  if (canary.x + baseline.x > 0) {
    const sum = likelihood.slice();
    addRateLikelihood(sum, ratioTable, bucket);
    likelihood = sum;
  }
  return {
    likelihood,
    canary: addCounts(evidence.canary, tile.canary),
    baseline: addCounts(evidence.baseline, tile.baseline),
    canaryN,
    canaryX,
    tilesUsed: evidence.tilesUsed + 1,
    tilesSkipped: evidence.tilesSkipped,
  };
}

function exposures(counts: readonly ShareCount[]): readonly number[] {
  return counts.map((count) => count.n);
}

function reading(counts: readonly ShareCount[]): ShareReading {
  return { ...totals(counts), instances: counts.filter((count) => count.n > 0).length };
}

interface Margin {
  readonly used: number;
  readonly why: string | null;
  readonly provable: boolean;
  readonly smallest: number;
}

function marginFor(plan: SharePlan, tauE: number, canary: ShareReading, baseline: ShareReading): Margin {
  const needed = (plan.ceiling === null ? 1 : 2) / plan.beta;
  const smallest = Math.exp(
    provableLogMargin({
      tau: tauE,
      degrees: plan.tauDegrees,
      tailShare: plan.beta / 4,
      needed,
      steps: harmSteps,
    }),
  );
  const used = Math.min(Math.max(plan.margin, smallest), Math.max(plan.margin, plan.atMost));
  const arms = `${canary.instances} canary ${canary.instances === 1 ? "instance" : "instances"} against ${baseline.instances}`;
  return {
    used,
    why: used > plan.margin ? `${arms} cannot exclude less than ${smallest.toPrecision(3)}x` : null,
    provable: smallest <= Math.max(plan.margin, plan.atMost),
    smallest,
  };
}

function harmPriors(plan: SharePlan, tauE: number): PriorPair {
  const effects: RandomEffects = {
    centre: Math.log(plan.tolerance),
    tau: tauE,
    degrees: plan.tauDegrees,
    sign: 1,
    tailShare: (sequentialPart * plan.alpha * plan.attemptFactor * plan.weight) / 4,
    steps: harmSteps,
    edge: "split",
  };
  return rememberedPriors("share", ratioGrid, effects);
}

function safePriors(plan: SharePlan, tauE: number, marginUsed: number): PriorPair {
  const effects: RandomEffects = {
    centre: Math.log(marginUsed),
    tau: tauE,
    degrees: plan.tauDegrees,
    sign: -1,
    tailShare: plan.beta / 4,
    steps: harmSteps,
    edge: "split",
  };
  return rememberedPriors("share", ratioGrid, effects);
}

function effectOf(likelihood: readonly number[], canaryX: number, baselineX: number): number | null {
  if (baselineX === 0) return null;
  return canaryX === 0 ? 0 : Math.exp(likelihoodPeak(likelihood, ratioGrid));
}

function intervalOf(
  likelihood: readonly number[],
  tauE: number,
  plan: SharePlan,
): ShareConclusion["interval"] {
  const bounds = ratioSequence("share", likelihood, ratioGrid, {
    tau: tauE,
    degrees: plan.tauDegrees,
    alpha: plan.alpha,
    steps: harmSteps,
  });
  if (bounds === null) return null;
  const [low, high] = bounds;
  return [low === ratioGrid[0] ? 0 : Math.exp(low), Math.exp(high)];
}

/**
 * What the evidence says under a plan. `late` holds the rows that came after their windows were sealed, both arms as one
 * extra bucket. Harm and safety are ratios of marginals whose null lets instances differ (Student t, tau0 with tauDegrees,
 * shrunk by the effective instance numbers), so endless traffic on few instances proves nothing that the instances
 * could explain. Instance shares are taken as given: they are exposures, not outcomes.
 */
export function concludeShare(
  evidence: ShareEvidence,
  late: ShareTile | null,
  plan: SharePlan,
): ShareConclusion {
  const all = late === null ? evidence : foldShare(evidence, late);
  const canary = reading(all.canary);
  const baseline = reading(all.baseline);
  const tauE = roundedUp(plan.tau0 * instanceSpread(exposures(all.canary), exposures(all.baseline)));
  const likelihood = plan.phi === 1 ? all.likelihood : all.likelihood.map((value) => value / plan.phi);
  const harm = harmPriors(plan, tauE);
  const margin = marginFor(plan, tauE, canary, baseline);
  const errors = canary.x + baseline.x;
  let logSafe: number | null = null;
  if (plan.guarded) {
    logSafe = errors === 0 ? 0 : logRatioOfMarginals(likelihood, safePriors(plan, tauE, margin.used));
    if (plan.ceiling !== null)
      logSafe =
        logAddExp(logSafe, logBelowLimit(all.canaryN / plan.phi, all.canaryX / plan.phi, plan.ceiling)) -
        Math.LN2;
  }
  return {
    logHarm: errors === 0 ? 0 : logRatioOfMarginals(likelihood, harm),
    logSafe,
    effect: effectOf(likelihood, canary.x, baseline.x),
    interval: errors === 0 ? null : intervalOf(likelihood, tauE, plan),
    marginUsed: margin.used,
    marginWhy: margin.why,
    provable: margin.provable,
    smallestProvableRatio: margin.smallest,
    tauE,
    canary,
    baseline,
    tilesUsed: all.tilesUsed,
    deadlineP:
      errors === 0
        ? null
        : deadlineChance(likelihood, ratioGrid, harm.logNull, {
            x: canary.x / plan.phi,
            k: errors / plan.phi,
          }),
  };
}
