import { examplesEach, type LogExample, type LogPattern } from "./log-pattern.ts";
import type { PatternRow } from "./pattern-row.ts";

/** An example with the form of line that it shows. */
export interface PatternExample extends LogExample {
  readonly pattern: string;
}

/** Earliest first; the rest of the order only makes it the same each time. */
export function compareExamples(
  a: Pick<LogExample, "at" | "line" | "traceId">,
  b: Pick<LogExample, "at" | "line" | "traceId">,
): number {
  return a.at - b.at || compareTexts(a.line, b.line) || compareTexts(a.traceId ?? "", b.traceId ?? "");
}

export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The patterns that rows of one service make up now, in order of their ids. `shown` are the ids that are asked for: others count only beside one. */
export function foldPatterns(
  rows: readonly PatternRow[],
  shown: ReadonlySet<string>,
  examples: readonly PatternExample[],
): readonly LogPattern[] {
  const patterns = new Map<string, PatternRow[]>();
  for (const row of rows) {
    const members = patterns.get(row.standsFor);
    if (members === undefined) patterns.set(row.standsFor, [row]);
    else members.push(row);
  }
  const byId = new Map<string, PatternExample[]>();
  for (const example of examples) {
    const known = byId.get(example.pattern);
    if (known === undefined) byId.set(example.pattern, [example]);
    else known.push(example);
  }
  return [...patterns.entries()]
    .filter(([, members]) => members.some(({ id }) => shown.has(id)))
    .map(([id, members]) => patternOf(id, members, byId))
    .sort((a, b) => compareTexts(a.id, b.id));
}

function patternOf(
  id: string,
  members: readonly PatternRow[],
  byId: ReadonlyMap<string, readonly PatternExample[]>,
): LogPattern {
  const ids = members.map((row) => row.id).sort(compareTexts);
  const exceptions = members.flatMap(({ exception }) => exception ?? []).sort(compareTexts);
  return {
    id,
    ids,
    template: (members.find((row) => row.id === id) ?? members[0])?.template ?? "",
    severity: Math.max(...members.map(({ severity }) => severity)),
    signatures: [...new Set(members.flatMap(({ signatures }) => signatures))].sort(compareTexts),
    exception: exceptions[0] ?? null,
    firstSeen: Math.min(...members.map(({ firstSeen }) => firstSeen)),
    examples: fewEach(ids.flatMap((each) => byId.get(each) ?? [])),
  };
}

/** The earliest of each deployment. */
function fewEach(examples: readonly PatternExample[]): readonly LogExample[] {
  const left = new Map<number, number>();
  const inOrder = [...examples].sort(
    (a, b) => a.deploymentId - b.deploymentId || compareExamples(a, b) || a.instanceId - b.instanceId,
  );
  return inOrder.flatMap(({ deploymentId, instanceId, at, line, traceId }) => {
    const taken = left.get(deploymentId) ?? 0;
    left.set(deploymentId, taken + 1);
    return taken < examplesEach ? [{ deploymentId, instanceId, at, line, traceId }] : [];
  });
}
