import type { Analysis } from "#model/analysis.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";
import type { VerdictWord } from "#model/verdict.ts";
import type { OperateError, Operation } from "./asking.ts";
import { askedFor, end, hold, type Wish } from "./decide.ts";

type Operated = Result<{ readonly analysis: Analysis; readonly wish: Wish | null }, OperateError>;

/**
 * What an operator's deed makes of an analysis. hold and resume stop and free the climb; harm still rolls back. abort and
 * promote end it: they give its terminal verdict where it has none; where it has, only the action changes.
 */
export function operate(analysis: Analysis, operation: Operation, now: Instant): Operated {
  const { phase } = analysis;
  if (phase.phase === "ending" || phase.phase === "ended") {
    return conflict(
      `analysis ${analysis.id} is already ${phase.as === "rolledBack" ? "rolled back" : phase.as}`,
    );
  }
  switch (operation.deed) {
    case "hold":
      if (analysis.mode === "report")
        return conflict("a report-only analysis moves nothing, so there is nothing to hold");
      return ok({
        analysis: {
          ...analysis,
          phase: hold(analysis, `held by ${operation.actor}: ${operation.reason}`, now),
          action: { kind: "hold", text: `held by ${operation.actor}: ${operation.reason}` },
        },
        wish: null,
      });
    case "resume":
      if (phase.phase !== "held") return conflict("the analysis is not held");
      if (analysis.terminal !== null) {
        return conflict(
          "the analysis has its verdict (inconclusive); abort it, promote it, or open a new one",
        );
      }
      return ok({
        analysis: {
          ...analysis,
          phase: resumed(analysis, phase.step, now),
          action: { kind: "climb", text: `resumed by ${operation.actor}: ${operation.reason}` },
        },
        wish: null,
      });
    case "abort":
      return ended(analysis, "rollback", operation, now);
    case "promote":
      return ended(analysis, "promote", operation, now);
  }
}

/** The dwell of a step starts again; a weight that was never confirmed is still being asked for. */
function resumed(analysis: Analysis, step: number, now: Instant): Analysis["phase"] {
  const confirmed = analysis.weights.some(({ to }) => to === null);
  return confirmed ? { phase: "watching", step, since: now } : { phase: "moving", step, since: now };
}

function ended(analysis: Analysis, word: VerdictWord, operation: Operation, now: Instant): Operated {
  const text = `${operation.deed} by ${operation.actor}: ${operation.reason}`;
  const terminal = analysis.terminal ?? { word, at: now };
  const verdict =
    analysis.terminal === null
      ? { word, terminal: true, at: now, validUntil: now, reasons: [{ code: "operator" as const, text }] }
      : analysis.verdict;
  if (analysis.mode === "report") {
    return ok({
      analysis: { ...analysis, terminal, verdict, phase: { phase: "ended", as: "reported", since: now } },
      wish: null,
    });
  }
  const last = end(word === "promote" ? "promoted" : "rolledBack", text, now);
  const weights = last.wish === null ? analysis.weights : askedFor(analysis.weights, last.wish, now);
  return ok({
    analysis: { ...analysis, terminal, verdict, weights, phase: last.phase, action: last.action },
    wish: last.wish,
  });
}

function conflict(message: string): Operated {
  return err({ tag: "conflict", message });
}
