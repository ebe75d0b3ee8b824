import type { Instance } from "#model/deployment.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import { concludeSignal, type Concluded } from "./findings.ts";
import type { FoldContext } from "./fold.ts";
import { foldPatternTiles, patternsBefore, type PatternContext } from "./pattern-evidence.ts";
import { concludePatternsInSteps } from "./pattern-findings.ts";
import type { PatternsState } from "./pattern-state.ts";
import type { Signal } from "./signal.ts";
import type { Steps } from "./steps.ts";
import type { ArmRow } from "./tiles.ts";
import { groupWeight } from "./weights.ts";

/** What of a look the log patterns are judged on. */
export interface PatternInput {
  readonly rows: readonly ArmRow[];
  readonly lateRows: readonly ArmRow[];
  readonly before: readonly ArmRow[];
  readonly instances: readonly Instance[];
  /** Which forms of log line are one pattern now; none where the policy does not judge logs. */
  readonly patterns: readonly LogPattern[];
}

const allPatterns: Signal = {
  ...{ id: "log patterns", kind: "logs", operation: "", metric: "", guarded: false },
  weight: groupWeight.patterns,
};

function contextOf({ patterns }: PatternInput, fold: FoldContext): PatternContext {
  const { counts, evidenceFrom, sealedTo, isWarm } = fold;
  return { counts, evidenceFrom, sealedTo, isWarm, patterns };
}

/** Adds what was sealed since the last look; what the baseline showed before the canary came is kept at the first. */
export function foldLogs(state: PatternsState, input: PatternInput, fold: FoldContext): PatternsState {
  if (!fold.policy.logs.judged || state.failure !== null) return state;
  const opened = state.foldedTo === null ? { ...state, before: patternsBefore(input.before) } : state;
  return foldPatternTiles(opened, input.rows, contextOf(input, fold));
}

/** The conclusion on every pattern, with a pause after each; one that they are unknown once their analyzer failed. */
export function* concludeLogs(
  state: PatternsState,
  input: PatternInput,
  fold: FoldContext,
): Steps<readonly Concluded[]> {
  const { instances, lateRows } = input;
  if (state.failure !== null) return [unknownPatterns(state.failure, fold)];
  try {
    return yield* concludePatternsInSteps(state, {
      ...{ fold, instances, lateRows, patterns: contextOf(input, fold) },
    });
  } catch (error) {
    return [unknownPatterns(error instanceof Error ? error.message : String(error), fold)];
  }
}

function unknownPatterns(failure: string, fold: FoldContext): Concluded {
  const why = `their analyzer failed: ${failure}`;
  return concludeSignal({ signal: allPatterns, test: "unusable", foldedTo: fold.sealedTo, why }, [], fold);
}
