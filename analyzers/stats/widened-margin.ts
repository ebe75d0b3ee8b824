import { memo } from "./memo.ts";
import { studentLogKernel, studentUpperQuantile } from "./student-t.ts";

/** Share of healthy deployments in which the widened margin can be proven, given traffic without end (decision 17). */
const provableShare = 0.8;

export interface MarginQuestion {
  readonly tau: number;
  readonly degrees: number;
  /** Share of the null beyond the threshold of the truncated half. */
  readonly tailShare: number;
  /** The e-value that proves it. */
  readonly needed: number;
  readonly steps: readonly number[];
}

/** e-value that endless traffic reaches where the observed log ratio lies d below the margin. */
function saturated(d: number, question: MarginQuestion, threshold: number): number {
  const { tau, degrees, tailShare, steps } = question;
  const here = studentLogKernel(d / tau, degrees);
  let moved = 0;
  for (const step of steps) moved += Math.exp(studentLogKernel((d - step) / tau, degrees) - here);
  return 0.5 * (d >= threshold ? 1 / tailShare : 0) + (0.5 * moved) / steps.length;
}

const remembered = memo<number>(512);

/**
 * ln of the smallest margin that can be proven in 80 % of healthy deployments with these instances: the distance at which
 * the saturated e-value reaches what is needed, plus how far a healthy deployment lies above 1 at the 80 % quantile.
 */
export function provableLogMargin(question: MarginQuestion): number {
  const { tau, degrees, tailShare, needed } = question;
  const key = [tau, degrees, tailShare, needed, question.steps.length, question.steps[0] ?? 0];
  return remembered(key, () => {
    const threshold = studentUpperQuantile(tailShare, degrees) * tau;
    let low = 0;
    let high = threshold;
    while (saturated(high, question, threshold) < needed && high < threshold + 20) high += tau / 8;
    for (let i = 0; i < 60; i += 1) {
      const middle = (low + high) / 2;
      if (saturated(middle, question, threshold) >= needed) high = middle;
      else low = middle;
    }
    return high + studentUpperQuantile(1 - provableShare, degrees) * tau;
  });
}
