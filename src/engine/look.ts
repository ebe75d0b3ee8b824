/* eslint-disable max-lines -- one look from its rows to its commit; the parts that stand alone are files of their own */
import { baselineStrategies } from "#baselines/catalog.ts";
import type { Analysis, ArmRef, IntervalPoint } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import { deploymentLabel, type Deployment, type Instance } from "#model/deployment.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import { windowLengthMs, windowStart, type Instant } from "#model/time.ts";
import { concludeVerdict, type VerdictOutcome } from "./conclude-verdict.ts";
import { decide, type Wish } from "./decide.ts";
import { describeChance } from "./describe-chance.ts";
import { describeCounts, judgeInSteps, type Judgement } from "./judge.ts";
import { confoundersOf } from "./parity.ts";
import type { Policy } from "./policy.ts";
import { patternsShown, shownFindings } from "./pattern-findings.ts";
import { patternsPerClass } from "./pattern-weights.ts";
import type { TelemetryReader } from "./ports.ts";
import { resolveArm, sameService } from "./resolve-arm.ts";
import { splitFinding } from "./split-finding.ts";
import type { EngineState } from "./signal.ts";
import { allAtOnce, type Steps } from "./steps.ts";
import type { ArmRow } from "./tiles.ts";

/** How far back a first analysis reads, and how much of the baseline's past freezes cut points (decision 19). */
const lookBackMs = 600_000;
/** A pause between two looks longer than this many windows is a gap in our own ingestion. */
const gapWindows = 3;
/** Signals whose interval is kept for the drawing at each look: the guarded ones, then the most suspicious. */
const drawnSignals = 12;

export interface LookInput {
  readonly analysis: Analysis;
  readonly state: EngineState;
  readonly policy: Policy;
  readonly telemetry: TelemetryReader;
  readonly deployments: readonly Deployment[];
  readonly newest: CommandRecord | null;
  readonly now: Instant;
  /** How often looks come, to tell a gap from a slow pace. */
  readonly paceMs: number;
  readonly frozen: boolean;
  readonly stale: boolean;
  /** How far a source that lags holds sealing back; none where absent. */
  readonly heldBackMs?: number;
  readonly signalCap: number;
  /** Windows that end by then are sealed; null: those whose settle allowance is over at `now`. A recording ends with its last window. */
  readonly sealedTo: Instant | null;
  /** What the last look judged: while nothing more is sealed it stands, and only clock and commands move on. */
  readonly last: Judged | null;
}

/** A judgement with the seal it belongs to. */
export interface Judged {
  readonly sealedTo: Instant;
  /** Whether it holds the deadline test. */
  readonly deadline: boolean;
  readonly judgement: Judgement;
}

export interface LookOutcome {
  /** Null once the verdict is given: nothing is judged any more. */
  readonly judged: Judged | null;
  readonly analysis: Analysis;
  readonly state: EngineState;
  readonly wish: Wish | null;
  readonly intervals: readonly IntervalPoint[];
  /** The word, phase, action or a conclusion differs from before: worth a line of history. */
  readonly changed: boolean;
}

/** One look at one analysis: reads what was sealed, judges, concludes, decides. Changes nothing outside. */
export function look(input: LookInput): LookOutcome {
  return allAtOnce(lookInSteps(input));
}

/** The same, with pauses. What was given may be outdated by then: a look at an analysis that has changed is to be made again. */
export function* lookInSteps(input: LookInput): Steps<LookOutcome> {
  const { analysis, now } = input;
  if (analysis.terminal !== null) return actOnly(input);
  const byClock = windowStart(now - (input.heldBackMs ?? 0) - input.policy.settle);
  const sealedTo = input.sealedTo ?? Math.max(byClock, input.last?.sealedTo ?? 0);
  const arms = resolveArms(input);
  const state = withGap(openEvidence(arms.state, input), input);
  const kept = standing(input.last, { sealedTo, deadline: isDue(input) }, state);
  const judgement =
    kept ?? (yield* judgeNow({ ...input, analysis: arms.analysis, state }, sealedTo, arms.waiting));
  const outcome = concludeVerdict({
    analysis: arms.analysis,
    policy: input.policy,
    judgement,
    sealedTo,
    now,
    frozen: input.frozen || input.stale,
    stale: input.stale,
  });
  const judged = { sealedTo, deadline: isDue(input), judgement, isNew: kept === null };
  return settleOn(input, arms.analysis, judged, outcome);
}

