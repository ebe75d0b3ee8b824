import type { Action, Analysis, EndedAs, Phase, WeightSpan } from "#model/analysis.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import type { Instant } from "#model/time.ts";
import type { Reason } from "#model/verdict.ts";
import type { VerdictOutcome } from "./conclude-verdict.ts";
import type { Policy } from "./policy.ts";

/** What the machine is told at one look. */
export interface DecideInput {
  readonly analysis: Analysis;
  readonly policy: Policy;
  /** Null where only a command's outcome or an operator moves the machine. */
  readonly outcome: VerdictOutcome | null;
  /** The newest command of the analysis, with what is known of it. */
  readonly newest: CommandRecord | null;
  readonly now: Instant;
}

/** A command without its number and name, which the store gives. */
export type Wish = Pick<Command, "canaryWeight" | "baselineWeight" | "kind" | "reason">;

export interface Decision {
  readonly phase: Phase;
  readonly action: Action;
  readonly weights: readonly WeightSpan[];
  /** The weight to command now, or null. */
  readonly wish: Wish | null;
}

/**
 * One step of the machine of an acting analysis: steps climb while nothing is suspected, a terminal verdict ends it, a
 * weight counts only once its controller confirmed it. A report-only analysis moves nothing and ends with its verdict.
 */
export function decide(input: DecideInput): Decision {
  const { analysis } = input;
  const weights = inForce(analysis, input.newest, input.now);
  const terminal = input.outcome?.verdict.terminal === true;
  if (analysis.mode === "report") {
    const ended: Phase = { phase: "ended", as: "reported", since: input.now };
    const phase = terminal && analysis.phase.phase !== "ended" ? ended : analysis.phase;
    return {
      phase,
      action: { kind: "none", text: "report only: nothing is moved" },
      weights: [],
      wish: null,
    };
  }
  const decision = terminal ? onTerminal(input) : onGoing(input);
  return {
    ...decision,
    weights: decision.wish === null ? weights : askedFor(weights, decision.wish, input.now),
  };
}

/** A weight is no longer known to be in force from the moment another is asked for. */
export function askedFor(weights: readonly WeightSpan[], wish: Wish, now: Instant): readonly WeightSpan[] {
  return weights.map((span) =>
    span.to === null && span.canaryWeight !== wish.canaryWeight ? { ...span, to: now } : span,
  );
}

function onTerminal(input: DecideInput): Omit<Decision, "weights"> {
  const { policy, outcome, now, analysis } = input;
  const word = outcome?.verdict.word;
  const why = sayReasons(outcome?.verdict.reasons ?? []);
  if (word === "promote") return end("promoted", why, now);
  if (word === "rollback" || policy.inconclusive.then === "rollback") return end("rolledBack", why, now);
  const text =
    "inconclusive: the weight is held where it stands; abort it, promote it, or open a new analysis";
  return { phase: hold(analysis, text, now), action: { kind: "hold", text }, wish: null };
}

/** The last command of an analysis, and the phase that waits for its confirmation. */
export function end(as: "promoted" | "rolledBack", why: string, now: Instant): Omit<Decision, "weights"> {
  const promoted = as === "promoted";
  return {
    phase: { phase: "ending", as, since: now },
    action: promoted
      ? { kind: "promote", text: "all traffic goes to the canary" }
      : { kind: "rollback", text: "all traffic goes back to the baseline" },
    wish: {
      canaryWeight: promoted ? 100 : 0,
      baselineWeight: promoted ? 0 : 100,
      kind: promoted ? "promote" : "rollback",
      reason: why,
    },
  };
}

// eslint-disable-next-line complexity -- every phase of the machine in one switch: they are read against each other
function onGoing(input: DecideInput): Omit<Decision, "weights"> {
  const { analysis, newest, now } = input;
  const { phase } = analysis;
  switch (phase.phase) {
    case "moving": {
      if (newest === null) return climbTo(phase.step, input);
      if (newest.status === "confirmed" && newest.command.kind === "step") {
        const since = inForce(analysis, newest, now).find(({ to }) => to === null)?.from ?? now;
        const watching: Phase = { phase: "watching", step: phase.step, since };
        return watch({ ...input, analysis: { ...analysis, phase: watching } });
      }
      if (newest.status === "rejected") {
        const why = `the controller refused the weight: ${newest.lastError ?? "no reason given"}`;
        return {
          phase: hold(analysis, why, now),
          action: { kind: "hold", text: why },
          wish: null,
        };
      }
      const text = `waiting for the controller to confirm ${newest.command.canaryWeight} %${newest.lastError === null ? "" : ` (${newest.lastError})`}`;
      return { phase, action: { kind: "climb", text }, wish: null };
    }
    case "watching":
      // The controller was found with another weight: the step is being asked for again, and its dwell starts anew.
      return newest !== null && newest.command.kind === "step" && newest.status !== "confirmed"
        ? onGoing({ ...input, analysis: { ...analysis, phase: { ...phase, phase: "moving", since: now } } })
        : watch(input);
    case "held":
      return { phase, action: { kind: "hold", text: phase.why }, wish: null };
    case "ending":
      return newest?.status === "rejected" && newest.command.kind === "promote"
        ? refusedPromotion(input, newest)
        : endingUntilConfirmed(phase, newest, now);
    case "ended":
      return { phase, action: analysis.action, wish: null };
  }
}

