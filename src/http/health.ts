import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { Registry } from "prom-client";
import type { ApiContext } from "./api-context.ts";
import { anyRoute } from "./problem.ts";
import { strictFields } from "./request-problems.ts";

const text = { "text/plain": { schema: z.string() } };
const verboseQuery = strictFields({ verbose: z.string().optional().describe("One line for each check.") });

const live = createRoute({
  method: "get",
  path: "/livez",
  summary: "Whether the process answers",
  request: { query: verboseQuery },
  responses: { 200: { description: "It does.", content: text }, 400: anyRoute[400] },
});

const ready = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether Haldane can do its work",
  request: { query: verboseQuery },
  responses: {
    200: { description: "Every check is good.", content: text },
    400: anyRoute[400],
    503: { description: "A check is not good.", content: text },
  },
});

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Haldane's own metrics, Prometheus text format",
  request: { query: strictFields({}) },
  responses: { 200: { description: "The metrics.", content: text }, ...anyRoute },
});

/** What a supervisor asks. The checks are asked at every call, and cost a look at memory. */
export function addHealth(app: OpenAPIHono, context: ApiContext, registry: Registry): void {
  app.openapi(live, (c) => c.text("ok\n", 200));
  app.openapi(ready, (c) => {
    const stopping = { name: "stopping", ok: false, detail: "the server is stopping" };
    const checks = [...context.asking.checks(), ...(context.stopping.aborted ? [stopping] : [])];
    const failing = checks.filter((check) => !check.ok);
    const lines = checks.map((check) => `[${check.ok ? "+" : "-"}] ${check.name}: ${check.detail}`);
    const summary =
      failing.length === 0 ? "ok" : `not ready: ${failing.map((check) => check.name).join(", ")}`;
    const body = c.req.valid("query").verbose === undefined ? summary : [...lines, summary].join("\n");
    return c.text(`${body}\n`, failing.length === 0 ? 200 : 503);
  });
  app.openapi(metrics, async (c) =>
    c.text(await registry.metrics(), 200, { "Content-Type": registry.contentType }),
  );
}
