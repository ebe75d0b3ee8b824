import { parseArgs } from "node:util";
import { simulateMany, tellFailure } from "./simulate-many.ts";

/** Any number of seeds by command: `npm run simulate -- --seeds 10000 --from 1`. A failing seed prints its trace; the exit code is 1. */
const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "500" },
    from: { type: "string", default: "1" },
    trace: { type: "boolean", default: false },
  },
});
const summary = await simulateMany({ from: Number(values.from), seeds: Number(values.seeds) }, (outcome) => {
  if (values.trace) console.log(outcome.trace.join("\n"));
  if (outcome.violations.length > 0) console.log(tellFailure(outcome));
});
console.log(summary.text);
if (summary.failed.length > 0) process.exitCode = 1;
