import { err, type Result } from "#model/result.ts";
import type { MultiBinTable } from "#analyzers/stats/multi-bin.ts";
import { speedGrid, speedSteps } from "#analyzers/stats/speed-grid.ts";
import type { SurvivalCurve } from "#analyzers/stats/survival-curve.ts";
import { provableLogMargin } from "#analyzers/stats/widened-margin.ts";
import type { DurationPlan, DurationRefusal } from "./duration-plan.ts";

/** The part of alpha that goes to evidence looked at all the time. */
const sequentialPart = 0.65;

/** alpha at which this signal alone would have to be shown worse. */
export function alphaUsed(plan: DurationPlan): number {
  return sequentialPart * plan.alpha * plan.attemptFactor * plan.weight;
}

/** Requests above an edge of each arm, and the ratio of their shares at every slow-down of the grid. */
export interface ShareRow {
  /** Requests in bins from this one on are above. */
  readonly canaryFrom: number;
  readonly baselineFrom: number;
  /** The baseline's edge, in the unit of the histogram. */
  readonly at: number;
  /** canary edge / baseline edge. */
  readonly factor: number;
  readonly ratios: readonly number[];
  readonly logRatios: readonly number[];
}

interface MarginRung {
  readonly margin: number;
  readonly smallest: number;
  readonly provable: boolean;
}

/** The widened margin of one instance spread (decision 17). */
export function marginAt(plan: DurationPlan, spread: number): MarginRung {
  const smallest = Math.exp(
    provableLogMargin({
      tau: plan.tau0 * spread,
      degrees: plan.tauDegrees,
      tailShare: plan.beta / 4,
      needed: 1 / plan.beta,
      steps: speedSteps,
    }),
  );
  const widest = Math.max(plan.margin, plan.atMost);
  return {
    margin: Math.min(widest, Math.max(plan.margin, smallest)),
    smallest,
    provable: smallest <= widest,
  };
}

/** What is derived from the frozen histogram and the plan. */
export type DurationFrame = ExponentialFrame | ExplicitFrame;

export interface ExponentialFrame {
  readonly layout: "exponential";
  readonly scale: number;
  /** Index of the first fine bin. */
  readonly first: number;
  readonly bins: number;
  /** First fine bin of each super-bin but the lowest. */
  readonly cuts: Uint16Array;
  /** Shift of the canary in fine bins, one a rung of the ladder. */
  readonly shifts: readonly number[];
  readonly alternatives: MultiBinTable;
  readonly logWeights: readonly number[];
  readonly rows: readonly ShareRow[];
  /** Row without margin, one a quantile. */
  readonly plainRow: readonly number[];
  /** Row and margin used, by quantile and rung; empty where not guarded. */
  readonly marginRow: readonly (readonly { readonly row: number; readonly margin: number }[])[];
}

export interface ExplicitFrame {
  readonly layout: "explicit";
  readonly bins: number;
  /** Usable bounds. */
  readonly rows: readonly ShareRow[];
  /** Row of the bound nearest to each quantile. */
  readonly plainRow: readonly number[];
}

/** A row, with the ratio of the canary's share above its edge to the baseline's above its own at every slow-down of the grid. */
export function shareRow(curve: SurvivalCurve, edges: Omit<ShareRow, "ratios" | "logRatios">): ShareRow {
  const reference = curve.above(edges.at);
  const ratios = speedGrid.map(
    (s) => Math.max(curve.above((edges.at * edges.factor) / Math.exp(s)), leastShare) / reference,
  );
  return { ...edges, ratios, logRatios: ratios.map(Math.log) };
}

/** Shares of the frozen curve below this count as this: a ratio must have a logarithm. */
const leastShare = 1e-12;

export function tooCoarse(message: string): Result<never, DurationRefusal> {
  return err({ tag: "tooCoarse", message });
}
