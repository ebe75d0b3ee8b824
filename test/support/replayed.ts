import type { ReplayLook } from "#cli/replay-output.ts";
import type { ReplayOptions } from "#cli/replay.ts";
import { replay } from "#src/replay.ts";

/** What a replay of lines told. */
export interface Replayed {
  readonly looks: readonly ReplayLook[];
  readonly finals: readonly ReplayLook[];
  readonly badLines: readonly string[];
}

/** Runs the real replay over lines of metrics in memory. */
export async function replayed(
  lines: readonly string[],
  options: Partial<ReplayOptions> = {},
): Promise<Replayed> {
  const looks: ReplayLook[] = [];
  const finals: ReplayLook[] = [];
  const badLines: string[] = [];
  // eslint-disable-next-line @typescript-eslint/require-await -- lines come from memory here and from files in the command
  async function* source() {
    let line = 0;
    for (const text of lines) {
      line += 1;
      const signal = text.startsWith('{"resourceSpans"')
        ? ("traces" as const)
        : text.startsWith('{"resourceLogs"')
          ? ("logs" as const)
          : ("metrics" as const);
      yield { file: "memory", line, signal, text };
    }
  }
  await replay(
    source(),
    { service: null, canary: null, baseline: null, policy: null, everyMs: 10_000, ...options },
    {
      look: (look) => looks.push(look),
      final: (look) => finals.push(look),
      badLine: ({ line, why }) => badLines.push(`${line}: ${why}`),
    },
  );
  return { looks, finals, badLines };
}
