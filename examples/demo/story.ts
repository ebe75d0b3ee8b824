import { sayInterval } from "#engine/wording.ts";
import type { ShownAnalysis, ShownFinding } from "./haldane-client.ts";
import type { Paint } from "./paint.ts";

/** Something to tell while a scene is played. */
export type Event =
  | { readonly tell: "note"; readonly text: string }
  | {
      readonly tell: "weights";
      readonly canary: string;
      readonly baseline: string;
      readonly canaryWeight: number;
      readonly baselineWeight: number;
      readonly generation: number;
    }
  | {
      readonly tell: "traffic";
      readonly canary: string;
      readonly requests: number;
      readonly toCanary: number;
    }
  | { readonly tell: "finding"; readonly finding: ShownFinding }
  | { readonly tell: "verdict"; readonly word: string; readonly reasons: readonly string[] }
  | { readonly tell: "action"; readonly text: string };

const labelWidth = 8;
const signalWidth = 27;
const readingWidth = 22;
const intervalWidth = 26;
const limitWidth = 13;

/** The lines of one event. `elapsedMs` counts from the start of the scene. */
export function storyLines(elapsedMs: number, event: Event, paint: Paint): readonly string[] {
  const at = (label: string): string => `${paint.faint(clock(elapsedMs))}  ${label.padEnd(labelWidth)}  `;
  switch (event.tell) {
    case "note":
      return [`${at("")}${event.text}`];
    case "action":
      return [`${at("action")}${event.text}`];
    case "weights": {
      const weights = `${event.canary} ${event.canaryWeight} %, ${event.baseline} ${event.baselineWeight} %`;
      const how =
        event.generation === 0 ? "nothing commanded yet" : `confirmed, generation ${event.generation}`;
      return [`${at("weights")}${paint.strong(weights)}   ${paint.faint(how)}`];
    }
    case "traffic": {
      const share = event.requests === 0 ? 0 : (100 * event.toCanary) / event.requests;
      return [
        `${at("traffic")}${event.canary} served ${share.toFixed(1)} % of the last ${event.requests} requests`,
      ];
    }
    case "finding":
      return [`${at("evidence")}${findingText(event.finding, paint)}`];
    case "verdict": {
      const word = colouredWord(event.word, paint);
      const indent = " ".repeat(clock(elapsedMs).length + labelWidth + 4);
      const [first = "", ...rest] = event.reasons;
      return [`${at("verdict")}${word}   ${first}`, ...rest.map((reason) => `${indent}${reason}`)];
    }
  }
}

/** Minutes and seconds, right-aligned: " 1:07". */
export function clock(elapsedMs: number): string {
  const seconds = Math.floor(elapsedMs / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`.padStart(5);
}

function colouredWord(word: string, paint: Paint): string {
  if (word === "promote") return paint.good(word);
  return word === "rollback" ? paint.bad(word) : paint.strong(word);
}

/** One finding on one line: who, both readings, interval, limit, and how far the evidence has come. */
export function findingText(finding: ShownFinding, paint: Paint): string {
  const signal =
    finding.pattern === null
      ? `${finding.kind} ${finding.operation}`.trim()
      : `${finding.pattern.change} line in the logs`;
  const { canary, baseline, interval, evidence } = finding;
  const columns = [
    signal.padEnd(signalWidth),
    `${readingText(canary, finding.kind)} vs ${readingText(baseline, finding.kind)}`.padEnd(readingWidth),
    (interval === null ? "" : `ratio ${sayInterval([interval[0] ?? 0, interval[1] ?? Infinity])}`).padEnd(
      intervalWidth,
    ),
  ];
  const harm = { have: evidence.harm, need: evidence.harmNeeded };
  const safe = { have: evidence.safe, need: evidence.safeNeeded };
  const harmful = finding.conclusion === "worse" || progress(harm) > Math.max(0.5, progress(safe));
  const line =
    finding.guarded && !harmful
      ? [...columns, limit(finding.margin).padEnd(limitWidth), evidenceText("safe", safe)]
      : [...columns, limit(finding.tolerance).padEnd(limitWidth), evidenceText("harm", harm)];
  const text = line.join("  ").trimEnd();
  if (finding.conclusion === "worse") return paint.bad(text);
  return finding.conclusion === "notWorse" ? paint.good(text) : text;
}

interface Evidence {
  readonly have: number | null;
  readonly need: number | null;
}

function progress({ have, need }: Evidence): number {
  return have === null || need === null || need <= 0 ? 0 : have / need;
}

function evidenceText(of: "safe" | "harm", { have, need }: Evidence): string {
  if (have === null || need === null) return "";
  const reached = Math.max(0, have).toFixed(1);
  return `${of === "safe" ? "proof of no harm" : "proof of harm"} ${reached}, needed ${need.toFixed(1)}`;
}

function limit(bound: number | null): string {
  return bound === null ? "" : `limit ${bound.toFixed(2)}x`;
}

/** Shares as percent, durations in ms, everything else as it is. */
export function readingText(reading: ShownFinding["canary"], kind: string): string {
  const { value, unit } = reading;
  if (value === null) return "-";
  if (kind === "errors" || kind === "logs") return `${(100 * value).toFixed(2)} %`;
  if (unit === "s") return `${(1000 * value).toFixed(1)} ms`;
  return `${value.toPrecision(3)} ${unit}`.trimEnd();
}

/** A line of the canary that its baseline never wrote, as Haldane keeps it; null where there is none. */
export function newLine({ findings }: Pick<ShownAnalysis, "findings">): string | null {
  const [first] = findings.flatMap(({ pattern }) => (pattern?.change === "new" ? pattern.lines : []));
  if (first === undefined) return null;
  return `as it is kept: ${first.line}${first.traceId === null ? "" : ` (trace ${first.traceId})`}`;
}

const shownFindings = 3;

/** The findings worth a line now: what is worse, what is guarded, then what comes nearest to harm. */
export function findingsToShow(analysis: Pick<ShownAnalysis, "findings">): readonly ShownFinding[] {
  const urgency = (finding: ShownFinding): number => {
    const { harm, harmNeeded } = finding.evidence;
    const nearness = Math.min(1, Math.max(0, progress({ have: harm, need: harmNeeded })));
    return (finding.conclusion === "worse" ? 4 : 0) + (finding.guarded ? 1 : 0) + 2 * nearness;
  };
  return analysis.findings
    .filter(({ kind, evidence }) => ["errors", "latency", "logs"].includes(kind) && evidence.harm !== null)
    .map((finding) => ({ finding, urgency: urgency(finding) }))
    .filter((entry) => entry.urgency >= 0.5)
    .sort((a, b) => b.urgency - a.urgency)
    .slice(0, shownFindings)
    .map((entry) => entry.finding);
}
