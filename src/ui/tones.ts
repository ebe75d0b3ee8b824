import type { Conclusion } from "#model/finding.ts";
import type { VerdictWord } from "#model/verdict.ts";

/** A colour of the style sheet with a sign beside it: colour never speaks alone. */
export interface Tone {
  readonly tone: "good" | "bad" | "busy" | "unsure";
  readonly sign: string;
  readonly label: string;
}

export const verdictTones: Readonly<Record<VerdictWord, Tone>> = {
  promote: { tone: "good", sign: "✓", label: "Promote" },
  rollback: { tone: "bad", sign: "✕", label: "Rollback" },
  continue: { tone: "busy", sign: "…", label: "Continue" },
  inconclusive: { tone: "unsure", sign: "?", label: "Inconclusive" },
};

export const conclusionTones: Readonly<Record<Conclusion, Tone>> = {
  worse: { tone: "bad", sign: "✕", label: "Worse" },
  notWorse: { tone: "good", sign: "✓", label: "Not worse" },
  open: { tone: "busy", sign: "…", label: "Open" },
  unknown: { tone: "unsure", sign: "?", label: "Unknown" },
};
