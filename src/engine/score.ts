import type { Finding } from "#model/finding.ts";
import type { VerdictWord } from "#model/verdict.ts";

/** A score that says nothing either way. */
export const scoreOfNothing = 50;
/** A rollback scores at most, and a promotion at least, this. */
const rollbackAtMost = 20;
const promoteAtLeast = 80;

/** How far evidence got towards what decides: 0 = none, 1 = there. */
function progress(logE: number | null, needed: number | null): number {
  if (logE === null || needed === null || needed <= 0) return 0;
  return Math.min(1, Math.max(0, logE) / needed);
}

/** Score of one signal: 0 = harm shown, 50 = nothing known, 100 = proven good enough. */
function signalScore({ evidence }: Finding): number {
  const { harm, harmNeeded, safe, safeNeeded } = evidence;
  return scoreOfNothing + 50 * progress(safe, safeNeeded) - 50 * progress(harm, harmNeeded);
}

/**
 * 0 to 100 for people who want one number: the mean of all weighed signals, by kind and then by the weight of each kind.
 * It never decides anything. Null while no signal is weighed. Source: the project's own definition; 50 is "no information".
 */
export function scoreOf(findings: readonly Finding[], word: VerdictWord): number | null {
  const weighed = findings.filter(({ weight }) => weight > 0);
  const total = weighed.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return null;
  const mean = weighed.reduce((sum, one) => sum + one.weight * signalScore(one), 0) / total;
  if (word === "rollback") return Math.round(Math.min(rollbackAtMost, mean));
  return Math.round(word === "promote" ? Math.max(promoteAtLeast, mean) : mean);
}
