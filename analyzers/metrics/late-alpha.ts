import { memo } from "#analyzers/stats/memo.ts";
import { studentUpperQuantile } from "#analyzers/stats/student-t.ts";

/**
 * Alpha of a late harm, in parts of what the whole run may spend: for evidence since any tile, and for instances that differ
 * by more than that evidence allows. It comes out of the tenth of alpha that no hard guard uses: 0.65 * 1.15 and the 0.25 of
 * the deadline stay below 1, so a harm from the start is found as fast as without it.
 */
const lateParts = { sinceAnyTile: 0.03, instances: 0.12 };

/** ln of the weight of evidence since any tile. */
export const logSinceAnyTile = Math.log(lateParts.sinceAnyTile);

const reachKept = memo<number>(256);

/**
 * How many spreads above the centre instances may lie before a late harm is blamed: all but `lateParts.instances` of
 * `alphaUsed`. That price is paid once for all tiles, because the instances stay the same.
 */
export function lateReach(alphaUsed: number, degrees: number): number {
  const tail = alphaUsed * lateParts.instances;
  return reachKept([tail, degrees], () => studentUpperQuantile(tail, degrees));
}
