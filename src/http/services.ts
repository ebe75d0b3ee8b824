import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { ApiContext } from "./api-context.ts";
import { anyRoute } from "./problem.ts";
import { strictFields } from "./request-problems.ts";
import { serviceJson, serviceSchema } from "./service-json.ts";

const listServices = createRoute({
  method: "get",
  path: "/v1/services",
  summary: "What Haldane sees: services, versions, instances, and what it could not attribute",
  request: { query: strictFields({}) },
  responses: {
    200: {
      description: "Every service and environment with telemetry.",
      content: { "application/json": { schema: z.object({ services: z.array(serviceSchema) }) } },
    },
    ...anyRoute,
  },
});

export function addServices(app: OpenAPIHono, { asking }: ApiContext): void {
  app.openapi(listServices, (c) => c.json({ services: asking.services().map(serviceJson) }, 200));
}
