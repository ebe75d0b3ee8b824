import type { Difference } from "./compare-sides.ts";
import { recordLimits } from "./read-records.ts";

/** From here on a change in how often is worth a line: twice as often, for errors half as much again. */
const leastRatio = { plain: 2, error: 1.5 } as const;
/** Lines that a change must be about. */
const leastLines = 3;
/** Lines that were to be expected of what is gone. */
const leastExpected = 10;

/** True for what people should read: shown by the counts, or new and an error, a known failure or no single line. */
export function isTold(
  each: Difference,
  lines: { readonly baseline: number; readonly canary: number },
): boolean {
  if (each.change === "same") return false;
  if (each.change === "new")
    return each.isShown || each.canary >= leastLines || each.isError || each.signatures.length > 0;
  if (!each.isShown) return false;
  if (each.change === "gone")
    return (each.baseline * lines.canary) / Math.max(1, lines.baseline) >= leastExpected;
  const ratio = each.ratio ?? 1;
  const least = each.isError ? leastRatio.error : leastRatio.plain;
  const expected = (each.baseline * lines.canary) / Math.max(1, lines.baseline);
  return Math.max(ratio, 1 / ratio) >= least && Math.abs(each.canary - expected) >= leastLines;
}

const headings = {
  pattern: { new: "new in the canary", gone: "gone", more: "more often", less: "less often", same: "same" },
  failure: {
    new: "known failures that are new",
    gone: "known failures that are gone",
    more: "known failures that came more often",
    less: "known failures that came less often",
    same: "same",
  },
  exception: {
    new: "exceptions that are new",
    gone: "exceptions that are gone",
    more: "exceptions that came more often",
    less: "exceptions that came less often",
    same: "same",
  },
} as const;

function amount({ baseline, canary, change, ratio }: Difference): string {
  if (change === "new") return `${canary} x`;
  if (change === "gone") return `${baseline} x before`;
  const times =
    ratio === null
      ? ""
      : `, ${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio < 1 ? 2 : 1)} times the rate`;
  return `${baseline} -> ${canary}${times}`;
}

function lineOf(each: Difference): readonly string[] {
  const { templateChars } = recordLimits;
  const text = each.text.length > templateChars ? `${each.text.slice(0, templateChars)}…` : each.text;
  const marks = [
    ...(each.isError && each.kind === "pattern" ? ["error"] : []),
    ...(each.kind === "pattern" ? each.signatures : []),
    ...(each.isVariant ? ["like one of the baseline, but for a function's name"] : []),
    ...(each.isShown ? [] : ["few: may be chance"]),
  ];
  const example = each.change === "gone" || each.change === "less" ? undefined : each.examples[0];
  return [
    `  ${amount(each)}  ${text}${marks.length === 0 ? "" : `  [${marks.join("; ")}]`}`,
    ...(example === undefined ? [] : [`      ${example}`]),
  ];
}

/** The differences for people; what is not worth a line is counted. */
export function diffText(
  differences: readonly Difference[],
  lines: { readonly baseline: number; readonly canary: number },
): string {
  const said: string[] = [`${lines.baseline} records in the baseline, ${lines.canary} in the canary`];
  const told = differences.filter((each) => isTold(each, lines));
  for (const kind of ["pattern", "failure", "exception"] as const)
    for (const change of ["new", "gone", "more", "less"] as const) {
      const part = told.filter((each) => each.kind === kind && each.change === change);
      if (part.length > 0)
        said.push("", `${headings[kind][change]}: ${part.length}`, ...part.flatMap(lineOf));
    }
  const patterns = differences.filter(({ kind }) => kind === "pattern");
  const rest = patterns.filter((each) => !isTold(each, lines)).length;
  if (told.length === 0) said.push("", "nothing differs that the counts can show");
  said.push("", `${rest} of ${patterns.length} patterns are as before, or differ by no more than chance`);
  return `${said.join("\n")}\n`;
}
