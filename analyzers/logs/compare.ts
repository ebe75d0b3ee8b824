import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";

/** How often something was logged on both sides. */
export interface SideCounts {
  readonly baseline: number;
  readonly canary: number;
}

/** What became of it in the canary; `same`: nothing that the counts show. */
export type Change = "new" | "gone" | "more" | "less" | "same";

export interface Compared {
  readonly change: Change;
  /** Rate in the canary to rate in the baseline, by lines; null where one of them is 0. */
  readonly ratio: number | null;
  /** ln of the e-value for the change, 0 where there is none to show. */
  readonly logEvidence: number;
  /** True when the evidence stands against all that were compared together. */
  readonly isShown: boolean;
}

/** Chance of a wrong one among the changes that are shown. */
const falseShare = 0.05;
/** Counts of log lines vary more than independent ones: their variance is at least about three times the mean from minute to minute. */
const dispersion = 3;
const ratios = [1.5, 2, 4, 8, 16, 64, 256];

/** ln of the mean of the e-values for each ratio: that the first side logs more than the second, by its share of all lines. */
function logMore(counts: SideCounts, lines: SideCounts): number {
  const bucket = {
    canaryN: lines.canary / dispersion,
    canaryX: counts.canary / dispersion,
    baselineN: lines.baseline / dispersion,
    baselineX: counts.baseline / dispersion,
  };
  const each = ratios.map((theta) => rateLogIncrement(bucket, { theta, theta0: 1, slack: 0 }));
  return logSumExp(each) - Math.log(ratios.length);
}

const swapped = ({ baseline, canary }: SideCounts): SideCounts => ({ baseline: canary, canary: baseline });

/** The smallest ln e-value that stands among `logs`: Benjamini-Hochberg for e-values (Wang and Ramdas 2022), valid for any dependence. */
function threshold(logs: readonly number[]): number {
  const sorted = [...logs].sort((a, b) => b - a);
  for (let k = sorted.length; k > 0; k -= 1) {
    const need = Math.log(sorted.length / (k * falseShare));
    if ((sorted[k - 1] ?? -Infinity) >= need) return need;
  }
  return Infinity;
}

function changeOf({ baseline, canary }: SideCounts, ratio: number | null): Change {
  if (baseline === 0) return canary === 0 ? "same" : "new";
  if (canary === 0) return "gone";
  return ratio === null || ratio === 1 ? "same" : ratio > 1 ? "more" : "less";
}

/**
 * Compares counts of both sides, each against all lines of its side: by exposure, never by time, so that a longer file is no
 * finding. E1 of counts over the dispersion, both directions; several at once are held to one share of false ones.
 */
export function compareCounts(counts: readonly SideCounts[], lines: SideCounts): readonly Compared[] {
  const rough = counts.map((each) => {
    const ratio =
      each.baseline === 0 || each.canary === 0 || lines.canary === 0
        ? null
        : (each.canary / lines.canary) * (lines.baseline / each.baseline);
    const change = changeOf(each, ratio);
    const isUp = change === "new" || change === "more";
    const logEvidence =
      change === "same" ? 0 : isUp ? logMore(each, lines) : logMore(swapped(each), swapped(lines));
    return { change, ratio, logEvidence };
  });
  const least = threshold(rough.map(({ logEvidence }) => logEvidence));
  return rough.map((each) => ({ ...each, isShown: each.change !== "same" && each.logEvidence >= least }));
}
