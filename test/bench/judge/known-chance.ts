import { byMinute, chanceOfDurations, chanceOfShare } from "#engine/chance.ts";
import type { Chance, Signal } from "#engine/signal.ts";
import type { ArmRow } from "#engine/tiles.ts";
import { historySeconds, type Stream } from "./stream.ts";

const historyWindows = historySeconds / 5;

/** The errors of the whole service, as the engine weighs them. */
export const serviceErrors: Signal = {
  id: "errors",
  kind: "errors",
  operation: "",
  metric: "",
  guarded: true,
  weight: 0.25,
};
export const serviceLatency: Signal = { ...serviceErrors, id: "latency", kind: "latency" };

function historyOf({ rows }: Stream): readonly ArmRow[] {
  return rows.baseline
    .slice(0, historyWindows)
    .flat()
    .map((row) => ({ arm: "baseline", row }));
}

/** What the engine takes from the history of the baseline. */
export function errorChance(stream: Stream, tau0: number): Chance {
  return chanceOfShare(byMinute(historyOf(stream)), serviceErrors, "spans", tau0);
}

export function speedChance(stream: Stream, tau0: number): Chance {
  return chanceOfDurations(historyOf(stream), serviceLatency, "spans", tau0);
}
