/** Exposure and bad outcomes of one instance. */
export interface InstanceShare {
  readonly n: number;
  readonly x: number;
}

/** Fewer bad outcomes than this, expected of an instance, tell nothing of how instances differ. */
export const expectedNeeded = 4;

/**
 * Relative standard deviation of the share between instances, by moments: what the counts spread beyond `phi` times their
 * expectation. Null with fewer than two instances or fewer than four bad outcomes expected of the smallest; 0 where they
 * spread no more than chance. Assumes one true share per instance over the time counted. For equal exposures this is
 * (sum (x - m)^2 - phi m (G - 1)) / ((G - 1) m^2), the method of DerSimonian and Laird 1986 for relative rates.
 */
export function instanceSpreadOfShares(instances: readonly InstanceShare[], phi = 1): number | null {
  const n = instances.reduce((sum, one) => sum + one.n, 0);
  const x = instances.reduce((sum, one) => sum + one.x, 0);
  if (instances.length < 2 || n <= 0) return null;
  let spread = 0;
  let chance = 0;
  let scale = 0;
  for (const one of instances) {
    const expected = (x * one.n) / n;
    if (expected < expectedNeeded) return null;
    const rest = 1 - one.n / n;
    spread += (one.x - expected) ** 2;
    chance += phi * expected * rest;
    scale += expected * expected * rest;
  }
  return Math.sqrt(Math.max(0, (spread - chance) / scale));
}
