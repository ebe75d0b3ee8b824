import { logLateOnset, looksWorseLately } from "#analyzers/stats/late-onset.ts";
import { logBelowLimit } from "#analyzers/stats/known-limit.ts";
import { logAddExp } from "#analyzers/stats/log-sum-exp.ts";
import { memo } from "#analyzers/stats/memo.ts";
import { logRatioOf, type PriorPair, type RelativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { harmSteps, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { gridOfRatios } from "#analyzers/stats/ratio-sequence.ts";
import { studentUpperQuantile } from "#analyzers/stats/student-t.ts";
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
 * Alpha of a late harm, in parts of what the whole run may spend: for evidence since any tile, and for instances that differ
 * by more than that evidence allows. It comes out of the tenth of alpha that no hard guard uses: 0.65 * 1.15 and the 0.25 of
 * the deadline stay below 1, so a harm from the start is found as fast as without it.
 */
const lateParts = { sinceAnyTile: 0.03, instances: 0.12 };
const logSinceAnyTile = Math.log(lateParts.sinceAnyTile);

const unluckyKept = memo<number>(256);

/** How many spreads above the centre a share `tail` of healthy deployments lies. */
function unluckyInstances(tail: number, degrees: number): number {
  return unluckyKept([tail, degrees], () => studentUpperQuantile(tail, degrees));
}

/**
 * ln of the evidence for harm: over the whole run against a null in which instances differ, and since any tile against the
 * ratio that instances explain but for `lateParts.instances` of alpha. That price is paid once for all tiles, because the
 * instances stay the same; so a harm that begins late is found as fast as after a short run.
 */
export function logHarmOf({ all, likelihood, plan, tauE }: ShareQuestion): number {
  const wholeRun = logRatioOf(likelihood, harmPriors(plan, tauE));
  const reach = unluckyInstances(alphaUsed(plan) * lateParts.instances, plan.tauDegrees);
  const limit = plan.tolerance * Math.exp(tauE * reach);
  const sinceAnyTile = logLateOnset(all.recent, { limit, phi: plan.phi });
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
  return looksWorseLately(all.recent, { limit: margin, phi, ceiling, suspicion }) ? 0 : logSafe;
}
