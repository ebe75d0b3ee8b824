import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { Counter, Histogram, type Registry } from "prom-client";
import type { HttpLimits } from "./limits.ts";

/**
 * Times every request by the route's pattern, never by its path, so that the series stay few.
 * Seconds until the answer's head; held-open answers carry "(wait)" and event streams end their time at the head.
 */
export function measuredRequests(registry: Registry): MiddlewareHandler {
  const seconds = new Histogram({
    name: "haldane_http_request_duration_seconds",
    help: "Time from a request to the head of its answer, by route, method and status.",
    labelNames: ["route", "method", "status"],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60],
    registers: [registry],
  });
  return async (c, next) => {
    const end = seconds.startTimer();
    await next();
    const route = matchedRoutes(c).findLast((entry) => entry.method !== "ALL")?.path ?? "(none)";
    const waited = c.req.query("wait") !== undefined;
    end({
      route: waited ? `${route} (wait)` : route,
      method: c.req.method,
      status: String(c.res.status),
    });
  };
}

/** Counts requests that met a limit, by the limit's name. */
export function countedLimits(registry: Registry): (limit: keyof HttpLimits) => void {
  const met = new Counter({
    name: "haldane_http_limit_met_total",
    help: "Requests that met a limit of the API, by its name.",
    labelNames: ["limit"],
    registers: [registry],
  });
  return (limit) => {
    met.inc({ limit });
  };
}
