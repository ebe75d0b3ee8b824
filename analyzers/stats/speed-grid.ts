import { evenGrid, logSpaced } from "./ratio-grid.ts";

/** Spacing of the grid of slow-downs. */
export const speedStep = 0.025;

/** ln of the slow-down canary / baseline from -1 to 2: factors from 0.37 to 7.4. */
export const speedGrid = evenGrid(-1, speedStep, 121);

/** Steps above the null for slow-downs, prior density 1/v: 3 % to 3.3 times. */
export const speedSteps = logSpaced(0.03, 1.2, 18);

/**
 * Spreads sqrt(1/G_c + 1/G_b) for which evidence is kept side by side: instance numbers are known only when the evidence is
 * read, and shifts of histograms must be declared before. Read at the next rung up. Each lies just above the spread of a
 * usual pair of numbers: 20 v 20, 10 v 10, 6 v 10, 3 v 20, 3 v 6, 3 v 3, 2 v 3, 2 v 2, 1 v 3, 1 v 1.
 */
export const instanceLadder = [0.33, 0.46, 0.54, 0.64, 0.73, 0.84, 0.93, 1.02, 1.17, 1.4143] as const;

/** Index of the rung that holds a spread. */
export function rungFor(spread: number): number {
  const rung = instanceLadder.findIndex((upTo) => spread <= upTo + 1e-9);
  return rung === -1 ? instanceLadder.length - 1 : rung;
}
