import { parsePolicy, type Policy } from "./policy.ts";
import type { EngineState } from "./signal.ts";

const stateVersion: EngineState["version"] = 3;

/** The engine's own state as stored with an analysis. */
export function writeState(state: EngineState): string {
  return JSON.stringify(state);
}

/** Reads back what `writeState` wrote; a shape of another version is refused, so that a restart never judges on half a state. */
export function readState(text: string): EngineState {
  const state = JSON.parse(text) as EngineState;
  const version: number = state.version;
  if (version !== stateVersion) throw new Error(`unknown version ${version} of a stored engine state`);
  return state;
}

/** The policy stored with an analysis. It was valid when it was stored: a fault now is a fault of this version. */
export function readPolicy(analysisId: string, text: string): Policy {
  const parsed = parsePolicy(JSON.parse(text));
  if (parsed.ok) return parsed.value;
  const [first] = parsed.error;
  throw new Error(
    `the policy stored with analysis ${analysisId} is not readable by this version: ${first?.message ?? ""}`,
  );
}
