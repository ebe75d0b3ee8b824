import { wellFormed } from "#analyzers/logs/well-formed.ts";
import type { Finding, PatternShown } from "#model/finding.ts";
import type { JoinedPattern, PatternClass } from "./pattern-state.ts";
import { severityFrom } from "./pattern-weights.ts";
import { sayCount, sayInterval, sayNumber, sayRatio, sayShare } from "./wording.ts";

/** Characters of a template in a sentence. */
const sentenceChars = 160;

/** What a sentence on a pattern is made of. */
export interface PatternTold {
  readonly one: JoinedPattern;
  readonly change: PatternShown["change"];
  readonly exposure: { readonly canary: number; readonly baseline: number };
  readonly effect: Finding["effect"];
  readonly interval: Finding["interval"];
}

/** One sentence that quotes the pattern and both counts. */
export function sayPattern({ one, change, exposure, effect, interval }: PatternTold): string {
  const { pattern, evidence, untraced, before } = one;
  const word = wordOf(pattern.severity);
  const quote = `"${shortened(pattern.template)}"`;
  const names = [pattern.exception, ...pattern.signatures].flatMap((name) =>
    name === null || name === "" ? [] : [`; ${name}`],
  );
  const named = names.join("");
  const { canaryX, baselineX } = evidence;
  const share = (x: number, n: number, arm: string): string =>
    `${sayShare(n === 0 ? 0 : x / n)} of ${sayCount(n, `${arm} request`)}`;
  const rates = `in ${share(canaryX, exposure.canary, "canary")} against ${share(baselineX, exposure.baseline, "baseline")}`;
  switch (change) {
    case "new":
      return untraced === 0
        ? `a new ${word} in the logs: ${quote} (${sayCount(canaryX, "request")} of the canary, none of the baseline's${named})`
        : `a new ${word} in the logs: ${quote} (${sayCount(canaryX, "time")} on the canary, never on the baseline${named})`;
    case "more":
      return `more of a known ${word} in the logs: ${quote} (${rates}${baselineX === 0 && before > 0 ? `, ${sayNumber(before)} before the canary came` : ""}${effect === null ? "" : `, ${sayRatio(effect)}`}${interval === null ? "" : `, interval ${sayInterval(interval)}`}${named})`;
    case "gone":
      return `no longer in the logs: ${quote} (${rates}${named})`;
    case "known":
      return `a known ${word} in the logs: ${quote} (${rates}${named})`;
  }
}

function shortened(template: string): string {
  return template.length > sentenceChars ? wellFormed(`${template.slice(0, sentenceChars)}…`) : template;
}

function wordOf(severity: number): string {
  if (severity >= severityFrom.fatal) return "fatal error";
  if (severity >= severityFrom.error) return "error";
  return severity >= severityFrom.warning ? "warning" : "line";
}

const classWords: Readonly<Record<PatternClass, string>> = {
  failure: "an exception, a fatal record or a known failure of severity critical or high",
  error: "an error",
  other: "a warning, or a known failure of less than high severity",
};

/** Why a pattern weighs what it does. */
export function sayWeight(one: JoinedPattern, bursts: number): string {
  const { class: kind, rank, before, evidence, weight } = one;
  const hits = evidence.canaryX + evidence.baselineX;
  const inBursts =
    hits > bursts
      ? `; ${sayCount(hits, "hit")} in ${sayCount(bursts, "burst")}: within 5 s, or of the only one of several instances, hits count once`
      : "";
  const seen = before > 0 ? "that the baseline showed before" : "that the baseline had not shown before";
  return `Weight ${sayNumber(weight)}: ${classWords[kind]}, number ${rank} of its kind ${seen}${inBursts}`;
}
