/** Points of the dense grid on which likelihoods of a log rate ratio are kept: evenly spaced, ascending. */
export function evenGrid(low: number, step: number, points: number): readonly number[] {
  return Array.from({ length: points }, (_, i) => low + i * step);
}

/** Spacing of the dense grid. */
export const ratioStep = 0.05;

/** ln of the rate ratio canary / baseline from -2.5 to 5: ratios from 0.08 to 148. */
export const ratioGrid = evenGrid(-2.5, ratioStep, 151);

/** Values whose logarithms are evenly spaced. */
export function logSpaced(low: number, high: number, points: number): readonly number[] {
  const start = Math.log(low);
  const step = (Math.log(high) - start) / (points - 1);
  return Array.from({ length: points }, (_, i) => Math.exp(start + i * step));
}

/**
 * Steps v above the null, prior density 1/v: the width of the posterior at the stopping time is proportional to v,
 * so this prior is free of scale. Ratios from 1.15 to 100.
 */
export const harmSteps = logSpaced(Math.log(1.15), Math.log(100), 24);

/** Alternatives worse than `tolerance`, as ratios. */
export function harmGrid(tolerance: number, lowest = 1.15, highest = 100, points = 24): readonly number[] {
  return logSpaced(Math.log(lowest), Math.log(highest), points).map((v) => tolerance * Math.exp(v));
}

/** Alternatives better than `margin`, most of them near ratio 1. */
export function safeGrid(margin: number, points = 16): readonly number[] {
  return evenGrid(0.35, (1.6 - 0.35) / (points - 1), points).map(
    (share) => margin * Math.exp(-share * Math.log(margin)),
  );
}
