import { Miner } from "#analyzers/logs/miner.ts";
import { wellFormed } from "#analyzers/logs/well-formed.ts";
import { UnreadableBytes } from "#cli/open-bytes.ts";
import type { Terminal } from "#cli/terminal.ts";
import { AnswerLines } from "./answer-lines.ts";
import { GrowingNumbers } from "./growing-numbers.ts";
import { mineMessage } from "./mine-records.ts";
import { readRecords, recordLimits } from "./read-records.ts";
import { bodyOf } from "./record-body.ts";
import { sayBounds } from "./say-bounds.ts";

/** What a command on one file of records is given. */
export interface RecordsRequest {
  readonly file: string;
  /** The field that holds the body; null: the whole record. */
  readonly field: string | null;
}

function cut(template: string): string {
  const { templateChars } = recordLimits;
  return wellFormed(template.length > templateChars ? `${template.slice(0, templateChars)}…` : template);
}

/**
 * One object of JSON a record, in input order: its line, the id of its pattern and the template. Ids are those that stand
 * after the last record, so nothing is printed before it was read.
 */
export async function printTemplates({ file, field }: RecordsRequest, terminal: Terminal): Promise<void> {
  const miner = new Miner();
  const lines = new GrowingNumbers();
  let broken: UnreadableBytes | null = null;
  try {
    for await (const record of readRecords(file, terminal.stdin))
      lines.push(mineMessage(miner, bodyOf(record, field).message()));
  } catch (error) {
    if (!(error instanceof UnreadableBytes)) throw error;
    broken = error;
  }
  const ends = new Map<number, string>();
  const endOf = (line: number): string => {
    const pattern = miner.patternOf(line);
    let end = ends.get(pattern);
    if (end === undefined) {
      end = JSON.stringify({ id: miner.id(line), template: cut(miner.template(line)) }).slice(1);
      ends.set(pattern, end);
    }
    return end;
  };
  const answer = new AnswerLines(terminal);
  for (let at = 0; at < lines.length; at += 1)
    if (answer.add(`{"line":${at + 1},${endOf(lines.at(at))}`)) await answer.flush();
  await answer.flush();
  terminal.error(
    sayBounds(miner.bounds())
      .map((line) => `${line}\n`)
      .join(""),
  );
  if (broken !== null) throw broken;
}
