import type { VerdictWord } from "#model/verdict.ts";

/** What the process ends with. Rollback and undecided are apart from failures, so that a pipeline can tell them. */
export const exitCodes = {
  promote: 0,
  done: 0,
  internal: 1,
  usage: 2,
  rollback: 3,
  undecided: 4,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

const codeOf: Readonly<Record<VerdictWord, ExitCode>> = {
  promote: exitCodes.promote,
  rollback: exitCodes.rollback,
  continue: exitCodes.undecided,
  inconclusive: exitCodes.undecided,
};

/** One code for the last verdicts of several services: rollback before undecided before promote. No verdict at all is undecided. */
export function exitCodeOf(verdicts: readonly VerdictWord[]): ExitCode {
  const codes = verdicts.map((verdict) => codeOf[verdict]);
  if (codes.includes(exitCodes.rollback)) return exitCodes.rollback;
  return codes.length === 0 || codes.includes(exitCodes.undecided) ? exitCodes.undecided : exitCodes.promote;
}
