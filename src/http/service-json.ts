import { z } from "@hono/zod-openapi";
import type { ServiceView } from "#engine/asking.ts";
import { aliasKinds } from "#model/deployment.ts";
import { formatInstant } from "#model/time.ts";
import { instantSchema } from "./analysis-json.ts";
import { finite } from "./finding-json.ts";

/** What Haldane sees of one service in one environment. */
export const serviceSchema = z
  .object({
    service: z.string(),
    environment: z.string(),
    versions: z.array(
      z.object({
        label: z.string(),
        aliases: z.array(z.object({ kind: z.enum(aliasKinds), value: z.string() })),
        instances: z.number(),
        unidentifiedInstances: z
          .boolean()
          .describe("Some records name no instance; all such count as one instance."),
        firstSeen: instantSchema,
        lastSeen: instantSchema,
        requestsLastMinute: z.number().nullable(),
        signals: z.array(z.string()),
      }),
    ),
    tallies: z
      .array(z.object({ name: z.string(), count: z.number(), why: z.string() }))
      .describe("What was not attributed, rejected, late or beyond a cap, and why."),
    openAnalyses: z.array(z.string()),
    whyNoAnalysis: z.string().nullable().describe("Null while one is open."),
  })
  .openapi("Service");

export function serviceJson(view: ServiceView): z.infer<typeof serviceSchema> {
  return {
    service: view.service,
    environment: view.environment,
    versions: view.versions.map((version) => ({
      label: version.label,
      aliases: version.aliases.map(({ kind, value }) => ({ kind, value })),
      instances: version.instances,
      unidentifiedInstances: version.unidentifiedInstances,
      firstSeen: formatInstant(version.firstSeen),
      lastSeen: formatInstant(version.lastSeen),
      requestsLastMinute: finite(version.requestsLastMinute),
      signals: [...version.signals],
    })),
    tallies: view.tallies.map(({ name, count, why }) => ({ name, count, why })),
    openAnalyses: [...view.openAnalyses],
    whyNoAnalysis: view.whyNoAnalysis,
  };
}
