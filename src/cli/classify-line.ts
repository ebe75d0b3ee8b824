import { err, ok, type Result } from "#model/result.ts";

export type OtlpSignal = "traces" | "metrics" | "logs";

const signalOfKey: ReadonlyMap<string, OtlpSignal> = new Map([
  ["resourceSpans", "traces"],
  ["resourceMetrics", "metrics"],
  ["resourceLogs", "logs"],
]);
const snakeCaseKeys: ReadonlyMap<string, string> = new Map([
  ["resource_spans", "resourceSpans"],
  ["resource_metrics", "resourceMetrics"],
  ["resource_logs", "resourceLogs"],
]);
const expected = "one JSON object a line with resourceSpans, resourceMetrics or resourceLogs is expected";

/** The usual form, told without parsing the line. */
const usualStart = /^\s*\{\s*"(resourceSpans|resourceMetrics|resourceLogs)"\s*:/;

/** Which signal a line of OTLP JSON carries, or why it is none. The usual form is told by its first key: what follows is the decoder's to judge. */
export function classifyLine(text: string): Result<OtlpSignal, string> {
  const usual = signalOfKey.get(usualStart.exec(text)?.[1] ?? "");
  if (usual !== undefined) return ok(usual);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err(`not JSON; ${expected}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return err(expected);
  const keys = Object.keys(value);
  const snake = keys.map((key) => snakeCaseKeys.get(key)).find((key) => key !== undefined);
  if (snake !== undefined) {
    return err(`keys are written in snake_case; OTLP JSON writes ${snake} and so on in lowerCamelCase`);
  }
  const signals = keys.flatMap((key) => signalOfKey.get(key) ?? []);
  const [signal] = signals;
  if (signal === undefined) return err(expected);
  return signals.length === 1
    ? ok(signal)
    : err(`several signals in one line (${signals.join(", ")}); ${expected}`);
}

const times = /"(?:time|endTime|observedTime)UnixNano"\s*:\s*"?(\d{1,20})/g;

/** Newest record time in a line of OTLP JSON in nanoseconds, by a scan of the text; -Infinity where it has none. */
export function newestTime(text: string): number {
  let newest = -Infinity;
  for (const match of text.matchAll(times)) newest = Math.max(newest, Number(match[1]));
  return newest;
}
