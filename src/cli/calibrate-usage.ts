import { durationMs } from "#engine/policy.ts";
import type { Result } from "#model/result.ts";
import type { CalibrateFlags, CalibrateRequest } from "./calibrate-request.ts";

const mostTrials = 100_000;

function wholeNumber(text: string, least: number, most: number): number | null {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

/** Checks what the option parser cannot: whole numbers and a duration. */
export function checkCalibrateUsage(
  flags: CalibrateFlags,
): Result<Omit<CalibrateRequest, "policy">, readonly string[]> {
  const trials = wholeNumber(flags.trials, 1, mostTrials);
  const canaryInstances =
    flags.canaryInstances === undefined ? null : wholeNumber(flags.canaryInstances, 1, mostTrials);
  const every = durationMs.safeParse(flags.every);
  const faults = [
    trials === null
      ? `--trials: "${flags.trials}" does not fit; write a whole number from 1 to ${mostTrials}`
      : "",
    flags.canaryInstances !== undefined && canaryInstances === null
      ? `--canary-instances: "${flags.canaryInstances}" does not fit; write a whole number of 1 or more`
      : "",
    every.success && every.data >= 5000
      ? ""
      : `--every: "${flags.every}" does not fit; write a duration of at least 5s`,
  ].filter((fault) => fault !== "");
  if (faults.length > 0 || trials === null || !every.success) return { ok: false, error: faults };
  return {
    ok: true,
    value: {
      data: flags.data,
      service: flags.service,
      environment: flags.environment ?? null,
      baseline: flags.baseline ?? null,
      canaryInstances,
      trials,
      everyMs: every.data,
    },
  };
}
