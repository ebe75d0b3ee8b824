/**
 * Wald's bound: no test that errs at most with alpha shows a rate ratio `theta` with fewer bad outcomes (both arms together)
 * on average, ln(1/alpha) / KL(q1 | q0); q = chance that a bad outcome is the canary's at a canary share `split` of traffic.
 */
export function waldBound(split: number, theta: number, alpha: number) {
  const q1 = (split * theta) / (split * theta + 1 - split);
  const part = (q: number, p: number): number => (q === 0 ? 0 : q * Math.log(q / p));
  const perError = part(q1, split) + part(1 - q1, 1 - split);
  return { kl_per_error: perError, errors: Math.log(1 / alpha) / perError };
}

/** Canary requests that proof of "less than `margin` times the rate" needs at true ratio 1 and a small split. */
export function noninferiorityRequests(p: number, margin: number, beta: number): number {
  return Math.log(1 / beta) / (p * (margin - 1 - Math.log(margin)));
}

/** Lower branch of Lambert's W: w <= -1 with w e^w = x, -1/e <= x < 0, by Halley steps. */
export function lambertMinusOne(x: number): number {
  if (!(x >= -1 / Math.E && x < 0)) return x === 0 ? -Infinity : NaN;
  const fromBranch = Math.sqrt(Math.max(0, 2 * (1 + Math.E * x)));
  let w = x > -0.25 ? Math.log(-x) - Math.log(-Math.log(-x)) : -1 - fromBranch - fromBranch ** 2 / 3;
  if (fromBranch < 1e-6) return w;
  // In logarithms: w + ln(-w) = ln(-x) has no exponential to lose digits in.
  const target = Math.log(-x);
  for (let i = 0; i < 60; i += 1) {
    const move = (w + Math.log(-w) - target) / (1 + 1 / w);
    w = Math.min(w - move, -1 - 1e-17);
    if (Math.abs(move) <= 1e-16 * Math.abs(w)) break;
  }
  return w;
}
