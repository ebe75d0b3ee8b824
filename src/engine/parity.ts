import type { Instance } from "#model/deployment.ts";
import { sayCount, sayShare } from "./wording.ts";

/** Share of the canary's instances that would have to run elsewhere for the arms to be alike, from which it is worth a note. */
const noteworthyDistance = 0.5;

/** Shares of the values of one trait over the instances of an arm that tell it. */
function sharesOf(instances: readonly Instance[], trait: string): ReadonlyMap<string, number> {
  const told = instances.flatMap(({ traits }) => (traits[trait] === undefined ? [] : [traits[trait]]));
  const shares = new Map<string, number>();
  for (const value of told) shares.set(value, (shares.get(value) ?? 0) + 1 / told.length);
  return shares;
}

/** Total variation: half the sum of the differences. */
function distanceOf(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const values = new Set([...a.keys(), ...b.keys()]);
  let sum = 0;
  for (const value of values) sum += Math.abs((a.get(value) ?? 0) - (b.get(value) ?? 0));
  return sum / 2;
}

function sayValues(shares: ReadonlyMap<string, number>): string {
  const [first, ...rest] = [...shares].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  if (first === undefined) return "unknown";
  const [value, share] = first;
  return rest.length === 0 ? value : `${value} (${sayShare(share)}, and ${sayCount(rest.length, "other")})`;
}

/**
 * What differs between the arms beyond the version, one sentence a trait: differences that the version does not explain may be of
 * these. A single instance is always in one zone or on one machine: there only values that no baseline instance has are named.
 */
export function confoundersOf(canary: readonly Instance[], baseline: readonly Instance[]): readonly string[] {
  const traits = [
    ...new Set([...canary, ...baseline].flatMap((instance) => Object.keys(instance.traits))),
  ].sort();
  return traits.flatMap((trait) => {
    const ours = sharesOf(canary, trait);
    const theirs = sharesOf(baseline, trait);
    if (ours.size === 0 || theirs.size === 0) return [];
    const foreign = ![...ours.keys()].some((value) => theirs.has(value));
    const unlike = canary.length > 1 && distanceOf(ours, theirs) >= noteworthyDistance;
    return foreign || unlike
      ? [`${trait}: ${sayValues(ours)} in the canary, ${sayValues(theirs)} in the baseline`]
      : [];
  });
}
