import type { Instant } from "./time.ts";

/** The conclusion on one signal. `unknown` is a conclusion with a reason, never a default and never a pass. */
export type Conclusion = "worse" | "notWorse" | "open" | "unknown";

export type FindingKind =
  | "errors"
  | "latency"
  | "logs"
  | "counter"
  | "gauge"
  | "histogram"
  | "split"
  | "silence"
  | "baseline"
  | "identity";

/** What one arm showed for a signal: exposure, value with its unit, and how many instances it came from. */
export interface ArmReading {
  readonly n: number;
  readonly value: number | null;
  readonly unit: string;
  readonly instances: number;
}

/** A line that shows a pattern, as redacted when it was kept. */
export interface PatternLine {
  readonly arm: "canary" | "baseline";
  /** Name of the instance; "" where it is not known. */
  readonly instance: string;
  readonly at: Instant;
  readonly line: string;
  readonly traceId: string | null;
}

/**
 * What a finding on a log pattern shows beside its figures. `new`: the canary shows it and the baseline never did; `more`: it
 * comes more often; `gone`: the baseline shows it and the canary no longer does, which is told and never harm; `known`: both show it.
 */
export interface PatternShown {
  readonly id: string;
  readonly template: string;
  readonly change: "new" | "more" | "gone" | "known";
  /** OTLP severity number. */
  readonly severity: number;
  /** Ids of known failures. */
  readonly failures: readonly string[];
  readonly exception: string | null;
  readonly firstSeen: Instant;
  readonly lines: readonly PatternLine[];
  /** Why it weighs what it does. */
  readonly weighed: string;
}

/**
 * One shape on every surface. `effect` and `interval` are ratios canary/baseline (for a split, shares of traffic);
 * `tolerance` is the ratio that is not yet harm, `margin` the ratio that promotion must exclude, as widened by what the
 * instances can resolve. `evidence` holds natural logs of e-values and the thresholds that they must reach.
 */
export interface Finding {
  readonly signal: string;
  readonly kind: FindingKind;
  /** The operation, or "" for the whole service. */
  readonly operation: string;
  readonly conclusion: Conclusion;
  readonly why: string;
  readonly canary: ArmReading;
  readonly baseline: ArmReading;
  readonly effect: number | null;
  readonly interval: readonly [low: number, high: number] | null;
  readonly tolerance: number | null;
  readonly margin: number | null;
  /** Set where `margin` is wider than the policy's: why. */
  readonly marginWhy: string | null;
  readonly guarded: boolean;
  readonly weight: number;
  readonly evidence: {
    readonly harm: number | null;
    readonly harmNeeded: number | null;
    readonly safe: number | null;
    readonly safeNeeded: number | null;
    readonly tiles: number;
    readonly tileMs: number;
  };
  /** Of a log pattern only. */
  readonly pattern?: PatternShown;
}
