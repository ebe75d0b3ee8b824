import type { Ledger } from "#engine/ledger.ts";
import type { ControlStore } from "#engine/ports.ts";
import type { Analysis } from "#model/analysis.ts";

/** Ended analyses that a verdict query searches; older ones are asked for by id. */
const endedSearched = 500;

/** The newest ended analyses, kept in memory: a poll must not read and parse them all. Without their findings, which no verdict answer holds. */
export class EndedAnalyses {
  readonly #limit: number;
  #newest: readonly Analysis[];

  constructor(
    ledger: Pick<Ledger, "analysis" | "subscribe">,
    control: Pick<ControlStore, "analyses">,
    limit = endedSearched,
  ) {
    this.#limit = limit;
    this.#newest = control
      .analyses({ service: null, environment: null, open: false, limit })
      .map((analysis) => ({ ...analysis, findings: [] }));
    ledger.subscribe((id) => {
      this.#add(ledger.analysis(id));
    });
  }

  /** Those opened last come first. */
  newest(): readonly Analysis[] {
    return this.#newest;
  }

  #add(analysis: Analysis | null): void {
    if (analysis?.phase.phase !== "ended") return;
    const others = this.#newest.filter(({ id }) => id !== analysis.id);
    this.#newest = [{ ...analysis, findings: [] }, ...others]
      .sort((a, b) => b.opened - a.opened)
      .slice(0, this.#limit);
  }
}
