import type { BaselineStrategy } from "./strategy.ts";

/** Both versions serve at the same time: every drift of load, time of day and shared dependencies hits both arms. */
export const concurrent: BaselineStrategy = {
  name: "concurrent",
  assumption: "Both versions run at the same time, so that what changes for all of them cancels.",
  shiftMs: () => 0,
};
