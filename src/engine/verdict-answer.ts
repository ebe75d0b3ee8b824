import type { Analysis, ArmRef } from "#model/analysis.ts";
import { formatInstant, type Instant } from "#model/time.ts";
import type { VerdictAnswer, VerdictQuery } from "./asking.ts";
import { sameService } from "./resolve-arm.ts";

/** Longest reason in a verdict answer, in characters: rollout tools show it in one line. */
export const reasonLength = 300;

type Names = (analysis: Analysis) => {
  readonly canary: readonly string[];
  readonly baseline: readonly string[];
};

/**
 * The analysis that a query means: an open one before an ended one, the newest first. Null where none fits, and where those
 * that fit belong to several services or environments: the verdict on one must not pass for that on another.
 */
export function analysisFor(
  query: VerdictQuery,
  analyses: readonly Analysis[],
  names: Names,
): Analysis | null {
  const found = fitting(query, analyses, names);
  return placesIn(found).length > 1 ? null : (found[0] ?? null);
}

/** The services with their environments that a query may mean; more than one where it is too short to tell. */
export function placesFor(
  query: VerdictQuery,
  analyses: readonly Analysis[],
  names: Names,
): readonly string[] {
  return placesIn(fitting(query, analyses, names));
}

function placesIn(analyses: readonly Analysis[]): readonly string[] {
  const places = analyses.map(({ service, environment }) => `${service} in "${environment}"`);
  return [...new Set(places)].sort();
}

/** Open analyses that fit, or where there is none the ended ones; newest first. */
function fitting(query: VerdictQuery, analyses: readonly Analysis[], names: Names): readonly Analysis[] {
  const found = analyses.filter(
    (analysis) =>
      sameService(query.service, analysis.service) &&
      (query.environment === null || query.environment === analysis.environment) &&
      isMeant(query.canary, analysis.canary, () => names(analysis).canary) &&
      isMeant(query.baseline, analysis.baseline, () => names(analysis).baseline),
  );
  const open = found.filter(({ phase }) => phase.phase !== "ended");
  return [...(open.length > 0 ? open : found)].sort((a, b) => b.opened - a.opened);
}

/** Aliases are looked up last: most callers ask by the name under which the analysis was opened, and there may be thousands of deployments. */
function isMeant(name: string | null, arm: ArmRef, aliases: () => readonly string[]): boolean {
  return name === null || name === arm.asked || name === arm.label || aliases().includes(name);
}

/** The small answer for rollout tools. Unknown is "continue" with its reason: never a pass, never an end. */
export function verdictAnswer(
  query: VerdictQuery,
  analysis: Analysis | null,
  now: Instant,
  places: readonly string[] = [],
): VerdictAnswer {
  if (analysis === null) {
    const canary = query.canary === null ? "" : ` with canary ${query.canary}`;
    const why =
      places.length > 1
        ? `several analyses fit: ${places.join(", ")}; name the service with its namespace, and the environment`
        : `no analysis of ${query.service}${canary}; POST /v1/analyses opens one, GET /v1/services says what is seen`;
    return {
      verdict: "continue",
      terminal: false,
      action: "none",
      reason: cut(why),
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
