/** What one miner may hold; what comes past a limit is counted under its name and goes to the pattern `<other>` of its source. */
export interface MinerLimits {
  /** Patterns at one time. */
  readonly patterns: number;
  /** Distinct token sequences that are remembered. */
  readonly skeletons: number;
  /** UTF-16 code units of all remembered sequences. */
  readonly skeletonChars: number;
  /** Places of a pattern where its lines differ in a word. */
  readonly holes: number;
  /** Sequences with one word left out that are watched for siblings; past it the oldest is forgotten. */
  readonly openHoles: number;
  /** Sources: combinations of logger, event, template and function. */
  readonly sources: number;
  /** Siblings that show that a word is a variable. */
  readonly siblings: number;
  /** The same where only one other word would remain. */
  readonly siblingsOfOneWord: number;
}

export const defaultMinerLimits: MinerLimits = {
  patterns: 5000,
  skeletons: 50_000,
  skeletonChars: 16_000_000,
  holes: 4,
  openHoles: 100_000,
  sources: 2000,
  siblings: 5,
  siblingsOfOneWord: 12,
};

/** How often each limit was met: lines that found no place, and steps that were not taken. All 0: groups do not depend on the order of lines. */
export interface MinerBounds {
  readonly patterns: number;
  readonly skeletons: number;
  readonly holes: number;
  readonly openHoles: number;
  readonly sources: number;
}
