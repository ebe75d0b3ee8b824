import { z } from "zod";

/** The parts of the API's answers that the command line shows; what else they hold is left alone. */

const arm = z.object({ label: z.string() });

const reading = z.object({ n: z.number().nullable(), value: z.number().nullable(), unit: z.string() });

export const summaryAnswer = z.object({
  id: z.string(),
  service: z.string(),
  environment: z.string(),
  canary: arm,
  baseline: arm,
  attempt: z.number(),
  mode: z.string(),
  opened: z.string(),
  state: z.enum(["open", "ended"]),
  canaryWeight: z.number().nullable(),
  verdict: z.object({
    word: z.string(),
    at: z.string(),
    reasons: z.array(z.object({ code: z.string(), text: z.string() })),
  }),
  action: z.object({ kind: z.string(), text: z.string() }),
});
export type SummaryAnswer = z.output<typeof summaryAnswer>;

export const reportAnswer = summaryAnswer.extend({
  score: z.number().nullable(),
  forecast: z.object({ text: z.string() }).nullable(),
  findings: z.array(
    z.object({
      signal: z.string(),
      kind: z.string(),
      conclusion: z.string(),
      why: z.string(),
      canary: reading,
      baseline: reading,
      interval: z.tuple([z.number().nullable(), z.number().nullable()]).nullable(),
      margin: z.number().nullable(),
    }),
  ),
});
export type ReportAnswer = z.output<typeof reportAnswer>;

export const analysesAnswer = z.object({ analyses: z.array(summaryAnswer) });

export const servicesAnswer = z.object({
  services: z.array(
    z.object({
      service: z.string(),
      environment: z.string(),
      versions: z.array(
        z.object({
          label: z.string(),
          instances: z.number(),
          requestsLastMinute: z.number().nullable(),
          lastSeen: z.string(),
        }),
      ),
      openAnalyses: z.array(z.string()),
      whyNoAnalysis: z.string().nullable(),
    }),
  ),
});
export type ServicesAnswer = z.output<typeof servicesAnswer>;
