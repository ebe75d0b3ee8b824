import { existsSync, readFileSync } from "node:fs";

/** How long the main thread of a process ran, and how long it was ready to and waited for a core. */
export interface ThreadTime {
  readonly ranSeconds: number;
  readonly waitedSeconds: number;
}

/** Since the thread began, as Linux tells it in /proc; null on another system. */
export function threadTime(pid: number): ThreadTime | null {
  const file = `/proc/${pid}/task/${pid}/schedstat`;
  if (!existsSync(file)) return null;
  const [ran, waited] = readFileSync(file, "utf8").split(" ");
  return { ranSeconds: Number(ran) / 1e9, waitedSeconds: Number(waited) / 1e9 };
}
