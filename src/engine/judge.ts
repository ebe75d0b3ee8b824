import type { Analysis } from "#model/analysis.ts";
import { overflowOperation } from "#model/sample.ts";
import { formatDuration, windowLengthMs, type Instant } from "#model/time.ts";
import { concludeSplit } from "#analyzers/metrics/split.ts";
import { closedWeightedMeans } from "#analyzers/stats/closed-weighted-mean.ts";
import { logWeightedMean } from "#analyzers/stats/log-sum-exp.ts";
import { byMinute } from "./chance.ts";
import { chooseCountSource } from "./count-source.ts";
import { concludeSignal, harmThreshold, type Concluded } from "./findings.ts";
import { foldSignal, openSignal, type FoldContext } from "./fold.ts";
import { concludeGaugeSignal, foldGaugeSignal, openGauge } from "./gauge-signal.ts";
import { foldIntegrity, lastSeen } from "./integrity.ts";
import { concludeLogs, foldLogs, type PatternInput } from "./judge-patterns.ts";
import type { Policy } from "./policy.ts";
import { unlessRejected } from "./rejected-points.ts";
import type { CountSource, EngineState, SignalState } from "./signal.ts";
import { allAtOnce, type Steps } from "./steps.ts";
import { requestsOf, type ArmRow, type IsWarm } from "./tiles.ts";
import { lateOperationSignals, planSignals } from "./weights.ts";

/** E-value of the split test at which promotion is blocked. */
const splitNeeded = Math.log(1000);

/** All that one look is given. Rows are sealed; nothing here reads a clock. */
export interface JudgeInput extends PatternInput {
  readonly analysis: Analysis;
  readonly policy: Policy;
  readonly state: EngineState & { readonly evidenceFrom: Instant };
  /** Rows from the oldest window that a signal has not folded, up to `sealedTo`. */
  readonly rows: readonly ArmRow[];
  readonly sealedTo: Instant;
  /** True once the horizon is over: only then the tests of the deadline are worked out. */
  readonly deadline: boolean;
  readonly signalCap: number;
}

/** What the evidence says at one seal. */
export interface Judgement {
  readonly state: EngineState;
  readonly concluded: readonly Concluded[];
  /** Log of the weighted mean of all e-values against "no harm", and what it must reach. */
  readonly logHarm: number;
  readonly harmNeeded: number;
  /** Signals that explain shown harm, strongest first. */
  readonly culprits: readonly Concluded[];
  readonly split: SplitJudgement | null;
  /** Why no evidence is gathered yet; null once it is. */
  readonly waiting: string | null;
}

export interface SplitJudgement {
  readonly declaredShare: number;
  readonly canary: number;
  readonly baseline: number;
  readonly logE: number;
  readonly deviates: boolean;
}

/**
 * Adds what was sealed since the last look to the evidence and concludes every signal. The same windows in any number of
 * looks give the same evidence (decision 13).
 */
export function judge(input: JudgeInput): Judgement {
  return allAtOnce(judgeInSteps(input));
}

/** The same, with a pause after each signal. */
export function* judgeInSteps(input: JudgeInput): Steps<Judgement> {
  const { analysis, policy } = input;
  const seen = withLastSeen(input.state, input.rows);
  const choice =
    seen.counts === null
      ? firstSettled(input)
      : { settled: true as const, source: seen.counts, at: input.sealedTo };
  if (!choice.settled) return nothingYet(seen, policy, analysis.attempt, choice.why);
  const context: FoldContext = {
    policy,
    counts: choice.source,
    evidenceFrom: input.state.evidenceFrom,
    sealedTo: input.sealedTo,
    attempt: analysis.attempt,
    isWarm: warmth(input),
    deadline: input.deadline,
    before: input.before,
    minutesBefore: byMinute(input.before),
  };
  const state = yield* foldAll({ ...seen, counts: choice.source }, input, {
    ...context,
    plannedTo: choice.at,
  });
  const concluded: Concluded[] = [];
  for (const signal of state.signals) {
    const one = guardedFrom(
      () =>
        signal.test === "gauge"
          ? concludeGaugeSignal(signal, context)
          : concludeSignal(signal, input.lateRows, context),
      (why) => concludeSignal(failed(signal, why), input.lateRows, context),
    );
    concluded.push(unlessRejected(one, state.integrity, choice.source.source));
    yield;
  }
  concluded.push(...(yield* concludeLogs(state.patterns, input, context)));
  const logHarm = meanHarm(concluded);
  return {
    state,
    concluded,
    logHarm,
    harmNeeded: harmThreshold(policy.alpha, analysis.attempt),
    culprits: culpritsOf(concluded, logHarm, harmThreshold(policy.alpha, analysis.attempt)),
    split: splitOf(state, policy),
    waiting: null,
  };
}

