import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** What a process cost since its start. */
export interface ProcessCost {
  /** All its threads, in user and system mode. */
  readonly cpuSeconds: number;
  /** The most that it ever had in memory. */
  readonly peakBytes: number;
}

/** Null where the system does not tell what another process cost: it is Linux that does, in /proc. */
export const whyNoCosts: string | null = existsSync("/proc/self/stat") ? null : "no /proc on this system";

/** What a running process cost; to a hundredth of a second. */
export function costOf(pid: number): ProcessCost {
  const ticksEachSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
  // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th field after it.
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksEachSecond,
    peakBytes: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) * 1024,
  };
}
