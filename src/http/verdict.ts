import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { VerdictAnswer } from "#engine/asking.ts";
import { nameSchema } from "./analyses.ts";
import type { ApiContext } from "./api-context.ts";
import { anyRoute } from "./problem.ts";
import { strictFields } from "./request-problems.ts";
import { createVerdictWaits, parseWait } from "./verdict-wait.ts";

const optionalName = z.string().max(256).optional();

const verdictSchema = z
  .object({
    verdict: z.enum(["promote", "rollback", "continue", "inconclusive"]),
    terminal: z.boolean(),
    action: z.string(),
    reason: z.string().describe("One sentence, cut where the answer would pass 1 KB."),
    service: z.string(),
    environment: z.string(),
    canary: z.string(),
    baseline: z.string(),
    analysis: z.string().describe('Id of the analysis, or "".'),
    attempt: z.number(),
    canaryWeight: z.number(),
    at: z.string().describe('RFC 3339; "" where there is no verdict yet.'),
    validUntil: z.string().describe('RFC 3339; "" where there is no verdict yet.'),
    fresh: z.boolean().describe("False past validUntil: hold, do not go on."),
  })
  .openapi("Verdict");

const readVerdict = createRoute({
  method: "get",
  path: "/v1/verdict",
  summary: "The verdict that stands, for rollout tools",
  description:
    "Always 200 with every field, under 1 KB, from memory; a deployment that Haldane does not know is `continue`. Polling never computes.",
  request: {
    query: strictFields({
      service: nameSchema.describe("namespace/name, or the name alone."),
      environment: z.string().max(256).optional(),
      canary: optionalName.describe("Any alias; a plus sign in it stands for itself."),
      baseline: optionalName.describe("Any alias; a plus sign in it stands for itself."),
      wait: z
        .string()
        .refine((text) => parseWait(text) !== null, "must be a time such as 30s, 500ms or 1m")
        .optional()
        .describe("Answer when the verdict changes, or after this time (60s at most)."),
    }),
  },
  responses: {
    200: { description: "The verdict.", content: { "application/json": { schema: verdictSchema } } },
    ...anyRoute,
  },
});

/**
 * A version as it stands in the query. Rollout tools put values into the URL as they are, and `1.2.0+build7` is a
 * valid semantic version: here a plus is a plus and a blank comes as %20. Null where it is absent or empty.
 */
function version(url: string, name: "canary" | "baseline"): string | null {
  const start = url.indexOf("?");
  if (start < 0) return null;
  const plain = new URLSearchParams(url.slice(start + 1).replaceAll("+", "%2B"));
  const value = plain.get(name);
  return value === null || value === "" ? null : value;
}

const cuttable = ["reason", "action", "canary", "baseline", "service", "environment"] as const;

/** The answer within a number of bytes: the reason is cut first, then the longest of the other texts. */
export function withinBytes(answer: VerdictAnswer, bytes: number): VerdictAnswer {
  let cut = answer;
  let excess = Buffer.byteLength(JSON.stringify(cut)) - bytes;
  while (excess > 0) {
    const current = cut;
    const longest = [...cuttable].sort((a, b) => current[b].length - current[a].length)[0] ?? "reason";
    const field = current.reason.length > 80 ? "reason" : longest;
    const text = current[field];
    if (text.length < 2) return current;
    const kept = Math.min(text.length - 2, Math.max(Math.floor(text.length * 0.7), text.length - excess - 4));
    // An unpaired surrogate would become six bytes of escape.
    const head = text.slice(0, Math.max(kept, 0)).replace(/[\ud800-\udbff]$/, "");
    cut = { ...current, [field]: `${head}…` };
    excess = Buffer.byteLength(JSON.stringify(cut)) - bytes;
  }
  return cut;
}

/** The one question that rollout tools poll. Nothing here redirects, and nothing answers without a body. */
export function addVerdict(app: OpenAPIHono, context: ApiContext): void {
  const { asking, limits } = context;
  const waits = createVerdictWaits(context);
  app.openapi(readVerdict, async (c) => {
    const { service, environment, wait } = c.req.valid("query");
    const query = {
      service,
      environment: environment ?? null,
      canary: version(c.req.url, "canary"),
      baseline: version(c.req.url, "baseline"),
    };
    const waitMs = wait === undefined ? 0 : (parseWait(wait) ?? 0);
    const answer = waitMs === 0 ? asking.verdict(query) : await waits.wait(query, waitMs, c.req.raw.signal);
    return c.json(withinBytes(answer, limits.verdictBytes), 200, { "Cache-Control": "no-store" });
  });
}
