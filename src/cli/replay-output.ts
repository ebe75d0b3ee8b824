import { patternReport } from "#engine/pattern-report.ts";
import type { Finding } from "#model/finding.ts";
import { formatDuration, formatInstant, type Instant } from "#model/time.ts";
import type { Reason, VerdictWord } from "#model/verdict.ts";

/** What stands on one analysis at one instant of the records' own time. */
export interface ReplayLook {
  readonly service: string;
  readonly environment: string;
  readonly canary: string;
  readonly baseline: string;
  readonly verdict: VerdictWord;
  /** A look: the seal time judged. The last one: the event time of the decision. */
  readonly at: Instant;
  /** Since the analysis opened, in event time. */
  readonly elapsedMs: number;
  readonly reasons: readonly Reason[];
  readonly findings: readonly Finding[];
}

/** A line that could not be used, for whatever reason; the rest is read. */
export interface BadLine {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** Where a replay tells what it finds. */
export interface ReplayOutput {
  look(look: ReplayLook): void;
  /** Once per service asked for, after its last look. */
  final(look: ReplayLook): void;
  badLine(bad: BadLine): void;
}

export type OutputForm = "text" | "ndjson";

/** Six significant digits; counts and other whole numbers are exact. JSON has no NaN and no infinity: they are null. */
export function printedNumber(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (Number.isInteger(value)) return value === 0 ? 0 : value;
  return Number(value.toPrecision(6));
}

function printedJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "number" ? printedNumber(part) : part,
  );
}

function printedFinding(finding: Finding) {
  return { ...finding, pattern: finding.pattern === undefined ? null : patternReport(finding.pattern) };
}

function ndjsonLine(look: ReplayLook, final: boolean): string {
  const { service, environment, canary, baseline, verdict, at, elapsedMs, reasons, findings } = look;
  const head = { final, service, environment, canary, baseline, verdict, at: formatInstant(at), elapsedMs };
  return `${printedJson({ ...head, reasons, findings: findings.map(printedFinding) })}\n`;
}

function clock(at: Instant): string {
  return formatInstant(at).slice(11, 19);
}

function subject(look: ReplayLook): string {
  const where = look.environment === "" ? "" : ` in ${look.environment}`;
  if (look.canary === "") return `${look.service}${where}`;
  return `${look.service}${where}  ${look.canary}${look.baseline === "" ? "" : ` against ${look.baseline}`}`;
}

function textLine(look: ReplayLook): string {
  const why = look.reasons.map((reason) => reason.text).join("; ");
  return `${clock(look.at)}  ${subject(look)}  ${look.verdict}${why === "" ? "" : `: ${why}`}\n`;
}

const marks = {
  worse: "worse     ",
  notWorse: "not worse ",
  open: "open      ",
  unknown: "unknown   ",
} as const;

function finalText(look: ReplayLook): string {
  const after = look.elapsedMs > 0 ? ` after ${formatDuration(look.elapsedMs)}` : "";
  const lines = [
    `${look.verdict.toUpperCase()}  ${subject(look)}${after} (${formatInstant(look.at)})`,
    ...look.reasons.map((reason) => `  ${reason.text}`),
    ...look.findings.map((finding) => `  ${marks[finding.conclusion]}${finding.signal}: ${finding.why}`),
  ];
  return `\n${lines.join("\n")}\n`;
}

/** Prints a replay as it goes: lines for people, or one JSON object a line. Bad lines and their count go to standard error. */
export function createReplayOutput(
  form: OutputForm,
  write: { readonly out: (text: string) => void; readonly error: (text: string) => void },
): ReplayOutput & { readonly badLines: () => number } {
  let badLines = 0;
  return {
    look(look) {
      write.out(form === "ndjson" ? ndjsonLine(look, false) : textLine(look));
    },
    final(look) {
      write.out(form === "ndjson" ? ndjsonLine(look, true) : finalText(look));
    },
    badLine({ file, line, why }) {
      badLines += 1;
      if (badLines <= shownBadLines) write.error(`${file}:${line}: ${why}\n`);
    },
    badLines: () => badLines,
  };
}

/** How many bad lines are shown; all are counted. */
export const shownBadLines = 50;