/** The horizon has come: the judgement has to hold the deadline test, which is worked out then only. */
function isDue({ analysis, policy, now }: LookInput): boolean {
  return now - analysis.opened >= policy.horizon;
}

/** The last judgement, where no window was sealed since, the same tests are due and the arms are the same deployments. */
function standing(last: Judged | null, due: Omit<Judged, "judgement">, state: EngineState): Judgement | null {
  if (last === null || last.sealedTo !== due.sealedTo || last.deadline !== due.deadline) return null;
  const before = last.judgement.state;
  const sameArms =
    before.evidenceFrom === state.evidenceFrom &&
    before.canaryIds.join() === state.canaryIds.join() &&
    before.baselineIds.join() === state.baselineIds.join();
  if (!sameArms) return null;
  return { ...last.judgement, state: { ...before, lastLook: state.lastLook, gapUntil: state.gapUntil } };
}

/** After the verdict only its command is followed. */
function actOnly(input: LookInput): LookOutcome {
  const decision = decide({ ...input, outcome: null });
  const analysis = { ...input.analysis, ...pick(decision) };
  return {
    analysis,
    state: input.state,
    wish: decision.wish,
    intervals: [],
    judged: null,
    changed: differs(input.analysis, analysis),
  };
}

function pick(decision: ReturnType<typeof decide>): Pick<Analysis, "phase" | "action" | "weights"> {
  return { phase: decision.phase, action: decision.action, weights: decision.weights };
}

function settleOn(
  input: LookInput,
  resolved: Analysis,
  judged: Judged & { readonly isNew: boolean },
  outcome: VerdictOutcome,
): LookOutcome {
  const decision = decide({ ...input, analysis: resolved, outcome });
  const { verdict } = outcome;
  const { judgement, isNew, sealedTo, deadline } = judged;
  const analysis: Analysis = {
    ...resolved,
    ...pick(decision),
    verdict,
    terminal: verdict.terminal ? { word: verdict.word, at: verdict.at } : null,
    findings: isNew
      ? [...shownFindings(judgement.concluded).findings, ...splitFinding(judgement, input)]
      : input.analysis.findings,
  };
  return {
    analysis,
    judged: { sealedTo, deadline, judgement },
    state: {
      ...judgement.state,
      lastLook: input.now,
      notes: isNew ? notesOf(input, judgement) : input.state.notes,
    },
    wish: decision.wish,
    intervals: isNew ? intervalsOf(judgement, input.now) : [],
    changed: differs(input.analysis, analysis),
  };
}

/** Whether a line of history is owed. Figures inside texts change at every look and are no news. */
function differs(before: Analysis, after: Analysis): boolean {
  const key = ({ verdict, phase, action }: Analysis): string =>
    JSON.stringify([
      verdict.word,
      verdict.reasons.map(({ code }) => code),
      phase.phase,
      "step" in phase ? phase.step : null,
      action.kind,
    ]);
  return key(before) !== key(after);
}

interface Arms {
  readonly analysis: Analysis;
  readonly state: EngineState;
  /** Why an arm is not resolved; null where both are. */
  readonly waiting: string | null;
}

/** Arms resolve when an analysis reads them (decision 5): a merge of revisions since the last look is followed here. */
function resolveArms({ analysis, state, deployments }: LookInput): Arms {
  const canary = resolveArm(deployments, analysis, analysis.canary.asked);
  const baseline = resolveArm(deployments, analysis, analysis.baseline.asked);
  const waiting = !canary.ok ? canary.error.message : !baseline.ok ? baseline.error.message : null;
  const refer = (arm: ArmRef, found: typeof canary): ArmRef =>
    found.ok
      ? { asked: arm.asked, deploymentIds: [found.value.id], label: deploymentLabel(found.value) }
      : arm;
  const resolved = {
    ...analysis,
    canary: refer(analysis.canary, canary),
    baseline: refer(analysis.baseline, baseline),
  };
  if (canary.ok && baseline.ok && canary.value.id === baseline.value.id) {
    return {
      analysis: resolved,
      state: { ...state, canaryIds: [], baselineIds: [] },
      waiting: `"${analysis.canary.asked}" and "${analysis.baseline.asked}" turned out to be names of one revision: there is nothing to compare`,
    };
  }
  return {
    analysis: resolved,
    state: {
      ...state,
      canaryIds: resolved.canary.deploymentIds,
      baselineIds: resolved.baseline.deploymentIds,
    },
    waiting,
  };
}

