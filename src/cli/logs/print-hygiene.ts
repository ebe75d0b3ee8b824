import {
  compareHygiene,
  hygieneParts,
  hygieneShares,
  noHygieneCounts,
  type HygieneCounts,
  type HygienePart,
} from "#analyzers/logs/hygiene.ts";
import { addHygiene, hygieneOf } from "#analyzers/logs/record-hygiene.ts";
import type { Terminal } from "#cli/terminal.ts";
import { readRecords } from "./read-records.ts";

export interface HygieneRequest {
  readonly file: string;
  /** A file that is held against it; null for none. */
  readonly canary: string | null;
  readonly output: "text" | "ndjson";
}

const titles: Readonly<Record<HygienePart, string>> = {
  severity: "severity",
  trace: "trace id",
  serviceIdentity: "service",
  parseableBody: "parseable body",
};

async function countFile(file: string, stdin: NodeJS.ReadableStream): Promise<HygieneCounts> {
  let counts = noHygieneCounts;
  for await (const record of readRecords(file, stdin)) counts = addHygiene(counts, hygieneOf(record));
  return counts;
}

const percent = (share: number | null): string => (share === null ? "-" : `${(100 * share).toFixed(1)} %`);
const titled = (part: HygienePart): string => titles[part].padEnd(16);

function sharesOf(counts: HygieneCounts, output: HygieneRequest["output"]): readonly string[] {
  const shares = hygieneShares(counts);
  if (output === "ndjson")
    return hygieneParts.map((part) => JSON.stringify({ part, records: counts.records, share: shares[part] }));
  return [
    `${counts.records} records`,
    ...hygieneParts.map((part) => `${titled(part)}${percent(shares[part])}`),
  ];
}

function changesOf(
  baseline: HygieneCounts,
  canary: HygieneCounts,
  output: HygieneRequest["output"],
): readonly string[] {
  const findings = compareHygiene(baseline, canary);
  if (output === "ndjson") return findings.map((finding) => JSON.stringify(finding));
  return [
    `${baseline.records} records in the baseline, ${canary.records} in the canary`,
    ...findings.map(
      ({ part, conclusion, why }) => `${titled(part)}${conclusion === "worse" ? "worse: " : ""}${why}`,
    ),
  ];
}

/** The share of a file's records that carry each part of a structured record; of two files, what dropped in the second. */
export async function printHygiene(request: HygieneRequest, terminal: Terminal): Promise<void> {
  const { file, canary, output } = request;
  const counts = await countFile(file, terminal.stdin);
  const lines =
    canary === null
      ? sharesOf(counts, output)
      : changesOf(counts, await countFile(canary, terminal.stdin), output);
  terminal.out(lines.map((line) => `${line}\n`).join(""));
  await terminal.drained();
}
