import type { Asking } from "#engine/asking.ts";
import { formatInstant } from "#model/time.ts";

/** What a listener is told after a commit of an analysis. */
export interface CommitEvent {
  readonly analysisId: string;
  readonly verdict: string;
  readonly phase: string;
  /** RFC 3339: seal time of the newest window judged. */
  readonly at: string;
}

/** Spreads commits to many listeners with one look at the analysis for all of them. */
export interface EventFeed {
  /** Null when the number of listeners is at its limit. `analysisId` null = all. */
  listen(
    analysisId: string | null,
    listener: (event: CommitEvent) => void,
  ): { readonly stop: () => void } | null;
}

export function createEventFeed(asking: Pick<Asking, "subscribe" | "report">, most: number): EventFeed {
  const listeners = new Set<{ analysisId: string | null; tell: (event: CommitEvent) => void }>();
  let unsubscribe: (() => void) | null = null;

  function committed(analysisId: string): void {
    const concerned = [...listeners].filter(
      (entry) => entry.analysisId === null || entry.analysisId === analysisId,
    );
    if (concerned.length === 0) return;
    const analysis = asking.report(analysisId)?.analysis;
    if (analysis === undefined) return;
    const event: CommitEvent = {
      analysisId,
      verdict: analysis.verdict.word,
      phase: analysis.phase.phase,
      at: formatInstant(analysis.verdict.at),
    };
    for (const entry of concerned) entry.tell(event);
  }

  return {
    listen(analysisId, listener) {
      if (listeners.size >= most) return null;
      const entry = { analysisId, tell: listener };
      listeners.add(entry);
      unsubscribe ??= asking.subscribe(committed);
      return {
        stop: () => {
          listeners.delete(entry);
          if (listeners.size > 0) return;
          unsubscribe?.();
          unsubscribe = null;
        },
      };
    },
  };
}
