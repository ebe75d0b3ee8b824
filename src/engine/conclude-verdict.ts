import type { Analysis } from "#model/analysis.ts";
import type { Finding } from "#model/finding.ts";
import { formatDuration, windowLengthMs, type Instant } from "#model/time.ts";
import type { Reason, Verdict, VerdictWord } from "#model/verdict.ts";
import { deadlineShare, type Concluded } from "./findings.ts";
import { attemptFactor } from "./fold.ts";
import { baselineSick, silenceTells, silentForMs, suspectsIdentical } from "./integrity.ts";
import type { Judgement } from "./judge.ts";
import { suspectedPattern } from "./pattern-findings.ts";
import type { Policy } from "./policy.ts";
import type { EngineState } from "./signal.ts";
import { sayRatio, sayShare, sayValue } from "./wording.ts";

/** Harm is suspected, and neither a climb nor a promotion allowed, once the e-value against "no harm" reaches this. */
export const suspicion = Math.log(10);

/** What the verdict is drawn from, beside the judgement. */
export interface VerdictInput {
  readonly analysis: Analysis;
  readonly policy: Policy;
  readonly judgement: Judgement;
  readonly sealedTo: Instant;
  readonly now: Instant;
  /** Many canaries lost their data at once: our own outage is likelier than theirs. */
  readonly frozen: boolean;
  /** Telemetry from a queue that lags: a verdict is stale and cannot promote (decision 6). */
  readonly stale: boolean;
}

/** A verdict, and why the weight must not rise although nothing is decided. */
export interface VerdictOutcome {
  readonly verdict: Verdict;
  /** Reasons that stop a climb and a promotion; empty where the way is free. */
  readonly blocks: readonly Reason[];
  readonly safe: boolean;
}

/**
 * The verdict at one seal. Harm first, whatever the integrity checks say (decision 18); then silence; then the horizon, at
 * which nothing promotes; then proof of non-inferiority of every guarded signal.
 */
export function concludeVerdict(input: VerdictInput): VerdictOutcome {
  const { analysis, policy, judgement, now } = input;
  const blocks = blocksOf(input);
  const unproven = unprovenOf(judgement, policy);
  const safe = unproven.length === 0 && judgement.waiting === null;
  const say = (word: VerdictWord, terminal: boolean, reasons: readonly Reason[]): VerdictOutcome => ({
    verdict: {
      word,
      terminal,
      at: now,
      validUntil: now + 2 * windowLengthMs + policy.settle,
      reasons,
    },
    blocks,
    safe,
  });
  if (judgement.logHarm >= judgement.harmNeeded) return say("rollback", true, harmReasons(judgement));
  const over = judgement.concluded.flatMap(({ overLimit }) => (overLimit === null ? [] : [overLimit]));
  if (over.length > 0)
    return say(
      "rollback",
      true,
      over.map((text) => ({ code: "harm", text })),
    );
  const silence = silenceOf(input);
  if (silence !== null && silence.ends) return say("rollback", true, [silence.reason]);
  const ended = atHorizon(input) ?? noDataOf(input);
  if (ended !== null) return say(ended.word, true, ended.reasons);
  const young = now - analysis.opened < policy.minimum;
  const steps = stepsLeft(analysis, policy, now);
  if (safe && blocks.length === 0 && !young && steps === null) {
    return say("promote", true, [{ code: "safe", text: safeText(judgement, policy) }]);
  }
  const waits: Reason[] = [...blocks];
  if (judgement.waiting !== null) waits.push({ code: "waiting", text: judgement.waiting });
  else if (!safe) waits.push({ code: "collecting", text: unproven.join("; ") });
  else if (steps !== null) waits.push({ code: "steps", text: steps });
  else if (young)
    waits.push({
      code: "collecting",
      text: `the policy's minimum of ${formatDuration(policy.minimum)} is not over`,
    });
  return say("continue", false, waits);
}

/** An operation's e-value from which it is said to explain harm that was shown for the whole service. */
const explains = Math.log(10);

