import { normalQuantile, normalSf } from "./normal.ts";

/** A point of a survival curve: the share of values above x. */
export interface SurvivalPoint {
  readonly x: number;
  readonly above: number;
}

/** A survival curve through known points, for reading between and beyond them. */
export interface SurvivalCurve {
  /** Share of values above x. */
  above(x: number): number;
}

/**
 * Interpolates on normal probability paper over ln x: a straight line there is a lognormal, the usual shape of durations, so
 * a wide bucket is read as if it were lognormal inside. Beyond the ends the outermost stretch goes on. Points ascend in
 * x > 0; null with fewer than two of different height.
 */
export function survivalCurve(points: readonly SurvivalPoint[]): SurvivalCurve | null {
  const knots: { at: number; z: number }[] = [];
  for (const { x, above } of points) {
    if (!(x > 0 && above > 0 && above < 1)) continue;
    const z = -normalQuantile(above);
    const before = knots[knots.length - 1];
    if (before === undefined || z > before.z + 1e-9) knots.push({ at: Math.log(x), z });
  }
  if (knots.length < 2) return null;
  const heightAt = (at: number): number => {
    let i = 1;
    while (i < knots.length - 1 && (knots[i]?.at ?? Infinity) < at) i += 1;
    const left = knots[i - 1];
    const right = knots[i];
    if (left === undefined || right === undefined) return 0;
    return left.z + ((at - left.at) * (right.z - left.z)) / (right.at - left.at);
  };
  return { above: (x) => (x > 0 ? normalSf(heightAt(Math.log(x))) : 1) };
}
