import type { Instance } from "#model/deployment.ts";
import type { LogPattern } from "#model/log-pattern.ts";
import { concludeSignal, type Concluded } from "./findings.ts";
import type { FoldContext } from "./fold.ts";
import { foldPatternTiles, patternsBefore, type PatternContext } from "./pattern-evidence.ts";
import { concludePatterns } from "./pattern-findings.ts";
import type { PatternsState } from "./pattern-state.ts";
import type { Signal } from "./signal.ts";
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

/** The conclusion on every pattern; one that they are unknown once their analyzer failed. */
export function concludeLogs(
  state: PatternsState,
  input: PatternInput,
  fold: FoldContext,
): readonly Concluded[] {
  const { instances, lateRows } = input;
  const { failure } = state;
  if (failure !== null) {
    const why = `their analyzer failed: ${failure}`;
    return [
      concludeSignal({ signal: allPatterns, test: "unusable", foldedTo: fold.sealedTo, why }, [], fold),
    ];
  }
  return concludePatterns(state, { fold, instances, lateRows, patterns: contextOf(input, fold) });
}