/** An operation explains more than the whole service: what is shown for one speaks first. */
function harmReasons(judgement: Judgement): readonly Reason[] {
  const { culprits, concluded } = judgement;
  const named = culprits.map(({ finding, signal }) => ({ signal, text: sayHarm(finding) }));
  const whole = culprits.filter(({ signal }) => signal.operation === "");
  const explaining = whole.flatMap(({ signal }) => {
    if (culprits.some((other) => other.signal.kind === signal.kind && other.signal.operation !== ""))
      return [];
    const strongest = concluded
      .filter((other) => other.signal.kind === signal.kind && other.signal.operation !== "")
      .reduce<Concluded | null>(
        (most, other) => ((other.logHarm ?? 0) > (most?.logHarm ?? 0) ? other : most),
        null,
      );
    if (strongest === null || (strongest.logHarm ?? 0) < explains) return [];
    return [{ signal: strongest.signal, text: `most of it in ${sayHarm(strongest.finding)}` }];
  });
  return [...named, ...explaining]
    .sort((a, b) => Number(b.signal.operation !== "") - Number(a.signal.operation !== ""))
    .map(({ text }) => ({ code: "harm", text }));
}

/** A signal named by the evidence of all together may still be open alone: its own sentence must not deny what was decided. */
function sayHarm({ why, tolerance }: Finding): string {
  const [facts = why, undecided] = why.split("; neither harm nor safety");
  return undecided === undefined || tolerance === null
    ? facts
    : `${facts}; up to ${sayRatio(tolerance)} is tolerated`;
}

/** In one breath: each guarded signal with both values and the limit that it is proven to stay below. */
function safeText(judgement: Judgement, policy: Policy): string {
  const guarded = judgement.concluded.filter(({ signal }) => signal.guarded);
  const parts = guarded.map(({ signal, finding: { canary, baseline, margin } }) => {
    const shown = ({ value, unit }: Finding["canary"]): string =>
      value === null ? "unknown" : unit === "share" ? sayShare(value) : sayValue(value, unit);
    const ceiling =
      signal.kind === "errors" && policy.errors.ceiling !== null
        ? ` or ${sayShare(policy.errors.ceiling)}`
        : "";
    const limit = margin === null ? "" : `, below ${sayRatio(margin)}${ceiling}`;
    return `${signal.id} ${shown(canary)} against ${shown(baseline)}${limit}`;
  });
  return `every guarded signal is proven good enough: ${parts.join("; ")}`;
}

/** One sentence for each guarded signal whose non-inferiority is not proven. */
function unprovenOf(judgement: Judgement, policy: Policy): readonly string[] {
  const guarded = judgement.concluded.filter(({ signal }) => signal.guarded);
  if (guarded.length === 0)
    return ["the policy guards no signal: nothing can be proven, so nothing promotes"];
  return guarded
    .filter(({ logSafe }) => logSafe === null || logSafe < -Math.log(policy.beta))
    .map(({ finding }) => finding.why);
}

