import type { Scenario } from "./scenario.ts";

const beta = 0.05;

/**
 * Canary requests that any proof of "below the margin" needs on average, at error rate beta: ln(1/beta) over the information
 * of one request, counting both arms given their sum, or against the ceiling alone where that is more. Null where the
 * scenario is not a healthy one of a single operation.
 */
export function proofBound(
  { world, theta }: Scenario,
  margin: number,
  ceiling: number | null,
): number | null {
  const [operation] = world.operations;
  if (operation === undefined || world.operations.length > 1 || theta !== 1) return null;
  const p = operation.errors;
  const share = world.split(0);
  const shareAt = (ratio: number): number => (share * ratio) / (share * ratio + 1 - share);
  const q = shareAt(1);
  const other = shareAt(margin);
  const perError = q * Math.log(q / other) + (1 - q) * Math.log((1 - q) / (1 - other));
  const relative = (p / share) * perError;
  const known = ceiling === null || p >= ceiling ? 0 : p * Math.log(p / ceiling) + ceiling - p;
  return Math.log(1 / beta) / Math.max(relative, known);
}
