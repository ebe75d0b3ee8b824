import type { VerdictAnswer, VerdictQuery } from "#engine/asking.ts";
import type { ApiContext } from "./api-context.ts";

const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Milliseconds of "500ms", "30s", "1m" or a bare number of seconds; null for anything else. */
export function parseWait(text: string): number | null {
  const [, digits, unit = "s"] = /^(\d{1,7})(ms|s|m)?$/.exec(text) ?? [];
  return digits === undefined ? null : Number(digits) * (factors[unit] ?? 0);
}

/** What a caller acts on. Numbers in the reason move at every look, and are not a change. */
function standing(answer: VerdictAnswer): string {
  return JSON.stringify([answer.verdict, answer.terminal, answer.analysis, answer.attempt]);
}

/** Holds verdict requests open, a limited number at once. */
export interface VerdictWaits {
  /** Answers when the verdict is another one than now, is terminal, the time is up, the caller left or the server stops. */
  wait(query: VerdictQuery, waitMs: number, left: AbortSignal): Promise<VerdictAnswer>;
}

type WaitContext = Pick<ApiContext, "asking" | "limits" | "limitMet" | "stopping">;

export function createVerdictWaits({ asking, limits, limitMet, stopping }: WaitContext): VerdictWaits {
  let waiting = 0;

  function settled(query: VerdictQuery, waitMs: number, left: AbortSignal): Promise<VerdictAnswer> {
    const before = standing(asking.verdict(query));
    return new Promise((resolve, reject) => {
      const answer = (): void => {
        clearTimeout(timer);
        stop();
        left.removeEventListener("abort", answer);
        stopping.removeEventListener("abort", answer);
        waiting -= 1;
        try {
          resolve(asking.verdict(query));
        } catch (bug) {
          reject(bug instanceof Error ? bug : new Error(String(bug)));
        }
      };
      const stop = asking.subscribe(() => {
        if (standing(asking.verdict(query)) !== before) answer();
      });
      const timer = setTimeout(answer, waitMs);
      left.addEventListener("abort", answer);
      stopping.addEventListener("abort", answer);
    });
  }

  return {
    async wait(query, waitMs, left) {
      const now = asking.verdict(query);
      if (now.terminal || waitMs === 0 || left.aborted || stopping.aborted) return now;
      if (waiting >= limits.waiting) {
        limitMet("waiting");
        return now;
      }
      if (waitMs > limits.waitMs) limitMet("waitMs");
      waiting += 1;
      return settled(query, Math.min(waitMs, limits.waitMs), left);
    },
  };
}
