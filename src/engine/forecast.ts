import type { Finding } from "#model/finding.ts";
import { formatDuration } from "#model/time.ts";

/** When the last guarded signal should be proven, were the traffic and the canary to stay as they are. */
export interface Forecast {
  readonly signal: string;
  readonly inMs: number;
  readonly text: string;
}

/** Fewer tiles tell no rate. */
const tilesNeeded = 3;
/** What a mixture over unknown effects costs before its evidence grows, in nats. */
const startingPrice = 1;

/** Time until one signal is proven, at the rate of its evidence so far; null where none can be told, Infinity where it does not grow. */
function untilProven({ evidence }: Finding): number | null {
  const { safe, safeNeeded, tiles, tileMs } = evidence;
  if (safe === null || safeNeeded === null || tiles < tilesNeeded) return null;
  const growth = (safe + startingPrice) / (tiles * tileMs);
  return growth > 0 ? (safeNeeded - safe) / growth : Infinity;
}

/**
 * Tells how much longer promotion should take: the slowest of the guarded signals that are still open, each going on at the
 * rate of its own evidence. Null while there is nothing to wait for, or too little to tell. An estimate for people; the
 * verdict does not read it.
 */
export function forecastOf(findings: readonly Finding[]): Forecast | null {
  const open = findings.filter(({ guarded, conclusion }) => guarded && conclusion !== "notWorse");
  const times = open.map((finding) => ({ signal: finding.signal, inMs: untilProven(finding) }));
  let slowest: { readonly signal: string; readonly inMs: number } | null = null;
  for (const { signal, inMs } of times) {
    if (inMs === null || !Number.isFinite(inMs)) return null;
    if (slowest === null || inMs > slowest.inMs) slowest = { signal, inMs };
  }
  if (slowest === null) return null;
  const inMs = Math.ceil(slowest.inMs / 1000) * 1000;
  return {
    signal: slowest.signal,
    inMs,
    text: `${slowest.signal} should be proven in about ${formatDuration(inMs)} at the present traffic`,
  };
}
