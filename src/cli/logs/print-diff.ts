import type { RedactOptions } from "#analyzers/logs/redact.ts";
import { Miner } from "#analyzers/logs/miner.ts";
import { createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import type { RuleSet } from "#analyzers/logs/signatures/matcher.ts";
import type { Terminal } from "#cli/terminal.ts";
import { compareSides, type Difference } from "./compare-sides.ts";
import { diffText, isTold } from "./diff-text.ts";
import { gatherSide } from "./gather-side.ts";
import { sayBounds } from "./say-bounds.ts";

export interface DiffRequest {
  readonly baseline: string;
  readonly canary: string;
  readonly field: string | null;
  readonly output: "text" | "ndjson";
  readonly redaction: RedactOptions;
}

function row(each: Difference): string {
  const { kind, change, id, text, baseline, canary, ratio, logEvidence, signatures, examples } = each;
  return JSON.stringify({
    kind,
    change,
    id,
    text,
    baseline,
    canary,
    ratio: ratio === null ? null : Number(ratio.toPrecision(6)),
    logEvidence: Number(logEvidence.toPrecision(6)),
    shown: each.isShown,
    error: each.isError,
    variant: each.isVariant,
    signatures,
    examples,
  });
}

/** What the canary's records show otherwise than the baseline's: both through one miner, counted against all lines of their side. */
export async function printDiff(
  request: DiffRequest,
  more: readonly RuleSet[],
  terminal: Terminal,
): Promise<void> {
  const miner = new Miner();
  const matcher = createKnownMatcher(more);
  const read = (file: string) => gatherSide({ ...request, file, stdin: terminal.stdin }, miner, matcher);
  const baseline = await read(request.baseline);
  const canary = await read(request.canary);
  const titles = new Map(matcher.rules.map((rule) => [rule.id, rule.title]));
  const differences = compareSides(miner, titles, { baseline, canary });
  const lines = { baseline: baseline.records, canary: canary.records };
  if (request.output === "text") terminal.out(diffText(differences, lines));
  else
    terminal.out(
      differences
        .filter((each) => isTold(each, lines))
        .map((each) => `${row(each)}\n`)
        .join(""),
    );
  await terminal.drained();
  const untold = baseline.moreExceptions + canary.moreExceptions;
  const said = untold === 0 ? [] : [`haldane: limit met: ${untold} more exceptions were not told apart`];
  terminal.error([...sayBounds(miner.bounds()), ...said].map((line) => `${line}\n`).join(""));
}
