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
        at === 0 ? (each.whyNoAnalysis ?? "under analysis") : "",
      ]),
    ),
  ]);
}

function significant(value: number | null): string {
  return value === null ? "-" : String(Number(value.toPrecision(3)));
}

export function reportText(report: ReportAnswer): string {
  const where = report.environment === "" ? "" : ` in ${report.environment}`;
  const head = [
    `${report.verdict.word.toUpperCase()}  ${report.service}${where}  ${report.canary.label} against ${report.baseline.label}`,
    `analysis ${report.id}, attempt ${report.attempt}, ${report.state}, opened ${report.opened}, judged up to ${report.verdict.at}`,
    `canary weight ${percent(report.canaryWeight)}; ${report.action.kind}: ${report.action.text}`,
    ...report.verdict.reasons.map((reason) => `- ${reason.text}`),
  ];
  const findings = report.findings.map((finding) => [
    finding.conclusion,
    finding.signal,
    `${significant(finding.canary.value)} ${finding.canary.unit}`.trim(),
    `${significant(finding.baseline.value)} ${finding.baseline.unit}`.trim(),
    finding.interval === null ? "-" : finding.interval.map(significant).join(" to "),
    significant(finding.margin),
    finding.why,
  ]);
  const table =
    findings.length === 0
      ? ""
      : `\n${formatTable([["FINDING", "SIGNAL", "CANARY", "BASELINE", "INTERVAL", "MARGIN", "WHY"], ...findings])}`;
  return `${head.map((line) => `${plain(line)}\n`).join("")}${table}`;
}
