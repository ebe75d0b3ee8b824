import { wellFormed } from "#analyzers/logs/well-formed.ts";
import { joinPatterns, patternLogE, type PatternPlan } from "#analyzers/metrics/new-pattern.ts";
import { shareRatios } from "#analyzers/metrics/share-harm.ts";
import { alphaUsed } from "#analyzers/metrics/share-plan.ts";
import { instanceSpread, roundedUp } from "#analyzers/stats/effective-instances.ts";
import { likelihoodPeak } from "#analyzers/stats/likelihood-peak.ts";
import { relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { ratioSequence } from "#analyzers/stats/ratio-sequence.ts";
import type { Instance } from "#model/deployment.ts";
import type { Finding, PatternLine, PatternShown } from "#model/finding.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import { concludes, evidenceOf, frame, type Concluded } from "./findings.ts";
import { attemptFactor, type FoldContext } from "./fold.ts";
import { withLateTile, type PatternContext } from "./pattern-evidence.ts";
import type { FormEvidence, JoinedPattern, PatternsState } from "./pattern-state.ts";
import { totalExposure, withInstance } from "./pattern-tile.ts";
import { sayPattern, sayWeight } from "./pattern-wording.ts";
import type { Signal } from "./signal.ts";
import { allAtOnce, type Steps } from "./steps.ts";
import type { ArmRow } from "./tiles.ts";

/** Findings on patterns that are shown, the weightiest; the rest are judged all the same, and counted. */
export const patternsShown = 20;
/** Characters of a template or line in a finding. */
export const shownChars = 500;
/** A pattern that the canary no longer shows is told of once so many hits were to be expected. */
const expectedGone = 10;
const degrees = 10;

/** What a conclusion on patterns is drawn from, beside the state. */
export interface PatternQuestion {
  readonly fold: FoldContext;
  readonly patterns: PatternContext;
  readonly instances: readonly Instance[];
  readonly lateRows: readonly ArmRow[];
}

/** The conclusion on every pattern that showed, in the order of their weights' places. */
export function concludePatterns(state: PatternsState, question: PatternQuestion): readonly Concluded[] {
  return allAtOnce(concludePatternsInSteps(state, question));
}

/** The same, with a pause after each pattern. */
export function* concludePatternsInSteps(
  state: PatternsState,
  question: PatternQuestion,
): Steps<readonly Concluded[]> {
  const forms = withLateTile(state, question.lateRows, question.patterns);
  const concluded: Concluded[] = [];
  for (const one of joined(forms, state.before, question.patterns.patterns)) {
    concluded.push(concludePattern(one, state, question));
    yield;
  }
  return concluded;
}

/** One entry a pattern: sums of its forms; its weight is that of its weightiest form, so that no weight is spent twice. */
function joined(
  forms: readonly FormEvidence[],
  before: PatternsState["before"],
  patterns: readonly LogPattern[],
): readonly JoinedPattern[] {
  const known = new Map(patterns.flatMap((pattern) => pattern.ids.map((id) => [id, pattern])));
  const all = new Map<string, JoinedPattern>();
  for (const form of forms) {
    const pattern = known.get(form.id);
    if (pattern === undefined) continue;
    const other = all.get(pattern.id);
    const hitsBefore = pattern.ids.reduce((sum, id) => sum + (before[id] ?? 0), 0);
    all.set(pattern.id, {
      ...(other === undefined ? form : together(other, form)),
      pattern,
      before: hitsBefore,
    });
  }
  return [...all.values()];
}

function together(a: FormEvidence, b: FormEvidence): FormEvidence {
  const first = a.weight >= b.weight ? a : b;
  return {
    ...first,
    firstWindow: Math.min(a.firstWindow, b.firstWindow),
    evidence: joinPatterns(a.evidence, b.evidence),
    untraced: a.untraced + b.untraced,
    bursts: a.bursts + b.bursts,
    canaryInstances: b.canaryInstances.reduce(withInstance, a.canaryInstances),
    baselineInstances: b.baselineInstances.reduce(withInstance, a.baselineInstances),
  };
}

/**
 * How one pattern is judged. What one instance logs within one window is one burst, as retries and one bad second make it:
 * evidence is divided by the hits of a burst, which never makes more of it than independent hits would be worth. Where the
 * canary has several instances, all that one of them alone shows is one burst too: a sick host is not a sick release. FATAL records
 * and critical failures are worth their bursts on one instance as well.
 */
function planOf(one: JoinedPattern, state: PatternsState, { policy, attempt }: FoldContext): PatternPlan {
  const of = (arm: PatternsState["canary"]): readonly number[] => arm.map(({ n }) => n);
  const { canaryX, baselineX } = one.evidence;
  return {
    alphaUsed: alphaUsed({
      alpha: policy.alpha,
      attemptFactor: attemptFactor(attempt),
      weight: roundedDown(one.weight),
    }),
    tolerance: policy.logs.tolerance,
    tau: roundedUp(policy.logs.spread * instanceSpread(of(state.canary), of(state.baseline))),
    degrees,
    phi: Math.max(1, (canaryX + baselineX) / Math.max(1, burstsOf(one, state))),
  };
}

/** To a power of 4: weights that differ little share their priors, which cost most of what a pattern costs. */
function roundedDown(weight: number): number {
  return 4 ** Math.floor(Math.log2(weight) / 2);
}

function burstsOf(
  { bursts, fromStart, canaryInstances, baselineInstances }: JoinedPattern,
  state: PatternsState,
): number {
  const isAlone = canaryInstances.length === 1 && baselineInstances.length === 0 && state.canary.length > 1;
  return isAlone && !fromStart ? 1 : bursts;
}

function concludePattern(
  one: JoinedPattern,
  state: PatternsState,
  { fold, instances }: PatternQuestion,
): Concluded {
  const { evidence, before, pattern } = one;
  const plan = planOf(one, state, fold);
  // A hit from before the canary came rules out "the baseline never shows this" and says nothing on the ratio.
  const logHarm = patternLogE({ ...evidence, baselineX: evidence.baselineX + before }, plan);
  const signal = patternSignal(pattern.id, one.weight);
  const exposure = { canary: totalExposure(state.canary), baseline: totalExposure(state.baseline) };
  const conclusion = concludes({ hasEvidence: true, logHarm, logSafe: null, signal, context: fold });
  const change = changeOf(one, exposure, logHarm);
  const ratio = change === "more" ? ratioOf(one, plan, fold.policy.alpha) : { effect: null, interval: null };
  const shown = shownOf(one, change, state, { fold, instances });
  return {
    ...{ signal, logHarm, logSafe: null, deadlineP: null, overLimit: null, unprovable: null },
    finding: {
      ...frame(signal),
      ...ratio,
      conclusion,
      why: sayPattern({ one, change, exposure, ...ratio }),
      canary: reading(exposure.canary, evidence.canaryX, one.canaryInstances.length),
      baseline: reading(exposure.baseline, evidence.baselineX, one.baselineInstances.length),
      tolerance: plan.tolerance,
      margin: null,
      marginWhy: null,
      evidence: evidenceOf(signal, fold, { harm: logHarm, safe: null, tiles: 0 }),
      pattern: shown,
    },
  };
}

/** The signal of a pattern. It can only show harm. */
function patternSignal(id: string, weight: number): Signal {
  return { id: `log pattern ${id}`, kind: "logs", operation: "", metric: "", guarded: false, weight };
}

function changeOf(
  { evidence, before }: JoinedPattern,
  exposure: { readonly canary: number; readonly baseline: number },
  logHarm: number,
): PatternShown["change"] {
  const { canaryX, baselineX } = evidence;
  if (canaryX > 0 && baselineX + before === 0) return "new";
  const expected = exposure.baseline === 0 ? 0 : (baselineX * exposure.canary) / exposure.baseline;
  if (canaryX === 0) return expected >= expectedGone ? "gone" : "known";
  return logHarm > 0 ? "more" : "known";
}

/** Most likely ratio and where it lies; the ratio alone is unknown without a hit of the baseline. */
function ratioOf(
  { evidence }: JoinedPattern,
  { phi, tau }: PatternPlan,
  alpha: number,
): Pick<Finding, "effect" | "interval"> {
  const logs = evidence.likelihood.map((value) => value / phi);
  const bounds = ratioSequence(relativeLikelihood(logs), shareRatios, { tau, degrees, alpha });
  return {
    effect: evidence.baselineX === 0 ? null : Math.exp(likelihoodPeak(logs, ratioGrid)),
    interval:
      bounds === null ? null : [bounds[0] === ratioGrid[0] ? 0 : Math.exp(bounds[0]), Math.exp(bounds[1])],
  };
}

function reading(n: number, x: number, instances: number): Finding["canary"] {
  return { n, value: n === 0 ? null : x / n, unit: "share", instances };
}

function shownOf(
  one: JoinedPattern,
  change: PatternShown["change"],
  state: PatternsState,
  { fold, instances }: Pick<PatternQuestion, "fold" | "instances">,
): PatternShown {
  const { pattern } = one;
  const names = new Map(instances.map((instance) => [instance.id, instance]));
  const arm: PatternLine["arm"] = change === "gone" ? "baseline" : "canary";
  const ofArm = arm === "canary" ? one.canaryInstances : one.baselineInstances;
  const lines = pattern.examples
    .filter(
      ({ instanceId, at }) => ofArm.includes(instanceId) && (change === "gone" || at >= fold.evidenceFrom),
    )
    .map(({ instanceId, at, line, traceId }) => ({
      ...{ arm, instance: names.get(instanceId)?.name ?? "", at, line: cut(line), traceId },
    }));
  return {
    ...{ id: pattern.id, template: cut(pattern.template), change, severity: pattern.severity },
    ...{ failures: pattern.signatures, exception: pattern.exception, firstSeen: pattern.firstSeen },
    lines: lines.slice(0, 3),
    weighed: sayWeight(one, burstsOf(one, state)),
  };
}

function cut(text: string): string {
  return text.length > shownChars ? wellFormed(`${text.slice(0, shownChars)}…`) : text;
}

/**
 * The weightiest pattern that is reason to wait with more traffic and with a promotion: its weighted e-value reaches 1, so that of
 * all patterns of a healthy canary together one does so in at most 10 % of analyses, which is the patterns' weight. Never proof of harm.
 */
export function suspectedPattern(concluded: readonly Concluded[]): Finding | null {
  const [first] = concluded
    .filter(({ finding }) => finding.pattern !== undefined)
    .map(({ finding, logHarm, signal }) => ({
      finding,
      weighted: (logHarm ?? -Infinity) + Math.log(signal.weight),
    }))
    .filter(({ weighted }) => weighted >= 0)
    .sort((a, b) => b.weighted - a.weighted);
  return first?.finding ?? null;
}

/** Findings for people: all but patterns that both arms show alike, and of the others the weightiest `patternsShown`. */
export function shownFindings(concluded: readonly Concluded[]): {
  readonly findings: readonly Finding[];
  /** Patterns that differ and are past the limit. */
  readonly hidden: number;
} {
  const strength = ({ logHarm, signal, finding }: Concluded): number =>
    (finding.conclusion === "worse" ? 1e6 : 0) + (logHarm ?? 0) + Math.log(signal.weight);
  const patterns = concluded
    .filter(({ finding }) => finding.pattern !== undefined && tells(finding))
    .sort((a, b) => strength(b) - strength(a) || (a.signal.id < b.signal.id ? -1 : 1));
  const kept = patterns.slice(0, patternsShown);
  const others = concluded.filter(({ finding }) => finding.pattern === undefined);
  return {
    findings: [...others, ...kept].map(({ finding }) => finding),
    hidden: patterns.length - kept.length,
  };
}

function tells({ pattern, conclusion }: Finding): boolean {
  return conclusion === "worse" || pattern?.change !== "known";
}
