import { histogramCount, type ExplicitHistogram } from "#model/merge-histogram.ts";
import { ok, type Result } from "#model/result.ts";
import { survivalCurve } from "#analyzers/stats/survival-curve.ts";
import type { DurationPlan, DurationRefusal } from "./duration-plan.ts";
import { shareRow, tooCoarse, type ExplicitFrame } from "./frame-parts.ts";

/** Shares above a bound between which it says something about speed. */
const usableAbove = { least: 0.001, most: 0.9 };

/** The usable bounds of an explicit histogram as rows. */
export function explicitFrame(
  frozen: ExplicitHistogram,
  plan: DurationPlan,
): Result<ExplicitFrame, DurationRefusal> {
  const total = histogramCount(frozen);
  let below = 0;
  const points = frozen.bounds.map((x, i) => {
    below += frozen.counts[i] ?? 0;
    return { x, above: (total - below + 0.5) / (total + 1), bin: i + 1 };
  });
  const curve = survivalCurve(points);
  const usable = points.filter(
    ({ x, above }) => x > 0 && above >= usableAbove.least && above <= usableAbove.most,
  );
  const bounds = frozen.bounds.join(", ");
  if (curve === null || usable.length === 0)
    return tooCoarse(
      `no bound of [${bounds}] splits the baseline's requests (between 0.1 % and 90 % above it); add bounds around the usual duration, or send exponential histograms`,
    );
  const rows = usable.map(({ x, bin }) =>
    shareRow(curve, { canaryFrom: bin, baselineFrom: bin, at: x, factor: 1 }),
  );
  const plainRow = plan.quantiles.map((q) => {
    let best = 0;
    let nearest = Infinity;
    usable.forEach(({ above }, i) => {
      const distance = Math.abs(logit(above) - logit(1 - q));
      if (distance < nearest) {
        nearest = distance;
        best = i;
      }
    });
    return best;
  });
  return ok({ layout: "explicit", bins: frozen.counts.length, rows, plainRow });
}

function logit(share: number): number {
  return Math.log(share / (1 - share));
}
