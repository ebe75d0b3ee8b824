import { sayInterval, sayRatio, sayShare, sayValue } from "#engine/wording.ts";
import type { ReportAnswer, ServicesAnswer, SummaryAnswer } from "./status-answers.ts";

/** Control characters from telemetry must not reach a terminal as commands. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** Columns as wide as their widest cell, two blanks between them, no blanks at the end of a line. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(plain));
  const widths = cells.reduce<readonly number[]>(
    (widest, row) => row.map((cell, at) => Math.max(cell.length, widest[at] ?? 0)),
    [],
  );
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}

function percent(weight: number | null): string {
  return weight === null ? "-" : `${weight}%`;
}

function orDash(text: string): string {
  return text === "" ? "-" : text;
}

export function analysesText(analyses: readonly SummaryAnswer[]): string {
  if (analyses.length === 0) return "No analysis yet.\n";
  return formatTable([
    ["ID", "SERVICE", "ENVIRONMENT", "CANARY", "BASELINE", "STATE", "WEIGHT", "VERDICT", "WHY"],
    ...analyses.map((each) => [
      each.id,
      each.service,
      orDash(each.environment),
      each.canary.label,
      each.baseline.label,
      each.state,
      percent(each.canaryWeight),
      each.verdict.word,
      each.verdict.reasons[0]?.text ?? "",
    ]),
  ]);
}

export function servicesText({ services }: ServicesAnswer): string {
  if (services.length === 0) return "No telemetry of any service yet.\n";
  return formatTable([
    ["SERVICE", "ENVIRONMENT", "VERSION", "INSTANCES", "REQUESTS/MIN", "LAST SEEN", "NOTE"],
    ...services.flatMap((each) =>
      each.versions.map((version, at) => [
        each.service,
        orDash(each.environment),
        version.label,
        String(version.instances),
        version.requestsLastMinute === null ? "-" : String(Math.round(version.requestsLastMinute)),
        version.lastSeen,
        each.whyNoAnalysis === null ? "under analysis" : at === 0 ? each.whyNoAnalysis : "",
      ]),
    ),
  ]);
}

function readingText({ value, unit }: ReportAnswer["findings"][number]["canary"]): string {
  if (value === null) return "-";
  return /^share\b/.test(unit) ? sayShare(value) : sayValue(value, unit);
}

/** Ratios canary to baseline, but for a split, which is in shares of the traffic. An end that is null is not bounded. */
function intervalText({ kind, interval }: ReportAnswer["findings"][number]): string {
  if (interval === null) return "-";
  const [low, high] = [interval[0] ?? 0, interval[1] ?? Infinity];
  return kind === "split" ? `${sayShare(low)} to ${sayShare(high)}` : sayInterval([low, high]);
}

export function reportText(report: ReportAnswer): string {
  const where = report.environment === "" ? "" : ` in ${report.environment}`;
  const head = [
    `${report.verdict.word.toUpperCase()}  ${report.service}${where}  ${report.canary.label} against ${report.baseline.label}`,
    `analysis ${report.id}, attempt ${report.attempt}, ${report.state}, opened ${report.opened}, judged up to ${report.verdict.at}`,
    `${report.canaryWeight === null ? "" : `canary weight ${percent(report.canaryWeight)}; `}${report.action.text}`,
    ...report.verdict.reasons.map((reason) => `- ${reason.text}`),
    ...(report.forecast === null ? [] : [report.forecast.text]),
    ...(report.score === null
      ? []
      : [`score ${report.score} of 100 (50 = nothing known; it decides nothing)`]),
  ];
  const findings = report.findings.map((finding) => [
    finding.conclusion,
    finding.signal,
    readingText(finding.canary),
    readingText(finding.baseline),
    intervalText(finding),
    finding.margin === null ? "-" : sayRatio(finding.margin),
    finding.why,
  ]);
  const table =
    findings.length === 0
      ? ""
      : `\n${formatTable([["FINDING", "SIGNAL", "CANARY", "BASELINE", "INTERVAL", "MARGIN", "WHY"], ...findings])}`;
  return `${head.map((line) => `${plain(line)}\n`).join("")}${table}`;
}
