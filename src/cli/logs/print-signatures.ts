import { findFailures } from "#analyzers/logs/signatures/find-failures.ts";
import { createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import type { RuleSet } from "#analyzers/logs/signatures/matcher.ts";
import type { Terminal } from "#cli/terminal.ts";
import { AnswerLines } from "./answer-lines.ts";
import type { RecordsRequest } from "./print-templates.ts";
import { readRecords } from "./read-records.ts";
import { bodyOf } from "./record-body.ts";

/** One object of JSON for each known failure that a record shows, in input order; `more` are rules beside the catalogue. */
export async function printSignatures(
  { file, field }: RecordsRequest,
  more: readonly RuleSet[],
  terminal: Terminal,
): Promise<void> {
  const matcher = createKnownMatcher(more);
  const answer = new AnswerLines(terminal);
  let line = 0;
  try {
    for await (const record of readRecords(file, terminal.stdin)) {
      line += 1;
      const body = bodyOf(record, field);
      for (const hit of findFailures(matcher, body.text, body.inner())) {
        const rule = matcher.rules[hit];
        if (rule === undefined) continue;
        if (answer.add(JSON.stringify({ line, signature: rule.id, severity: rule.severity })))
          await answer.flush();
      }
    }
  } finally {
    await answer.flush();
  }
}