function watch(input: DecideInput): Omit<Decision, "weights"> {
  const { analysis, policy, outcome, now } = input;
  const { phase } = analysis;
  if (phase.phase !== "watching") return { phase, action: analysis.action, wish: null };
  const step = policy.steps[phase.step];
  const weight = step?.weight ?? 0;
  const held = outcome === null ? [] : outcome.blocks;
  if (held.length > 0) {
    return {
      phase,
      action: { kind: "hold", text: `the weight stays at ${weight} %: ${sayReasons(held)}` },
      wish: null,
    };
  }
  const served = step !== undefined && now - phase.since >= step.dwell;
  const next = policy.steps[phase.step + 1];
  const waits = outcome === null || outcome.verdict.reasons.some(({ code }) => code === "waiting");
  if (served && next !== undefined && !waits) {
    // With all the traffic on the canary there is nothing left to compare it with: what is unproven then stays so.
    if (next.weight < 100 || outcome.safe) return climbTo(phase.step + 1, input);
    const text = `the weight stays at ${weight} % until proof: 100 % would leave nothing to compare with`;
    return { phase, action: { kind: "hold", text }, wish: null };
  }
  return {
    phase,
    action: {
      kind: "climb",
      text: `the weight is ${weight} %, step ${phase.step + 1} of ${policy.steps.length}`,
    },
    wish: null,
  };
}

function climbTo(step: number, { policy, now }: DecideInput): Omit<Decision, "weights"> {
  const weight = policy.steps[step]?.weight ?? 0;
  const text = `step ${step + 1} of ${policy.steps.length}: ${weight} %`;
  return {
    phase: { phase: "moving", step, since: now },
    action: { kind: "climb", text },
    wish: { canaryWeight: weight, baselineWeight: 100 - weight, kind: "step", reason: text },
  };
}

/** The verdict stands, and whoever repairs the controller promotes again or aborts. */
function refusedPromotion(
  { policy, now }: DecideInput,
  { lastError }: CommandRecord,
): Omit<Decision, "weights"> {
  const why = `the controller refused the promotion: ${lastError ?? "no reason given"}; promote again or abort`;
  return {
    phase: { phase: "held", step: policy.steps.length - 1, since: now, why },
    action: { kind: "hold", text: why },
    wish: null,
  };
}

function endingUntilConfirmed(
  phase: Extract<Phase, { phase: "ending" }>,
  newest: CommandRecord | null,
  now: Instant,
): Omit<Decision, "weights"> {
  const action = endingAction(phase.as, newest);
  const done = newest !== null && newest.status === "confirmed" && newest.command.kind !== "step";
  return { phase: done ? { phase: "ended", as: phase.as, since: now } : phase, action, wish: null };
}

function endingAction(as: EndedAs, newest: CommandRecord | null): Action {
  const kind = as === "promoted" ? "promote" : "rollback";
  const what = as === "promoted" ? "all traffic goes to the canary" : "all traffic goes back to the baseline";
  if (newest === null || newest.status === "pending") return { kind, text: what };
  if (newest.status === "confirmed") return { kind, text: `${what}: confirmed by the controller` };
  return {
    kind,
    text: `${what}: not confirmed after ${newest.attempts} attempts${newest.lastError === null ? "" : ` (${newest.lastError})`}; still trying`,
  };
}

/** Stops the climb where it stands. */
export function hold(analysis: Analysis, why: string, now: Instant): Phase {
  const { phase } = analysis;
  const step =
    phase.phase === "moving" || phase.phase === "watching" || phase.phase === "held" ? phase.step : 0;
  return { phase: "held", step, since: now, why };
}

/** The weights that controllers confirmed, with the newest open until another is asked for or read back. */
function inForce(analysis: Analysis, newest: CommandRecord | null, now: Instant): readonly WeightSpan[] {
  const spans = analysis.weights;
  const open = spans.find(({ to }) => to === null);
  if (newest === null) return spans;
  const weight = newest.command.canaryWeight;
  if (newest.status !== "confirmed") {
    const hasDrifted = newest.confirmedAt !== null;
    return hasDrifted ? spans.map((span) => (span.to === null ? { ...span, to: now } : span)) : spans;
  }
  if (open !== undefined && open.canaryWeight === weight) return spans;
  const confirmed = newest.confirmedAt ?? now;
  const isAgain = spans.some(({ to }) => to !== null && to > confirmed);
  const from = isAgain ? now : confirmed;
  const closed = spans.map((span) =>
    span.to === null ? { ...span, to: Math.min(newest.sentAt ?? from, from) } : span,
  );
  return [...closed, { canaryWeight: weight, from, to: null }];
}

export function sayReasons(reasons: readonly Reason[]): string {
  return reasons.map(({ text }) => text).join("; ");
}