type FirstSettled =
  | { readonly settled: true; readonly source: CountSource; readonly at: Instant }
  | { readonly settled: false; readonly why: string };

/**
 * Where requests are counted, from the shortest stretch of sealed windows that settles it: a look that comes late sees more
 * windows at once and must choose as one that came early did.
 */
function firstSettled({ rows, before, state, sealedTo }: JudgeInput): FirstSettled {
  const from = state.evidenceFrom;
  let why = `warming up: the first ${formatDuration(windowLengthMs)} of both versions are judged within ${formatDuration(from + windowLengthMs - sealedTo)}`;
  for (let to = from + windowLengthMs; to <= sealedTo; to += windowLengthMs) {
    const until = rows.filter(({ row }) => row.window < to);
    const choice = chooseCountSource(until, before, { from, to });
    if (choice.settled) return { settled: true, source: choice.source, at: to };
    why = choice.why;
  }
  return { settled: false, why };
}

function withLastSeen(state: EngineState, rows: readonly ArmRow[]): EngineState {
  return {
    ...state,
    integrity: {
      ...state.integrity,
      canaryLast: lastSeen(rows, "canary", state.integrity.canaryLast),
      baselineLast: lastSeen(rows, "baseline", state.integrity.baselineLast),
    },
  };
}

function nothingYet(state: EngineState, policy: Policy, attempt: number, why: string): Judgement {
  return {
    state,
    concluded: [],
    logHarm: 0,
    harmNeeded: harmThreshold(policy.alpha, attempt),
    culprits: [],
    split: null,
    waiting: why,
  };
}

function* foldAll(
  state: EngineState,
  input: JudgeInput,
  context: FoldContext & { readonly plannedTo: Instant },
): Steps<EngineState> {
  const planned = state.signals.length === 0 ? planAll(input, context) : state.signals;
  const baselineHistory =
    state.signals.length === 0
      ? baselineBefore(input.before, context.counts)
      : state.integrity.baselineHistory;
  const grown = addLateOperations(
    { ...state, signals: planned, integrity: { ...state.integrity, baselineHistory } },
    input,
    context,
  );
  const signals: SignalState[] = [];
  for (const signal of grown.signals) {
    signals.push(
      guardedFrom(
        () =>
          signal.test === "gauge"
            ? foldGaugeSignal(signal, input.rows, context)
            : foldSignal(signal, input.rows, context),
        (why) => failed(signal, why),
      ),
    );
    yield;
  }
  const integrity = foldIntegrity(grown.integrity, input.rows, {
    counts: context.counts,
    evidenceFrom: context.evidenceFrom,
    sealedTo: context.sealedTo,
    weights: declaredWeights(input),
  });
  const patterns = guardedFrom(
    () => foldLogs(grown.patterns, input, context),
    (failure) => ({ ...grown.patterns, failure }),
  );
  return { ...grown, signals, integrity, patterns };
}

/**
 * A fault in one analyzer makes its signal unknown and leaves the others judged: it must not hold up a rollback that they
 * show, and unknown never passes.
 */
function guardedFrom<T>(attempt: () => T, otherwise: (why: string) => T): T {
  try {
    return attempt();
  } catch (error) {
    return otherwise(error instanceof Error ? error.message : String(error));
  }
}

function failed({ signal, foldedTo }: SignalState, why: string): Extract<SignalState, { test: "unusable" }> {
  return { signal, test: "unusable", foldedTo, why: `its analyzer failed: ${why}` };
}

/** What the baseline showed before the canary came: its history begins there. */
function baselineBefore(before: readonly ArmRow[], counts: CountSource): { n: number; x: number } {
  const history = { n: 0, x: 0 };
  for (const { row } of before) {
    const n = requestsOf(row, counts.source);
    if (n === 0 || row.sample.kind !== "requests") continue;
    history.n += n;
    history.x += row.sample.errors;
  }
  return history;
}

/** Commanded weights; where nobody commands, the share that the policy declares. */
function declaredWeights({ analysis, policy, state }: JudgeInput): Analysis["weights"] {
  const { share } = policy.split;
  if (analysis.mode === "act" || share === null) return analysis.weights;
  return [{ canaryWeight: share * 100, from: state.evidenceFrom, to: null }];
}

