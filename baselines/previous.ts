import { windowLengthMs } from "#model/time.ts";
import type { BaselineStrategy } from "./strategy.ts";

/**
 * The old version's windows from before the deployment, for a release that replaces everything at once. The shift is the
 * horizon where the old version's history is that long, else all of it; canary windows past the end of that history
 * have no reference and add no evidence. Drift between then and now is not shared by the arms.
 */
export const previous: BaselineStrategy = {
  name: "previous",
  assumption:
    "The old version served before the new one came: a change of load or of a dependency between then and now counts against the canary.",
  shiftMs: ({ canaryFrom, baselineFrom, horizonMs }) => {
    const history = baselineFrom === null ? 0 : Math.max(0, canaryFrom - baselineFrom);
    return Math.floor(Math.min(horizonMs, history) / windowLengthMs) * windowLengthMs;
  },
};