function blocksOf({
  judgement,
  policy,
  sealedTo,
  frozen,
  stale,
  now,
  analysis,
}: VerdictInput): readonly Reason[] {
  const { state, split } = judgement;
  const { integrity } = state;
  const blocks: Reason[] = [];
  if (frozen && !stale) {
    blocks.push({
      code: "freeze",
      text: "many canaries lost their data at once: nothing is promoted and no silence ends a canary until data is back",
    });
  }
  if (stale) blocks.push({ code: "stale", text: "the telemetry source lags by more than 60 s" });
  if (state.gapUntil !== null && now < state.gapUntil) {
    blocks.push({
      code: "gap",
      text: "ingestion had a gap; a full window must pass before anything is promoted",
    });
  }
  blocks.push(...silences(analysis, state, sealedTo));
  if (baselineSick(integrity)) {
    blocks.push({
      code: "baselineSick",
      text: "the baseline itself fails far more than before: nothing can be proven against it",
    });
  }
  if (suspectsIdentical(integrity)) {
    blocks.push({
      code: "suspectIdentical",
      text: "canary and baseline show exactly the same numbers: a copy or a wrong tag is likelier than luck",
    });
  }
  if (split?.deviates === true) {
    const share = split.canary / (split.canary + split.baseline);
    blocks.push({
      code: "split",
      text: `the canary gets ${sayShare(share)} of the requests where ${sayShare(split.declaredShare)} was set, beyond the tolerated ${sayShare(policy.split.tolerance)} of it`,
    });
  }
  const suspected = suspectedPattern(judgement.concluded);
  if (judgement.logHarm >= suspicion) {
    blocks.push({ code: "collecting", text: "harm is suspected and not yet shown" });
  } else if (suspected !== null) {
    blocks.push({ code: "collecting", text: `harm is suspected and not yet shown: ${suspected.why}` });
  }
  return blocks;
}

/** Silence of one arm or of both, which stops a climb and a promotion. */
function silences(analysis: Analysis, state: EngineState, sealedTo: Instant): readonly Reason[] {
  const { integrity, counts } = state;
  const blocks: Reason[] = [];
  const tileMs = counts?.tileMs ?? windowLengthMs;
  const canarySilentMs = silentForMs(integrity.canaryLast, sealedTo, tileMs);
  const baselineSilentMs = silentForMs(integrity.baselineLast, sealedTo, tileMs);
  if (canarySilentMs > 0 && baselineSilentMs > 0 && state.referenceShiftMs === 0) {
    blocks.push({
      code: "noDataBoth",
      text: `no telemetry of either version for ${formatDuration(Math.min(canarySilentMs, baselineSilentMs))}`,
    });
  } else if (canarySilentMs > 0) {
    blocks.push({ code: "noData", text: `no telemetry of the canary for ${formatDuration(canarySilentMs)}` });
  } else if (baselineSilentMs > 0 && state.referenceShiftMs === 0 && baselineShouldServe(analysis)) {
    blocks.push({
      code: "noData",
      text: `no telemetry of the baseline for ${formatDuration(baselineSilentMs)}: there is nothing to compare with`,
    });
  }
  const unservedMs = silentForMs(integrity.canaryServedTo, integrity.foldedTo ?? sealedTo, tileMs);
  if (canarySilentMs === 0 && unservedMs > 0 && silenceTells(integrity, unservedMs, "spans")) {
    blocks.push({
      code: "lowData",
      text: `the canary sends telemetry but has served no request for ${formatDuration(unservedMs)}: nothing can be learned`,
    });
  }
  return blocks;
}

/** At a canary weight of 100 % the baseline has nothing to tell, and its silence means nothing. */
function baselineShouldServe({ weights }: Analysis): boolean {
  return weights.every(({ to, canaryWeight }) => to !== null || canaryWeight < 100);
}

/** The canary fell silent while the baseline flows: a reason to hold, and after the grace to end as the policy says. */
function silenceOf(input: VerdictInput): { readonly reason: Reason; readonly ends: boolean } | null {
  const { judgement, policy, frozen } = input;
  const { integrity, counts } = judgement.state;
  const never = integrity.canaryLast === null;
  const silentMs = baselineFlows(input) ? canarySilentMs(input) : 0;
  if (silentMs === 0) return null;
  const tells = never || counts === null || silenceTells(integrity, silentMs, counts.source);
  const text = `no telemetry of the canary for ${formatDuration(silentMs)}${never ? " although it was given traffic" : ""} while the baseline's flows: it may be dead; the policy waits ${formatDuration(policy.silence.grace)}`;
  return {
    reason: { code: "silence", text },
    ends: tells && !frozen && policy.silence.then === "rollback" && silentMs >= policy.silence.grace,
  };
}