function openEvidence(state: EngineState, { analysis, deployments, policy, now }: LookInput): EngineState {
  if (state.evidenceFrom !== null) return state;
  const find = (ids: readonly number[]): Deployment | undefined =>
    deployments.find(({ id }) => id === ids[0]);
  const canary = find(state.canaryIds);
  const baseline = find(state.baselineIds);
  if (canary === undefined || baseline === undefined) return state;
  const floor = analysis.attempt === 1 ? analysis.opened - lookBackMs : analysis.opened + windowLengthMs;
  const evidenceFrom = windowStart(Math.max(Math.min(canary.firstSeen, now), floor));
  const strategy = baselineStrategies[policy.baseline.strategy];
  const context = { canaryFrom: evidenceFrom, baselineFrom: baseline.firstSeen, horizonMs: policy.horizon };
  return { ...state, evidenceFrom, referenceShiftMs: strategy.shiftMs(context) };
}

function withGap(state: EngineState, { now, paceMs, policy }: LookInput): EngineState {
  const { lastLook } = state;
  if (lastLook === null || now - lastLook <= gapWindows * Math.max(windowLengthMs, paceMs)) return state;
  return { ...state, gapUntil: now + policy.settle + windowLengthMs };
}

function* judgeNow(input: LookInput, sealedTo: Instant, waiting: string | null): Steps<Judgement> {
  const { state, policy, analysis, telemetry } = input;
  const { evidenceFrom } = state;
  const none = { concluded: [], logHarm: 0, harmNeeded: Infinity, culprits: [], split: null };
  if (evidenceFrom === null || (waiting !== null && state.canaryIds.length === 0)) {
    const seen = lastSeenBefore(input, state);
    return { ...none, state: seen, waiting: waiting ?? "no telemetry of the canary seen yet" };
  }
  const from = readFrom(state, evidenceFrom);
  const rows = readRows(input, { from, to: sealedTo, late: false });
  return yield* judgeInSteps({
    analysis,
    policy,
    state: { ...state, evidenceFrom },
    rows,
    lateRows: readRows(input, { from: evidenceFrom, to: sealedTo, late: true }),
    before: state.counts === null ? rowsBefore(input, evidenceFrom) : [],
    instances: instancesOf(telemetry, state),
    patterns: policy.logs.judged && showsPatterns(state, rows) ? patternsOf(telemetry, state) : [],
    sealedTo,
    deadline: isDue(input),
    signalCap: input.signalCap,
  });
}

/** A baseline that is known tells that ingestion works, before the canary was ever seen. */
function lastSeenBefore({ deployments, analysis }: LookInput, state: EngineState): EngineState {
  const baseline = resolveArm(deployments, analysis, analysis.baseline.asked);
  const baselineLast = baseline.ok ? baseline.value.lastSeen : null;
  return { ...state, integrity: { ...state.integrity, baselineLast } };
}

function instancesOf(telemetry: TelemetryReader, state: EngineState): readonly Instance[] {
  return telemetry.instances([...state.canaryIds, ...state.baselineIds]);
}

function patternsOf(telemetry: TelemetryReader, state: EngineState): readonly LogPattern[] {
  return telemetry.patterns([...state.canaryIds, ...state.baselineIds]);
}

/** Most looks of a service that logs little have no use for its patterns. */
function showsPatterns({ patterns }: EngineState, rows: readonly ArmRow[]): boolean {
  return patterns.forms.length > 0 || rows.some(({ row }) => row.measure.kind === "pattern");
}

function readFrom(state: EngineState, evidenceFrom: Instant): Instant {
  if (state.counts === null) return evidenceFrom;
  const folded = state.signals.map(({ foldedTo }) => foldedTo);
  return Math.min(state.integrity.foldedTo ?? evidenceFrom, ...folded);
}

