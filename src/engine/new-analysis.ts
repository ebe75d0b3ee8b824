import type { Analysis, Mode } from "#model/analysis.ts";
import { windowLengthMs, type Instant } from "#model/time.ts";
import type { OpenRequest } from "./asking.ts";
import { decide, type Wish } from "./decide.ts";
import type { Policy } from "./policy.ts";

/** The first state of an analysis; an acting one asks for its first step at once, since a canary without traffic shows nothing. */
export function newAnalysis(
  given: {
    readonly request: OpenRequest;
    readonly baseline: string;
    readonly policy: Policy;
    readonly mode: Mode;
    readonly controller: string | null;
    readonly attempt: number;
  },
  now: Instant,
): { readonly analysis: Analysis; readonly wish: Wish | null } {
  const { request, baseline, policy, mode, controller, attempt } = given;
  const analysis: Analysis = {
    id: analysisId(request, attempt, now),
    service: request.service,
    environment: request.environment,
    canary: { asked: request.canary, deploymentIds: [], label: request.canary },
    baseline: { asked: baseline, deploymentIds: [], label: baseline },
    attempt,
    mode,
    policy: policy.name,
    policyVersion: 1,
    controller,
    opened: now,
    openedBy: request.openedBy,
    phase:
      mode === "act" ? { phase: "moving", step: 0, since: now } : { phase: "watching", step: 0, since: now },
    weights: [],
    terminal: null,
    verdict: {
      word: "continue",
      terminal: false,
      at: now,
      validUntil: now + 2 * windowLengthMs + policy.settle,
      reasons: [{ code: "waiting", text: "the analysis has just been opened" }],
    },
    action: { kind: "none", text: "report only: nothing is moved" },
    findings: [],
  };
  if (mode === "report") return { analysis, wish: null };
  const decision = decide({ analysis, policy, outcome: null, newest: null, now });
  return { analysis: { ...analysis, phase: decision.phase, action: decision.action }, wish: decision.wish };
}

/** Readable, and its own for each attempt: the canary's name with a hash of all that makes it one of a kind. */
function analysisId(request: OpenRequest, attempt: number, now: Instant): string {
  const name = `${request.service}-${request.canary}`
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 48);
  const key = JSON.stringify([request.service, request.environment, request.canary, attempt, now]);
  return `${name === "" ? "analysis" : name}-${hash(key)}`;
}

/** FNV-1a over UTF-16 units, twice with different offsets: 64 bits in base 36. */
function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x01000193;
  for (let at = 0; at < text.length; at += 1) {
    a = Math.imul(a ^ text.charCodeAt(at), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(at), 0x85ebca6b);
  }
  return (a >>> 0).toString(36).padStart(7, "0") + (b >>> 0).toString(36).padStart(7, "0").slice(-3);
}
