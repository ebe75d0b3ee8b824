import { logLateOnset, looksWorseLately, rareShareFactors } from "#analyzers/stats/late-onset.ts";
import { logBelowLimit } from "#analyzers/stats/known-limit.ts";
import { logAddExp } from "#analyzers/stats/log-sum-exp.ts";
import { logRatioOf, type PriorPair, type RelativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { gridOfRatios } from "#analyzers/stats/ratio-sequence.ts";
import { lateReach, logSinceAnyTile } from "./late-alpha.ts";
import type { ShareEvidence } from "./share-evidence.ts";
import { alphaUsed, type SharePlan } from "./share-plan.ts";

/** What both directions are read from. */
export interface ShareQuestion {
  readonly all: ShareEvidence;
  /** Over the dispersion. */
  readonly likelihood: RelativeLikelihood;
  readonly plan: SharePlan;
  readonly tauE: number;
}

/** The grid of log rate ratios on which shares are judged. */
export const shareRatios = gridOfRatios(ratioGrid, harmSteps);

/** Null and harm prior of the test for harm over the whole run. */
export function harmPriors(plan: SharePlan, tauE: number): PriorPair {
  return shareRatios.priors({
    centre: Math.log(plan.tolerance),
    tau: tauE,
    degrees: plan.tauDegrees,
    sign: 1,
    tailShare: alphaUsed(plan) / 4,
  });
}

/**
 * ln of the evidence for harm: over the whole run against a null in which instances differ, and since any tile against the
 * ratio that instances explain but for the alpha kept for that; so a harm that begins late is found as fast as after a short
 * run.
 */
export function logHarmOf({ all, likelihood, plan, tauE }: ShareQuestion): number {
  const wholeRun = logRatioOf(likelihood, harmPriors(plan, tauE));
  const limit = plan.tolerance * Math.exp(tauE * lateReach(alphaUsed(plan), plan.tauDegrees));
  const sinceAnyTile = logLateOnset(all.recent, { limit, phi: plan.phi, beyond: rareShareFactors });
  return logAddExp(wholeRun, logSinceAnyTile + sinceAnyTile);
}

/** ln of an e-value of 10: so much for a worse stretch is reason to wait with promotion. */
const suspicion = Math.log(10);

/**
 * ln of the e-value for safety: the ratio is below the margin, or the canary's share below the ceiling. At most 0 while the
 * newest stretch looks worse than both.
 */
export function logSafeOf({ all, likelihood, plan, tauE }: ShareQuestion, margin: number): number {
  const { ceiling, phi } = plan;
  const priors = shareRatios.priors({
    centre: Math.log(margin),
    tau: tauE,
    degrees: plan.tauDegrees,
    sign: -1,
    tailShare: plan.beta / 4,
  });
  const relative = logRatioOf(likelihood, priors);
  const logSafe =
    ceiling === null
      ? relative
      : logAddExp(relative, logBelowLimit(all.canaryN / phi, all.canaryX / phi, ceiling)) - Math.LN2;
  if (logSafe <= 0) return logSafe;
  return looksWorseLately(all.recent, { limit: margin, phi, beyond: rareShareFactors, ceiling, suspicion })
    ? 0
    : logSafe;
}
