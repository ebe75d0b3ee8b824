import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "hono";
import { bodyLimit } from "hono/body-limit";
import { HTTPException } from "hono/http-exception";
import { methodNotAllowed } from "hono/method-not-allowed";
import { collectDefaultMetrics, type Registry } from "prom-client";
import type { Asking } from "#engine/asking.ts";
import type { Notifying } from "#engine/notifying.ts";
import type { Clock } from "#engine/ports.ts";
import { createAccess, type Access } from "./access.ts";
import { addAnalyses } from "./analyses.ts";
import type { ApiContext } from "./api-context.ts";
import { createEventFeed } from "./event-feed.ts";
import { addEvents } from "./events.ts";
import { addHealth } from "./health.ts";
import { defaultHttpLimits, type HttpLimits } from "./limits.ts";
import { countedLimits, measuredRequests } from "./measured-requests.ts";
import { addNotifications } from "./notifications.ts";
import { addOperations } from "./operations.ts";
import { anyRoute, problem } from "./problem.ts";
import { refuseRequest, strictFields } from "./request-problems.ts";
import { securityHeaders } from "./security-headers.ts";
import { addServices } from "./services.ts";
import { addVerdict } from "./verdict.ts";

export interface ApiOptions extends Access {
  readonly asking: Asking;
  readonly notifying: Notifying;
  readonly clock: Clock;
  /** Haldane's own metrics; the API adds those of the process and of its requests. */
  readonly registry: Registry;
  readonly version: string;
  /** Aborted when the server stops: waits are answered, event streams end, `/readyz` says so. */
  readonly stopping: AbortSignal;
  /** Told of what was thrown and answered with 500. */
  readonly onBug: (error: unknown, request: string) => void;
  readonly limits?: Partial<HttpLimits>;
}

const openApiRoute = createRoute({
  method: "get",
  path: "/openapi.json",
  summary: "This description, OpenAPI 3.1",
  request: { query: strictFields({}) },
  responses: {
    200: {
      description: "The description.",
      content: { "application/json": { schema: z.record(z.string(), z.unknown()) } },
    },
    ...anyRoute,
  },
});

function addOpenApi(app: OpenAPIHono, version: string, guarded: boolean): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  app.openapi(openApiRoute, (c) => {
    const document: Record<string, unknown> = {
      ...app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: {
          title: "Haldane",
          version,
          description: "Canary analysis: ask for a verdict, open analyses, operate them.",
        },
        ...(guarded ? { security: [{ bearer: [] }] } : {}),
      }),
    };
    return c.json(document, 200);
  });
}

/** What reading a body throws when its sender has gone away. */
function isAborted(error: Error): boolean {
  return "code" in error && error.code === "ECONNRESET";
}

/** Whatever went wrong outside a route's own answers, in the one form. */
function addRefusals(app: OpenAPIHono, onBug: ApiOptions["onBug"]): void {
  app.notFound((c) =>
    problem(c, "not-found", {
      detail: `Nothing is served at ${c.req.path}; /openapi.json lists what is.`,
    }),
  );
  app.onError((error, c) => {
    if (error instanceof HTTPException && error.status === 415) {
      return problem(c, "unsupported-media-type", {
        detail: "Send the body as JSON with the header 'Content-Type: application/json'.",
      });
    }
    if (error instanceof HTTPException && error.status < 500) {
      const detail = "The body is not valid JSON; send one JSON object.";
      const errors = [{ field: "body", problem: "is not valid JSON", fix: "send one JSON object" }];
      return problem(c, "invalid-request", { detail, errors });
    }
    if (isAborted(error)) {
      // Nobody hears it any more; what counts is that it is no fault of Haldane and makes no noise in its log.
      return problem(c, "invalid-request", { detail: "The connection ended before the body did." });
    }
    onBug(error, `${c.req.method} ${c.req.path}`);
    return problem(c, "internal-error", { detail: "A fault in Haldane; its log says more." });
  });
}

function addGuards(app: OpenAPIHono, options: ApiOptions, context: ApiContext): void {
  app.use(measuredRequests(options.registry), securityHeaders());
  app.use(
    methodNotAllowed({
      app,
      onMethodNotAllowed: (c, methods) => {
        c.header("Allow", methods.join(", "));
        return problem(c, "method-not-allowed", {
          detail: `${c.req.method} does not fit ${c.req.path}; use ${methods.join(", ")}.`,
        });
      },
    }),
  );
  app.use(createAccess(options));
  const limited = bodyLimit({
    maxSize: context.limits.bodyBytes,
    onError: (c) => {
      context.limitMet("bodyBytes");
      const { bodyBytes } = context.limits;
      const errors = [
        {
          field: "body",
          problem: `is larger than ${bodyBytes} bytes`,
          fix: "send one smaller JSON object",
        },
      ];
      return problem(c, "body-too-large", {
        detail: `The body is larger than ${bodyBytes} bytes (limit bodyBytes).`,
        errors,
      });
    },
  });
  // Nothing reads the body of a GET. To look for one builds the whole web request, which was half the cost of a poll.
  app.use((c, next) => (c.req.method === "GET" ? next() : limited(c, next)));
}

/**
 * The API as a Hono application: `fetch` serves it, and pages may be mounted on it with `route`; they come under the same
 * access rules and headers. It asks and answers; nothing here computes a verdict.
 */
export function createApi(options: ApiOptions): OpenAPIHono {
  const { asking, notifying, clock, registry, stopping } = options;
  const limits = { ...defaultHttpLimits, ...options.limits };
  const feed = createEventFeed(asking, limits.listeners);
  const context = { asking, notifying, clock, limits, feed, stopping, limitMet: countedLimits(registry) };
  collectDefaultMetrics({ register: registry });

  const app = new OpenAPIHono<Env>({ defaultHook: refuseRequest });
  addRefusals(app, options.onBug);
  addGuards(app, options, context);
  addVerdict(app, context);
  addAnalyses(app, context);
  addOperations(app, context);
  addNotifications(app, context);
  addServices(app, context);
  addEvents(app, context);
  addHealth(app, context, registry);
  addOpenApi(app, options.version, options.token !== null);
  return app;
}
