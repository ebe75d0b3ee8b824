import type { Instant } from "./time.ts";

export type VerdictWord = "promote" | "rollback" | "continue" | "inconclusive";

/** Why a verdict stands where it does, as a stable code for programs and a sentence for people. */
export interface Reason {
  readonly code: ReasonCode;
  readonly text: string;
}

/** `harm`, `safe` and `deadline` come from evidence; the others are the rows of the table for missing or sick data. */
export type ReasonCode =
  | "harm"
  | "deadlineHarm"
  | "safe"
  | "collecting"
  | "deadline"
  | "noData"
  | "noDataBoth"
  | "silence"
  | "lowData"
  | "freeze"
  | "baselineSick"
  | "suspectIdentical"
  | "split"
  | "sparse"
  | "analyzerError"
  | "gap"
  | "stale"
  | "ambiguous"
  | "held"
  | "operator"
  | "superseded"
  | "waiting"
  | "steps"
  | "other";

/** The conclusion on one analysis at one seal, valid until an instant after which callers must hold. */
export interface Verdict {
  readonly word: VerdictWord;
  readonly terminal: boolean;
  /** Seal time of the newest window judged. */
  readonly at: Instant;
  readonly validUntil: Instant;
  readonly reasons: readonly Reason[];
}