function planAll(
  input: JudgeInput,
  context: FoldContext & { readonly plannedTo: Instant },
): readonly SignalState[] {
  const traffic = new Map<string, number>();
  for (const { arm, row } of [...input.before, ...input.rows]) {
    if (row.measure.kind !== "requests" || row.measure.operation === overflowOperation) continue;
    if (row.window >= context.plannedTo) continue;
    const requests = requestsOf(row, context.counts.source);
    if (requests === 0) continue;
    const { operation } = row.measure;
    traffic.set(operation, (traffic.get(operation) ?? 0) + (arm === "baseline" ? requests : 0));
  }
  const operations = [...traffic.entries()].map(([operation, requests]) => ({
    operation,
    requests: Math.max(1, requests),
  }));
  return planSignals(input.policy, operations, input.signalCap).map((signal) =>
    signal.kind === "gauge" ? openGauge(signal, context) : openSignal(signal, context),
  );
}

/** Operations first seen after the weights were fixed, in order of their first window, then of name: the same however late one looks. */
function addLateOperations(state: EngineState, input: JudgeInput, context: FoldContext): EngineState {
  if (!input.policy.operations) return state;
  const known = new Set(state.signals.map(({ signal }) => signal.operation));
  const firstWindow = new Map<string, Instant>();
  for (const { row } of input.rows) {
    if (row.measure.kind !== "requests" || requestsOf(row, context.counts.source) === 0) continue;
    const { operation } = row.measure;
    if (known.has(operation) || operation === overflowOperation) continue;
    firstWindow.set(operation, Math.min(firstWindow.get(operation) ?? row.window, row.window));
  }
  const coming = [...firstWindow.entries()]
    .sort(([a, at], [b, bt]) => at - bt || (a < b ? -1 : 1))
    .map(([operation]) => operation);
  const room = Math.max(0, Math.floor((input.signalCap - state.signals.length) / 2));
  const taken = coming.slice(0, room);
  const added = taken.flatMap((operation, at) =>
    lateOperationSignals(operation, state.lateOperations.length + at + 1).map((signal) => {
      const opened = openSignal(signal, { ...context, before: [], minutesBefore: [] });
      // What was folded before it came held none of it; its evidence starts where the others stand.
      return { ...opened, foldedTo: Math.max(opened.foldedTo, state.integrity.foldedTo ?? opened.foldedTo) };
    }),
  );
  return {
    ...state,
    signals: [...state.signals, ...added],
    lateOperations: [...state.lateOperations, ...taken],
    unjudgedOperations: Math.max(state.unjudgedOperations, coming.length - taken.length),
  };
}

function warmth(input: JudgeInput): IsWarm {
  const warmFrom = new Map(
    input.instances.map(({ id, started, firstSeen }) => [id, (started ?? firstSeen) + input.policy.warmUp]),
  );
  return (row, arm) => {
    const window = arm === "baseline" ? row.window - input.state.referenceShiftMs : row.window;
    return window >= (warmFrom.get(row.instanceId) ?? Infinity);
  };
}

/** Weight that has no evidence counts as an e-value of 1: unused weight is not given to others. */
function meanHarm(concluded: readonly Concluded[]): number {
  const logs = concluded.map(({ logHarm }) => logHarm ?? 0);
  const weights = concluded.map(({ signal }) => signal.weight);
  const used = weights.reduce((sum, weight) => sum + weight, 0);
  return logWeightedMean([...logs, 0], [...weights, Math.max(0, 1 - used)]);
}

function culpritsOf(concluded: readonly Concluded[], logHarm: number, needed: number): readonly Concluded[] {
  if (logHarm < needed) return [];
  const strength = ({ logHarm: own, signal }: Concluded): number =>
    (own ?? -Infinity) + Math.log(signal.weight);
  const byStrength = [...concluded].sort((a, b) => strength(b) - strength(a));
  const closed = closedWeightedMeans(
    byStrength.map(({ logHarm: own, signal }) => ({ logE: own ?? 0, weight: signal.weight })),
  );
  const named = byStrength.filter((_, at) => (closed[at] ?? 0) >= needed);
  return named.length > 0 ? named : byStrength.slice(0, 1);
}

function splitOf(state: EngineState, policy: Policy): SplitJudgement | null {
  const judged = state.integrity.split
    .filter(({ weight, canary, baseline }) => weight > 0 && weight < 100 && canary + baseline > 0)
    .map(({ weight, canary, baseline }) => {
      const declaredShare = weight / 100;
      const { logE } = concludeSplit({
        canary,
        baseline,
        declaredCanaryShare: declaredShare,
        tolerance: policy.split.tolerance,
      });
      return { declaredShare, canary, baseline, logE, deviates: logE >= splitNeeded };
    });
  return judged.reduce<SplitJudgement | null>(
    (worst, one) => (worst === null || one.logE > worst.logE ? one : worst),
    null,
  );
}

/** Narrow view of what the count source says, for notes. */
export function describeCounts(counts: CountSource | null): string {
  return counts === null
    ? "Where requests are counted is not settled yet."
    : `Requests are counted from ${counts.source}: ${counts.why}; evidence in tiles of ${counts.tileMs / 1000} s.`;
}
