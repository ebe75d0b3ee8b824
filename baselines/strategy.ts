import type { Instant } from "#model/time.ts";

/** When both arms were seen, as far as a strategy may look. */
export interface ReferenceContext {
  /** First window of the canary. */
  readonly canaryFrom: Instant;
  /** First and last window of the baseline deployment; null where it was never seen. */
  readonly baselineFrom: Instant | null;
  readonly horizonMs: number;
}

/**
 * Says where the reference of a canary window lies: the baseline window that starts `shiftMs` earlier. The shift is
 * frozen when evidence starts, so that the same windows are compared whenever the evidence is computed again.
 */
export interface BaselineStrategy {
  readonly name: "concurrent" | "previous";
  /** What is shared by the two arms and what is not, for the notes of a verdict. */
  readonly assumption: string;
  shiftMs(context: ReferenceContext): number;
}
