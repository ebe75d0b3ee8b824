import type { Conclusion } from "#model/finding.ts";
import type { VerdictWord } from "#model/verdict.ts";

/** A colour of the style sheet with a sign beside it: colour never speaks alone. */
export interface Tone {
  readonly tone: "good" | "bad" | "busy" | "unsure";
  readonly sign: string;
  readonly label: string;
}

/** A verdict also says in a few words what it asks of the reader. */
export interface VerdictTone extends Tone {
  readonly means: string;
}

export const verdictTones: Readonly<Record<VerdictWord, VerdictTone>> = {
  promote: { tone: "good", sign: "✓", label: "Promote", means: "the canary may take all traffic" },
  rollback: { tone: "bad", sign: "✕", label: "Rollback", means: "take the canary back" },
  continue: { tone: "busy", sign: "…", label: "Continue", means: "undecided yet: go on comparing" },
  inconclusive: {
    tone: "unsure",
    sign: "?",
    label: "Inconclusive",
    means: "no safe answer: a person must look",
  },
};

export const conclusionTones: Readonly<Record<Conclusion, Tone>> = {
  worse: { tone: "bad", sign: "✕", label: "Worse" },
  notWorse: { tone: "good", sign: "✓", label: "Not worse" },
  open: { tone: "busy", sign: "…", label: "Open" },
  unknown: { tone: "unsure", sign: "?", label: "Unknown" },
};
