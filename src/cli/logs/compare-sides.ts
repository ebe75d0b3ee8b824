import { compareCounts, type Compared, type SideCounts } from "#analyzers/logs/compare.ts";
import { isVariant } from "#analyzers/logs/exceptions/read-exception.ts";
import type { Miner } from "#analyzers/logs/miner.ts";
import { wellFormed } from "#analyzers/logs/well-formed.ts";
import { diffLimits, type LineTally, type Side } from "./gather-side.ts";

/** One difference, for people and programs. */
export interface Difference extends Compared, SideCounts {
  readonly kind: "pattern" | "failure" | "exception";
  /** Id of the pattern, of the signature, or fingerprint. */
  readonly id: string;
  /** Template, title of the failure, or types and frames. */
  readonly text: string;
  readonly isError: boolean;
  readonly signatures: readonly string[];
  /** A new exception that differs from one of the baseline in one function: renamed code. */
  readonly isVariant: boolean;
  /** Of the canary where it has some, else of the baseline; redacted. */
  readonly examples: readonly string[];
}

interface Pattern {
  readonly line: number;
  baseline: number;
  canary: number;
  isError: boolean;
  readonly signatures: Set<string>;
  readonly examples: { readonly baseline: string[]; readonly canary: string[] };
}

function addSide(
  patterns: Map<number, Pattern>,
  miner: Miner,
  side: "baseline" | "canary",
  lines: Side["lines"],
): void {
  for (const [line, tally] of lines) {
    const root = miner.patternOf(line);
    const pattern = patterns.get(root) ?? newPattern(line);
    patterns.set(root, pattern);
    addTally(pattern, side, tally);
  }
}

function newPattern(line: number): Pattern {
  return {
    line,
    baseline: 0,
    canary: 0,
    isError: false,
    signatures: new Set(),
    examples: { baseline: [], canary: [] },
  };
}

function addTally(pattern: Pattern, side: "baseline" | "canary", tally: LineTally): void {
  pattern[side] += tally.count;
  pattern.isError ||= tally.isError;
  for (const id of tally.signatures) pattern.signatures.add(id);
  pattern.examples[side].push(...tally.examples);
}

function patternsOf(miner: Miner, baseline: Side, canary: Side): readonly Difference[] {
  const patterns = new Map<number, Pattern>();
  addSide(patterns, miner, "baseline", baseline.lines);
  addSide(patterns, miner, "canary", canary.lines);
  const all = [...patterns.values()];
  const lines = { baseline: baseline.records, canary: canary.records };
  const compared = compareCounts(all, lines);
  return all.flatMap((pattern, at): readonly Difference[] => {
    const one = compared[at];
    if (one === undefined) return [];
    const examples = pattern.examples.canary.length > 0 ? pattern.examples.canary : pattern.examples.baseline;
    return [
      {
        ...one,
        kind: "pattern",
        id: miner.id(pattern.line),
        text: wellFormed(miner.template(pattern.line)),
        baseline: pattern.baseline,
        canary: pattern.canary,
        isError: pattern.isError,
        signatures: [...pattern.signatures].sort(),
        isVariant: false,
        examples: examples.slice(0, diffLimits.examples),
      },
    ];
  });
}

function failuresOf(
  titles: ReadonlyMap<string, string>,
  baseline: Side,
  canary: Side,
): readonly Difference[] {
  const ids = [...new Set([...baseline.signatures.keys(), ...canary.signatures.keys()])].sort();
  const counts = ids.map((id) => ({
    baseline: baseline.signatures.get(id) ?? 0,
    canary: canary.signatures.get(id) ?? 0,
  }));
  const compared = compareCounts(counts, { baseline: baseline.records, canary: canary.records });
  return ids.flatMap((id, at): readonly Difference[] => {
    const one = compared[at];
    const count = counts[at];
    if (one === undefined || count === undefined) return [];
    const rest = { isError: true, signatures: [id], isVariant: false, examples: [] };
    return [{ ...one, ...count, ...rest, kind: "failure", id, text: titles.get(id) ?? id }];
  });
}

function exceptionsOf(baseline: Side, canary: Side): readonly Difference[] {
  const ids = [...new Set([...baseline.exceptions.keys(), ...canary.exceptions.keys()])].sort();
  const counts = ids.map((id) => ({
    baseline: baseline.exceptions.get(id)?.count ?? 0,
    canary: canary.exceptions.get(id)?.count ?? 0,
  }));
  const compared = compareCounts(counts, { baseline: baseline.records, canary: canary.records });
  const old = [...baseline.exceptions.values()];
  return ids.flatMap((id, at): readonly Difference[] => {
    const one = compared[at];
    const count = counts[at];
    const tally = canary.exceptions.get(id) ?? baseline.exceptions.get(id);
    if (one === undefined || count === undefined || tally === undefined) return [];
    const { exception, example } = tally;
    const where = exception.frames[0];
    const text = `${exception.types.join(" <- ")}${where === undefined ? `: ${exception.message}` : ` at ${where}`}`;
    const variant = one.change === "new" && old.some((each) => isVariant(each.exception, exception));
    const rest = { isError: true, signatures: [], isVariant: variant, examples: [example] };
    return [{ ...one, ...count, ...rest, kind: "exception", id, text: wellFormed(text) }];
  });
}

/** New before gone before more before less; errors and known failures first, then what there is more of. */
function byWeight(a: Difference, b: Difference): number {
  const rank = { new: 0, gone: 1, more: 2, less: 3, same: 4 };
  const weight = (each: Difference): number => (each.signatures.length > 0 ? 2 : 0) + (each.isError ? 1 : 0);
  const most = (each: Difference): number => Math.max(each.baseline, each.canary);
  return (
    rank[a.change] - rank[b.change] || weight(b) - weight(a) || most(b) - most(a) || (a.id < b.id ? -1 : 1)
  );
}

/** Everything that differs between two sides, and what does not. */
export function compareSides(
  miner: Miner,
  titles: ReadonlyMap<string, string>,
  sides: { readonly baseline: Side; readonly canary: Side },
): readonly Difference[] {
  const { baseline, canary } = sides;
  return [
    ...[...patternsOf(miner, baseline, canary)].sort(byWeight),
    ...[...failuresOf(titles, baseline, canary)].sort(byWeight),
    ...[...exceptionsOf(baseline, canary)].sort(byWeight),
  ];
}
