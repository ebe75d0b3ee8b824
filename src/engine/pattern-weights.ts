import { otherTemplate } from "#analyzers/logs/miner.ts";
import { knownFailure } from "#analyzers/logs/signatures/catalogue.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import type { PatternClass } from "./pattern-state.ts";
import { groupWeight } from "./weights.ts";

/** OTLP severity numbers from which a record is a warning, an error, fatal. */
export const severityFrom = { warning: 13, error: 17, fatal: 21 } as const;

/** Parts of the patterns' weight: by class, and by whether the baseline showed the pattern before the canary came. */
const classShare: Readonly<Record<PatternClass, number>> = { failure: 0.6, error: 0.3, other: 0.1 };
const seenShare = { unseen: 0.8, seen: 0.2 } as const;

/** Patterns of one class that are judged, for those that the baseline showed before and for those that it did not; the rest are counted. */
export const patternsPerClass = 24;

/** Patterns that share one sequence of weights. */
export type PatternFamily = `${PatternClass} ${keyof typeof seenShare}`;

/** Severities of the known failures among some ids; a rule of a user counts as high. */
function failureSeverities(signatures: readonly string[]): readonly string[] {
  return signatures.map((id) => knownFailure(id)?.severity ?? "high");
}

export function patternClass(pattern: LogPattern): PatternClass {
  const failures = failureSeverities(pattern.signatures);
  if (pattern.severity >= severityFrom.fatal || pattern.exception !== null) return "failure";
  if (failures.some((severity) => severity === "critical" || severity === "high")) return "failure";
  return pattern.severity >= severityFrom.error ? "error" : "other";
}

/** Lines of all forms past a limit of the ingestion together: no pattern, so nothing that could be new. */
export function isOverflow({ template }: LogPattern): boolean {
  return template.startsWith(otherTemplate);
}

/** Warnings and worse, and known failures at any level, are judged; what a service says otherwise is not. */
export function isJudged(pattern: LogPattern): boolean {
  return !isOverflow(pattern) && (pattern.severity >= severityFrom.warning || pattern.signatures.length > 0);
}

/** FATAL records and critical failures: no start of a healthy instance shows them. */
export function countsFromStart(pattern: LogPattern): boolean {
  return pattern.severity >= severityFrom.fatal || failureSeverities(pattern.signatures).includes("critical");
}

export function patternFamily(kind: PatternClass, seenBefore: boolean): PatternFamily {
  return `${kind} ${seenBefore ? "seen" : "unseen"}`;
}

/**
 * Weight of the k-th pattern (from 1) of its family: 1/(k(k+1)) of the family's share, which sums to it however many come.
 * k counts patterns in the order of their first window in either arm, then of id. That order does not look at the arm, so
 * given how much each tile showed of each pattern in both arms together the weights are constants and the weighted mean
 * stays an e-process. Were only the canary's first sights counted, the hit that makes a pattern known would be paid twice: a
 * rare pattern that shows first in the canary would start with its first e-value already won.
 */
export function patternWeight(kind: PatternClass, seenBefore: boolean, k: number): number {
  const share = groupWeight.patterns * classShare[kind] * seenShare[seenBefore ? "seen" : "unseen"];
  return share / (k * (k + 1));
}
