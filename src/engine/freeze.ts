import type { Analysis } from "#model/analysis.ts";
import { windowStart, type Instant } from "#model/time.ts";
import { silentForMs } from "./integrity.ts";
import type { Policy } from "./policy.ts";
import type { EngineState } from "./signal.ts";

/** So many canaries, and such a share of the active ones, losing data inside a minute point at our own outage. */
const frozenCanaries = 3;
const frozenShare = 0.2;
const insideMs = 60_000;

/**
 * True while many canaries are silent since about the same time: then no silence ends a canary and nothing promotes;
 * a rollback for shown harm stays armed.
 */
export function correlatedSilence(
  entries: readonly {
    readonly analysis: Analysis;
    readonly state: EngineState;
    readonly policy: Policy;
  }[],
  now: Instant,
): boolean {
  const active = entries.filter(
    ({ state, analysis }) => state.integrity.canaryLast !== null && analysis.terminal === null,
  );
  const silentSince = active
    .filter(({ state, policy }) => {
      const sealedTo = windowStart(now - policy.settle);
      return silentForMs(state.integrity.canaryLast, sealedTo, state.counts?.tileMs ?? 0) > 0;
    })
    .map(({ state }) => state.integrity.canaryLast ?? 0)
    .sort((a, b) => a - b);
  const together = silentSince.reduce((most, since) => {
    const inside = silentSince.filter((other) => other >= since && other <= since + insideMs).length;
    return Math.max(most, inside);
  }, 0);
  return together >= frozenCanaries && together >= frozenShare * active.length;
}
