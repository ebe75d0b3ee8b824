import { concurrent } from "./concurrent.ts";
import { previous } from "./previous.ts";
import type { BaselineStrategy } from "./strategy.ts";

/** The strategies that a policy may name. */
export const baselineStrategies: Readonly<Record<BaselineStrategy["name"], BaselineStrategy>> = {
  concurrent,
  previous,
};