function readRows(
  { telemetry, state }: Pick<LookInput, "telemetry" | "state">,
  { from, to, late }: { readonly from: Instant; readonly to: Instant; readonly late: boolean },
): readonly ArmRow[] {
  const shift = state.referenceShiftMs;
  const canary = telemetry.samples({ deploymentIds: state.canaryIds, from, to, late });
  // Windows past the end of the old version's history would compare the new version's time with itself.
  const until =
    shift === 0 || state.evidenceFrom === null ? to - shift : Math.min(to - shift, state.evidenceFrom);
  const baseline = telemetry.samples({
    deploymentIds: state.baselineIds,
    from: from - shift,
    to: until,
    late,
  });
  return [
    ...canary.map((row): ArmRow => ({ arm: "canary", row })),
    ...baseline.map((row): ArmRow => ({
      arm: "baseline",
      row: shift === 0 ? row : { ...row, window: row.window + shift },
    })),
  ];
}

function rowsBefore({ telemetry, state }: LookInput, evidenceFrom: Instant): readonly ArmRow[] {
  return telemetry
    .samples({
      deploymentIds: state.baselineIds,
      from: evidenceFrom - lookBackMs,
      to: evidenceFrom,
      late: false,
    })
    .map((row): ArmRow => ({ arm: "baseline", row }));
}

function intervalsOf(judgement: Judgement, at: Instant): readonly IntervalPoint[] {
  return [...judgement.concluded]
    .sort(
      (a, b) => Number(b.signal.guarded) - Number(a.signal.guarded) || (b.logHarm ?? 0) - (a.logHarm ?? 0),
    )
    .slice(0, drawnSignals)
    .flatMap(({ finding }) =>
      finding.effect === null || finding.interval === null
        ? []
        : [
            {
              at,
              signal: finding.signal,
              effect: finding.effect,
              low: finding.interval[0],
              high: finding.interval[1],
            },
          ],
    );
}

function notesOf(input: LookInput, judgement: Judgement): readonly string[] {
  const { policy, telemetry } = input;
  const { state } = judgement;
  const unidentified = instancesOf(telemetry, state).some(({ identified }) => !identified);
  return [
    describeCounts(state.counts),
    baselineStrategies[policy.baseline.strategy].assumption,
    ...describeChance(state, policy),
    ...(unidentified
      ? [
          "Some telemetry names no instance (service.instance.id, pod or host): all of it counts as one instance.",
        ]
      : []),
    ...judgement.concluded.flatMap(({ finding }) =>
      finding.guarded && finding.marginWhy !== null ? [finding.marginWhy] : [],
    ),
    ...judgement.concluded.flatMap(({ unprovable }) => (unprovable === null ? [] : [unprovable])),
    ...parityNote(telemetry, state),
    ...otherVersions(input, state),
    ...(state.unjudgedOperations > 0
      ? [`${state.unjudgedOperations} operations came past the cap on signals and are not judged one by one.`]
      : []),
    ...patternNotes(judgement),
  ];
}

/** What of the log patterns is not judged, or not shown. */
function patternNotes({ state, concluded }: Judgement): readonly string[] {
  const { unjudged, overflowed } = state.patterns;
  const { hidden } = shownFindings(concluded);
  return [
    ...(overflowed
      ? ["Truncated: more forms of log line came than are told apart; lines of the rest are not judged."]
      : []),
    ...(unjudged > 0
      ? [
          `Truncated: ${unjudged} log patterns or more came past the ${patternsPerClass} of a kind that are judged one by one.`,
        ]
      : []),
    ...(hidden > 0
      ? [
          `Truncated: ${hidden} log patterns differ beside the ${patternsShown} that are shown; all were judged.`,
        ]
      : []),
  ];
}

/** A difference between the versions may be one of where they run. */
function parityNote(telemetry: TelemetryReader, { canaryIds, baselineIds }: EngineState): readonly string[] {
  const confounders = confoundersOf(telemetry.instances(canaryIds), telemetry.instances(baselineIds));
  return confounders.length === 0
    ? []
    : [`The versions run on different ground, which may be what is seen: ${confounders.join("; ")}.`];
}

/** A third version that runs beside the two is in neither arm, and worth knowing. */
function otherVersions({ deployments, analysis }: LookInput, state: EngineState): readonly string[] {
  const { evidenceFrom, canaryIds, baselineIds } = state;
  if (evidenceFrom === null) return [];
  const others = deployments.filter(
    (one) =>
      one.environment === analysis.environment &&
      sameService(analysis.service, one.service) &&
      one.lastSeen > evidenceFrom &&
      ![...canaryIds, ...baselineIds].includes(one.id),
  );
  return others.length === 0
    ? []
    : [`Other versions run too and are in neither arm: ${others.map(deploymentLabel).join(", ")}.`];
}