function baselineFlows({ judgement, sealedTo }: VerdictInput): boolean {
  const { integrity, counts, referenceShiftMs } = judgement.state;
  if (referenceShiftMs > 0) return true;
  const tileMs = counts?.tileMs ?? windowLengthMs;
  return integrity.baselineLast !== null && silentForMs(integrity.baselineLast, sealedTo, tileMs) === 0;
}

/** Since its last telemetry; where it never sent any, since it was given traffic. */
function canarySilentMs({ judgement, sealedTo, analysis }: VerdictInput): number {
  const { integrity, counts } = judgement.state;
  if (integrity.canaryLast !== null) {
    return silentForMs(integrity.canaryLast, sealedTo, counts?.tileMs ?? windowLengthMs);
  }
  const inForce = analysis.weights.find(({ to }) => to === null);
  return inForce === undefined || inForce.canaryWeight === 0 ? 0 : Math.max(0, sealedTo - inForce.from);
}

function atHorizon(
  input: VerdictInput,
): { readonly word: VerdictWord; readonly reasons: readonly Reason[] } | null {
  const { analysis, policy, judgement, now } = input;
  if (now - analysis.opened < policy.horizon) return null;
  const tested = judgement.concluded.filter(({ signal, deadlineP }) => signal.guarded && deadlineP !== null);
  const level =
    (deadlineShare(policy) * policy.alpha * attemptFactor(analysis.attempt)) / Math.max(1, tested.length);
  const failed = tested.filter(({ deadlineP }) => deadlineP !== null && deadlineP <= level);
  if (failed.length > 0) {
    return {
      word: "rollback",
      reasons: failed.map(({ finding }) => ({
        code: "deadlineHarm",
        text: `at the end of ${formatDuration(policy.horizon)} the exact test shows harm: ${finding.why}`,
      })),
    };
  }
  const missing = [...blocksOf(input).map(({ text }) => text), ...unprovenOf(judgement, policy)];
  const text = judgement.waiting ?? missing.join("; ");
  return {
    word: "inconclusive",
    reasons: [
      {
        code: "deadline",
        text: `${formatDuration(policy.horizon)} are over and neither harm nor safety is proven: ${text}`,
      },
    ],
  };
}

/** Neither version has sent anything for longer than the policy waits. */
function noDataOf(
  input: VerdictInput,
): { readonly word: VerdictWord; readonly reasons: readonly Reason[] } | null {
  const { analysis, policy, judgement, now, sealedTo, frozen } = input;
  const { canaryLast, baselineLast } = judgement.state.integrity;
  const lastOfBoth = canaryLast === null || baselineLast === null ? null : Math.max(canaryLast, baselineLast);
  const quietMs = lastOfBoth === null ? now - analysis.opened : sealedTo - lastOfBoth;
  if (frozen || quietMs < policy.noData.grace) return null;
  const text =
    lastOfBoth === null
      ? `no telemetry to compare came within ${formatDuration(policy.noData.grace)}: ${judgement.waiting ?? "one version was never seen"}`
      : `no telemetry of either version for ${formatDuration(quietMs)}`;
  return { word: "inconclusive", reasons: [{ code: "noDataBoth", text }] };
}

/** What is left of an acting analysis' climb, or null where it is served (decision 22). */
function stepsLeft(analysis: Analysis, policy: Policy, now: Instant): string | null {
  if (analysis.mode === "report" || policy.promoteEarly) return null;
  const { phase } = analysis;
  const last = policy.steps.length - 1;
  if (phase.phase === "held") return `held: ${phase.why}`;
  if (phase.phase === "moving")
    return `waiting for the controller to confirm ${policy.steps[phase.step]?.weight ?? 0} %`;
  if (phase.phase !== "watching") return null;
  const dwell = policy.steps[phase.step]?.dwell ?? 0;
  if (phase.step < last) return `good so far; step ${phase.step + 1} of ${policy.steps.length} of the climb`;
  return now - phase.since >= dwell
    ? null
    : `proven; serving the last step for ${formatDuration(dwell - (now - phase.since))} more`;
}
