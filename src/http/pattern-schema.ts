import { z } from "@hono/zod-openapi";

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
