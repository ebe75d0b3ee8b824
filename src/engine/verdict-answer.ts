import type { Analysis } from "#model/analysis.ts";
import { formatInstant, type Instant } from "#model/time.ts";
import type { VerdictAnswer, VerdictQuery } from "./asking.ts";
import { sameService } from "./resolve-arm.ts";

/** Longest reason in a verdict answer, in characters: rollout tools show it in one line. */
export const reasonLength = 300;

/** The analysis that a query means: an open one before an ended one, the newest first. */
export function analysisFor(
  query: VerdictQuery,
  analyses: readonly Analysis[],
  names: (analysis: Analysis) => { readonly canary: readonly string[]; readonly baseline: readonly string[] },
): Analysis | null {
  const found = analyses.filter((analysis) => {
    const aliases = names(analysis);
    return (
      sameService(query.service, analysis.service) &&
      (query.environment === null || query.environment === analysis.environment) &&
      (query.canary === null || aliases.canary.includes(query.canary)) &&
      (query.baseline === null || aliases.baseline.includes(query.baseline))
    );
  });
  const ended = (analysis: Analysis): number => Number(analysis.phase.phase === "ended");
  return [...found].sort((a, b) => ended(a) - ended(b) || b.opened - a.opened)[0] ?? null;
}

/** The small answer for rollout tools. Unknown is "continue" with its reason: never a pass, never an end. */
export function verdictAnswer(query: VerdictQuery, analysis: Analysis | null, now: Instant): VerdictAnswer {
  if (analysis === null) {
    const canary = query.canary === null ? "" : ` with canary ${query.canary}`;
    return {
      verdict: "continue",
      terminal: false,
      action: "none",
      reason: cut(
        `no analysis of ${query.service}${canary}; POST /v1/analyses opens one, GET /v1/services says what is seen`,
      ),
      service: query.service,
      environment: query.environment ?? "",
      canary: query.canary ?? "",
      baseline: query.baseline ?? "",
      analysis: "",
      attempt: 0,
      canaryWeight: 0,
      at: "",
      validUntil: "",
      fresh: false,
    };
  }
  const { verdict } = analysis;
  const inForce = analysis.weights.find(({ to }) => to === null);
  return {
    verdict: verdict.word,
    terminal: verdict.terminal,
    action: analysis.action.kind,
    reason: cut(verdict.reasons.map(({ text }) => text).join("; ")),
    service: analysis.service,
    environment: analysis.environment,
    canary: analysis.canary.label,
    baseline: analysis.baseline.label,
    analysis: analysis.id,
    attempt: analysis.attempt,
    canaryWeight: inForce?.canaryWeight ?? 0,
    at: formatInstant(verdict.at),
    validUntil: formatInstant(verdict.validUntil),
    fresh: verdict.terminal || now <= verdict.validUntil,
  };
}

function cut(text: string): string {
  return text.length <= reasonLength ? text : `${text.slice(0, reasonLength - 1)}…`;
}
