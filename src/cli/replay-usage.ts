import { stat } from "node:fs/promises";
import { durationMs } from "#engine/policy.ts";
import { err, ok, type Result } from "#model/result.ts";
import { readLimits } from "./read-otlp-lines.ts";

/** Looks nearer to one another than a second would print the same window again. */
const shortestEveryMs = 1000;

/** Why a file cannot be read, before anything else is done; null where it can. */
export async function fileFault(file: string): Promise<string | null> {
  if (file === "-") return null;
  try {
    return (await stat(file)).isDirectory() ? `${file}: is a folder; name its files` : null;
  } catch (error) {
    if (error instanceof Error && "code" in error) return `${file}: cannot be read (${String(error.code)})`;
    throw error;
  }
}

/** Checks what the option parser cannot: files that exist, a pair of versions that makes sense, a duration. */
export async function checkReplayUsage(
  files: readonly string[],
  flags: { readonly canary?: string; readonly baseline?: string; readonly every: string },
): Promise<Result<{ readonly everyMs: number }, readonly string[]>> {
  const every = durationMs.safeParse(flags.every);
  const everyMs = every.success ? every.data : Number.NaN;
  const faults = (await Promise.all(files.map(fileFault))).filter((fault) => fault !== null);
  if (!(everyMs >= shortestEveryMs)) {
    faults.push(`--every: "${flags.every}" does not fit; write a duration of at least 1s, such as 10s or 1m`);
  }
  if (flags.baseline !== undefined && flags.canary === undefined) {
    faults.push("--baseline: name the --canary too");
  }
  if (flags.canary !== undefined && flags.canary === flags.baseline) {
    faults.push(`--canary and --baseline are both "${flags.canary}"; name two versions`);
  }
  if (files.filter((file) => file === "-").length > 1) faults.push('"-": standard input can be read once');
  if (files.length > readLimits.files) {
    faults.push(`${files.length} files; at most ${readLimits.files} are read side by side`);
  }
  return faults.length > 0 ? err(faults) : ok({ everyMs });
}
