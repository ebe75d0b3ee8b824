import { createHash } from "node:crypto";
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { OpenError, OpenRequest } from "#engine/asking.ts";
import {
  analysisReportJson,
  analysisReportSchema,
  analysisSummaryJson,
  analysisSummarySchema,
} from "./analysis-json.ts";
import type { ApiContext } from "./api-context.ts";
import { anyRoute, changingRoute, problem, problemResponse, type ProblemKind } from "./problem.ts";
import { strictFields } from "./request-problems.ts";

/** The name of a service, a version or a policy as callers send it. */
export const nameSchema = z.string().min(1).max(256);
export const analysisIdSchema = z.string().min(1).max(128);

const openBody = strictFields({
  service: nameSchema.describe("namespace/name, or the name alone."),
  environment: z.string().max(256).default("").describe('"" where the service sends none.'),
  canary: nameSchema.describe(
    "Any alias of the canary: deployment id, version, image digest, template hash.",
  ),
  baseline: nameSchema
    .nullable()
    .default(null)
    .describe("Any alias of the baseline; null: the version that serves most."),
  mode: z
    .enum(["act", "report"])
    .nullable()
    .default(null)
    .describe("act moves traffic, report only answers; null: as bound."),
  policy: nameSchema.nullable().default(null).describe("Name of a policy; null: as bound."),
  actor: z.string().min(1).max(100).optional().describe("Who opens it, for the record."),
}).openapi("OpenAnalysis");

const keyHeader = z.object({
  "idempotency-key": z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 visible ASCII characters")
    .optional()
    .describe("The same key with the same body answers with the analysis opened first."),
});

const summaryContent = { "application/json": { schema: analysisSummarySchema } };
const location = { Location: { description: "Path of the analysis.", schema: { type: "string" as const } } };

const openAnalysis = createRoute({
  method: "post",
  path: "/v1/analyses",
  summary: "Open the analysis of a canary against its baseline",
  description:
    "Idempotent by the Idempotency-Key header, else by service, environment and canary: asking again while one is open answers 200 with it.",
  request: {
    headers: keyHeader,
    body: { required: true, content: { "application/json": { schema: openBody } } },
  },
  responses: {
    201: { description: "Opened.", headers: location, content: summaryContent },
    200: { description: "It exists already.", headers: location, content: summaryContent },
    ...changingRoute,
    409: problemResponse("Another acting analysis holds this service and environment."),
    422: problemResponse(
      "Well formed and not possible: unknown policy, no controller, two arms that are one.",
    ),
  },
});

const listAnalyses = createRoute({
  method: "get",
  path: "/v1/analyses",
  summary: "Analyses, newest first",
  request: {
    query: strictFields({
      service: nameSchema.optional(),
      environment: z.string().max(256).optional(),
      state: z.enum(["open", "ended"]).optional(),
      limit: z
        .string()
        .regex(/^[1-9]\d{0,5}$/, "must be a whole number from 1")
        .optional()
        .describe("50 if not given; cut to 500."),
    }),
  },
  responses: {
    200: {
      description: "The analyses that fit the filter.",
      content: { "application/json": { schema: z.object({ analyses: z.array(analysisSummarySchema) }) } },
    },
    ...anyRoute,
  },
});

const readAnalysis = createRoute({
  method: "get",
  path: "/v1/analyses/{id}",
  summary: "State, verdict, action, findings and why",
  request: { params: z.object({ id: analysisIdSchema }), query: strictFields({}) },
  responses: {
    200: {
      description: "The whole report.",
      content: { "application/json": { schema: analysisReportSchema } },
    },
    ...anyRoute,
    404: problemResponse("No such analysis."),
  },
});

const listedByDefault = 50;

function openRequest(body: z.infer<typeof openBody>, idempotencyKey: string | null): OpenRequest {
  const { service, environment, canary, baseline, mode, policy, actor } = body;
  const requestDigest = createHash("sha256")
    .update(JSON.stringify([service, environment, canary, baseline, mode, policy]))
    .digest("hex");
  const openedBy = actor === undefined ? "api" : `api: ${actor}`;
  return { service, environment, canary, baseline, mode, policy, idempotencyKey, requestDigest, openedBy };
}

function refusal(error: OpenError): Extract<ProblemKind, "conflict" | "not-possible"> {
  return error.tag === "alreadyActing" ? "conflict" : "not-possible";
}

/** Opening, listing and reading analyses. */
export function addAnalyses(app: OpenAPIHono, { asking, limits, limitMet }: ApiContext): void {
  app.openapi(openAnalysis, (c) => {
    const key = c.req.valid("header")["idempotency-key"] ?? null;
    const opened = asking.open(openRequest(c.req.valid("json"), key));
    if (!opened.ok) {
      const { error } = opened;
      const inTheWay = error.tag === "alreadyActing" ? { analysis: error.analysisId } : {};
      return problem(c, refusal(error), { detail: error.message, ...inTheWay });
    }
    const { analysis, created } = opened.value;
    const path = { Location: `/v1/analyses/${encodeURIComponent(analysis.id)}` };
    const body = analysisSummaryJson(analysis);
    return created ? c.json(body, 201, path) : c.json(body, 200, path);
  });

  app.openapi(listAnalyses, (c) => {
    const { service, environment, state, limit } = c.req.valid("query");
    const asked = limit === undefined ? listedByDefault : Number(limit);
    if (asked > limits.listed) limitMet("listed");
    const analyses = asking.list({
      service: service ?? null,
      environment: environment ?? null,
      open: state === undefined ? null : state === "open",
      limit: Math.min(asked, limits.listed),
    });
    return c.json({ analyses: analyses.map(analysisSummaryJson) }, 200);
  });

  app.openapi(readAnalysis, (c) => {
    const { id } = c.req.valid("param");
    const report = asking.report(id);
    if (report === null) {
      return problem(c, "not-found", {
        detail: `There is no analysis "${id}"; GET /v1/analyses lists those there are.`,
      });
    }
    return c.json(analysisReportJson(report), 200);
  });
}
