import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Operation } from "#engine/asking.ts";
import { analysisIdSchema } from "./analyses.ts";
import { analysisSummaryJson, analysisSummarySchema } from "./analysis-json.ts";
import type { ApiContext } from "./api-context.ts";
import { changingRoute, problem, problemResponse } from "./problem.ts";
import { strictFields } from "./request-problems.ts";

const operationBody = strictFields({
  reason: z.string().trim().min(1).max(500).describe("Why, for the record and for those who look later."),
  actor: z.string().trim().min(1).max(100).default("api").describe("Who."),
}).openapi("Operation");

const deeds: Readonly<Record<Operation["deed"], string>> = {
  hold: "Stop the climb and keep the weight",
  resume: "Go on after a hold",
  abort: "Roll back now",
  promote: "Promote now, against or without a verdict",
};

function operationRoute(deed: string, summary: string) {
  return createRoute({
    method: "post",
    path: `/v1/analyses/{id}/${deed}`,
    summary,
    request: {
      params: z.object({ id: analysisIdSchema }),
      body: { required: true, content: { "application/json": { schema: operationBody } } },
    },
    responses: {
      200: {
        description: "Done; the analysis as it stands now.",
        content: { "application/json": { schema: analysisSummarySchema } },
      },
      ...changingRoute,
      404: problemResponse("No such analysis."),
      409: problemResponse("The analysis has ended, or the deed does not fit its phase."),
    },
  });
}

/** An operator's four deeds, each with a reason. */
export function addOperations(app: OpenAPIHono, { asking }: ApiContext): void {
  for (const deed of ["hold", "resume", "abort", "promote"] as const) {
    app.openapi(operationRoute(deed, deeds[deed]), (c) => {
      const { id } = c.req.valid("param");
      const operated = asking.operate(id, { deed, ...c.req.valid("json") });
      if (operated.ok) return c.json(analysisSummaryJson(operated.value), 200);
      const { error } = operated;
      return problem(c, error.tag === "notFound" ? "not-found" : "conflict", { detail: error.message });
    });
  }
}
