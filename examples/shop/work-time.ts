import type { Route } from "./routes.ts";

/**
 * How long the backend of a route keeps one request, in ms: log-normal around the route's median, ten times it at most.
 * `factor` is the release's slow-down; `random` gives numbers in [0, 1), two of them for each call.
 */
export function workMs(
  route: Pick<Route, "medianMs" | "spread">,
  factor: number,
  random: () => number,
): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return route.medianMs * factor * Math.min(10, Math.exp(route.spread * normal));
}
