import { deadlineChance } from "#analyzers/stats/deadline-chance.ts";
import { instanceSpread, roundedUp } from "#analyzers/stats/effective-instances.ts";
import { logAboveLimit } from "#analyzers/stats/known-limit.ts";
import { likelihoodPeak } from "#analyzers/stats/likelihood-peak.ts";
import { relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { ratioSequence } from "#analyzers/stats/ratio-sequence.ts";
import { provableLogMargin } from "#analyzers/stats/widened-margin.ts";
import { foldShare, totals, type ShareCount, type ShareEvidence, type ShareTile } from "./share-evidence.ts";
import { harmPriors, logHarmOf, logSafeOf, shareRatios, type ShareQuestion } from "./share-harm.ts";
import type { ShareConclusion, SharePlan, ShareReading } from "./share-plan.ts";

export { emptyShare, foldShare } from "./share-evidence.ts";
export type { ShareCount, ShareEvidence, ShareTile } from "./share-evidence.ts";
export { limitPart, sequentialPart } from "./share-plan.ts";
export type { ShareConclusion, SharePlan, ShareReading } from "./share-plan.ts";

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

function exposures(counts: readonly ShareCount[]): readonly number[] {
  return counts.map((count) => count.n);
}

function reading(counts: readonly ShareCount[]): ShareReading {
  return { ...totals(counts), instances: counts.filter((count) => count.n > 0).length };
}

function effectOf(likelihood: readonly number[], canaryX: number, baselineX: number): number | null {
  if (baselineX === 0) return null;
  return canaryX === 0 ? 0 : Math.exp(likelihoodPeak(likelihood, ratioGrid));
}

function intervalOf({ likelihood, tauE, plan }: ShareQuestion): ShareConclusion["interval"] {
  const { tauDegrees: degrees, alpha } = plan;
  const bounds = ratioSequence(likelihood, shareRatios, { tau: tauE, degrees, alpha });
  if (bounds === null) return null;
  const [low, high] = bounds;
  return [low === ratioGrid[0] ? 0 : Math.exp(low), Math.exp(high)];
}

function overLimitOf(
  { canaryN: n, canaryX: x }: ShareEvidence,
  plan: SharePlan,
): ShareConclusion["overLimit"] {
  const { limit, phi } = plan;
  return limit === null ? null : { n, x, logE: logAboveLimit(n / phi, x / phi, limit) };
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
  const { phi } = plan;
  const logs = phi === 1 ? all.likelihood : all.likelihood.map((value) => value / phi);
  const question: ShareQuestion = { all, likelihood: relativeLikelihood(logs), plan, tauE };
  const margin = marginFor(plan, tauE, canary, baseline);
  const errors = canary.x + baseline.x;
  const seen = errors > 0;
  return {
    logHarm: seen ? logHarmOf(question) : 0,
    logSafe: plan.guarded ? logSafeOf(question, margin.used) : null,
    overLimit: overLimitOf(all, plan),
    effect: effectOf(logs, canary.x, baseline.x),
    interval: seen ? intervalOf(question) : null,
    marginUsed: margin.used,
    marginWhy: margin.why,
    provable: margin.provable,
    smallestProvableRatio: margin.smallest,
    tauE,
    canary,
    baseline,
    tilesUsed: all.tilesUsed,
    deadlineP:
      seen && plan.deadline === true
        ? deadlineChance(logs, ratioGrid, harmPriors(plan, tauE).logNull, {
            x: canary.x / phi,
            k: errors / phi,
          })
        : null,
  };
}
