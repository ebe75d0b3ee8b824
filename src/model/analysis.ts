import type { Finding } from "./finding.ts";
import type { Instant } from "./time.ts";
import type { Verdict, VerdictWord } from "./verdict.ts";

/** `act`: commands go to the controller. `report`: the verdict is given and nothing is done about it. */
export type Mode = "act" | "report";

/** One side as asked for (any alias), and as resolved once its telemetry is seen. */
export interface ArmRef {
  readonly asked: string;
  readonly deploymentIds: readonly number[];
  readonly label: string;
}

/**
 * Where an acting analysis stands.
 * moving: a weight was asked for and is not yet confirmed. watching: the weight is in force since `since`.
 * held: an operator or the policy stopped the climb. ending: a last weight is commanded. ended: it is confirmed, or there was nothing to do.
 */
export type Phase =
  | { readonly phase: "moving"; readonly step: number; readonly since: Instant }
  | { readonly phase: "watching"; readonly step: number; readonly since: Instant }
  | { readonly phase: "held"; readonly step: number; readonly since: Instant; readonly why: string }
  | { readonly phase: "ending"; readonly as: EndedAs; readonly since: Instant }
  | { readonly phase: "ended"; readonly as: EndedAs; readonly since: Instant };

export type EndedAs = "promoted" | "rolledBack" | "reported" | "superseded";

/** What is being done about the verdict, in one word and one sentence, apart from the verdict itself (decision 21). */
export interface Action {
  readonly kind: "none" | "hold" | "climb" | "rollback" | "promote";
  readonly text: string;
}

/** A weight in force, for the drawing of steps and the split test. */
export interface WeightSpan {
  readonly canaryWeight: number;
  readonly from: Instant;
  readonly to: Instant | null;
}

export interface Analysis {
  readonly id: string;
  readonly service: string;
  readonly environment: string;
  readonly canary: ArmRef;
  readonly baseline: ArmRef;
  readonly attempt: number;
  readonly mode: Mode;
  readonly policy: string;
  readonly policyVersion: number;
  readonly controller: string | null;
  readonly opened: Instant;
  /** Who opened it: "api", "auto", "replay", with detail for people. */
  readonly openedBy: string;
  readonly phase: Phase;
  readonly weights: readonly WeightSpan[];
  /** The one terminal verdict of this attempt, and when it was given. */
  readonly terminal: { readonly word: VerdictWord; readonly at: Instant } | null;
  readonly verdict: Verdict;
  readonly action: Action;
  readonly findings: readonly Finding[];
}

/** One point of the drawing that narrows: an interval of one signal at one look. */
export interface IntervalPoint {
  readonly at: Instant;
  readonly signal: string;
  readonly effect: number;
  readonly low: number;
  readonly high: number;
}
