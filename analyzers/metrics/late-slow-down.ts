import { logLateOnset, onsetFactors } from "#analyzers/stats/late-onset.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { speedGrid, speedStep } from "#analyzers/stats/speed-grid.ts";
import type { DurationEvidence, DurationPlan } from "./duration-plan.ts";
import { alphaUsed, type DurationFrame, type ShareRow } from "./frame-parts.ts";
import { lateReach } from "./late-alpha.ts";

/** Shares above a quantile have a ceiling of 1, so the ratios beyond the limit are smaller than those of errors. */
const factors = onsetFactors([1.06, 1.15, 1.3, 1.6, 2.4, 6]);

/** Ratio of the shares above a row's edge at a slow-down, at the next step of the grid up. */
function ratioAt({ ratios }: ShareRow, logSlowDown: number): number {
  const at = Math.ceil((logSlowDown - (speedGrid[0] ?? 0)) / speedStep - 1e-9);
  return Math.max(1, ratios[Math.min(ratios.length - 1, Math.max(0, at))] ?? 1);
}

/**
 * ln of the e-value against "no slower than the tolerance and what instances explain, at every time" for a slow-down that began
 * at an unknown tile: the mean over the quantiles of evidence on the share of requests above each. As for shares, the
 * price for instances is paid once for all tiles (`lateReach`). A slow-down changes a share as the frozen baseline says.
 */
export function logLateSlowDown(given: {
  readonly evidence: DurationEvidence;
  readonly frame: DurationFrame;
  readonly plan: DurationPlan;
  /** Spread of ln speed between equal deployments with these instances. */
  readonly tau: number;
}): number {
  const { evidence, frame, plan, tau } = given;
  const reach = Math.log(plan.tolerance) + tau * lateReach(alphaUsed(plan), plan.tauDegrees);
  const byQuantile = frame.plainRow.map((index, quantile) => {
    const row = frame.rows[index];
    if (row === undefined) return 0;
    return logLateOnset(evidence.recent[quantile] ?? [], {
      limit: ratioAt(row, reach),
      phi: 1,
      beyond: factors,
    });
  });
  return logSumExp(byQuantile) - Math.log(byQuantile.length);
}
