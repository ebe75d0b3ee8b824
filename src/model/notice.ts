import type { Action, Mode } from "./analysis.ts";
import type { Command } from "./command.ts";
import type { Instant } from "./time.ts";
import type { Reason, VerdictWord } from "./verdict.ts";

/** What receivers are told of: the three terminal verdicts, and a command that is still not in force. */
export const noticeEvents = ["promote", "rollback", "inconclusive", "stalled"] as const;
export type NoticeEvent = (typeof noticeEvents)[number];

/** A signal that is worse, with what a reader needs of it; what is not finite is null. */
export interface WorseSignal {
  readonly signal: string;
  readonly operation: string;
  readonly why: string;
  readonly unit: string;
  readonly canary: number | null;
  readonly baseline: number | null;
  /** Ratio canary to baseline, and where it lies. */
  readonly effect: number | null;
  readonly interval: readonly [low: number | null, high: number | null] | null;
}

/** What is told about one decision; written once and never changed, so that every retry and replay says the same. */
export interface Told {
  readonly at: Instant;
  readonly analysisId: string;
  readonly service: string;
  readonly environment: string;
  /** Labels for people. */
  readonly canary: string;
  readonly baseline: string;
  readonly attempt: number;
  readonly mode: Mode;
  readonly verdict: VerdictWord;
  readonly action: Action;
  readonly reasons: readonly Reason[];
  readonly worse: readonly WorseSignal[];
  /** The command that is not in force, where the event is `stalled`. */
  readonly stalled:
    | (Pick<Command, "controller" | "kind" | "canaryWeight"> & {
        readonly attempts: number;
        readonly lastError: string | null;
      })
    | null;
}

/** One message to one receiver about one event; there is one of each (analysis, event, subject, receiver). */
export interface Notice {
  readonly event: NoticeEvent;
  /** Which of several of one event: the id of the stalled command; "" for a verdict, of which there is one. */
  readonly subject: string;
  readonly receiver: string;
  readonly told: Told;
}
