import { z } from "@hono/zod-openapi";
import type { PatternShown } from "#model/finding.ts";
import { formatInstant } from "#model/time.ts";

/** What a finding on a log pattern shows beside its figures. */
export const patternSchema = z
  .object({
    id: z.string(),
    template: z.string().describe("With <*> for what changes from line to line."),
    change: z
      .enum(["new", "more", "gone", "known"])
      .describe("new: the baseline never showed it; gone: told, and never harm."),
    severity: z.number().describe("OTLP severity number."),
    failures: z.array(z.string()).describe("Ids of known failures that its lines show."),
    exception: z.string().nullable().describe("Types, from the outermost to the root cause."),
    firstSeen: z.string().openapi({ format: "date-time" }),
    lines: z
      .array(
        z.object({
          arm: z.enum(["canary", "baseline"]),
          instance: z.string(),
          at: z.string().openapi({ format: "date-time" }),
          line: z.string().describe("Redacted before it was kept."),
          traceId: z.string().nullable(),
        }),
      )
      .describe("Three at most, the earliest."),
    weighed: z.string().describe("Why it weighs what it does."),
  })
  .openapi("LogPattern");

/** A pattern as JSON, with times as RFC 3339. */
export function patternJson(pattern: PatternShown): z.infer<typeof patternSchema> {
  const { id, template, change, severity, failures, exception, weighed } = pattern;
  return {
    ...{ id, template, change, severity, failures: [...failures], exception, weighed },
    firstSeen: formatInstant(pattern.firstSeen),
    lines: pattern.lines.map(({ arm, instance, at, line, traceId }) => ({
      ...{ arm, instance, at: formatInstant(at), line, traceId },
    })),
  };
}
