/** One route of the shop: how much of the traffic it has and how long its work usually takes. */
export interface Route {
  readonly method: "GET" | "POST";
  /** As the semantic conventions want `http.route`: low cardinality, parameters by name. */
  readonly template: string;
  /** Share of all requests that the demo sends here; the shares add up to 1. */
  readonly share: number;
  /** Median time of the work behind the route (a database, a payment provider), in ms. */
  readonly medianMs: number;
  /** Standard deviation of the logarithm of that time. */
  readonly spread: number;
}

export const routes = [
  { method: "GET", template: "/products", share: 0.15, medianMs: 20, spread: 0.4 },
  { method: "GET", template: "/products/:id", share: 0.45, medianMs: 25, spread: 0.4 },
  { method: "POST", template: "/cart", share: 0.05, medianMs: 15, spread: 0.4 },
  { method: "POST", template: "/checkout", share: 0.35, medianMs: 45, spread: 0.4 },
] as const satisfies readonly Route[];

/** "POST /checkout": how people, spans and releases name a route. */
export function routeName(route: Pick<Route, "method" | "template">): string {
  return `${route.method} ${route.template}`;
}

/** The route that serves a request, or null. The query string does not matter. */
export function matchRoute(method: string, url: string): Route | null {
  const path = url.split("?", 1)[0] ?? url;
  return (
    routes.find((route) => {
      if (route.method !== method) return false;
      const wanted = route.template.split("/");
      const given = path.split("/");
      return (
        wanted.length === given.length &&
        wanted.every((part, at) => (part.startsWith(":") ? given[at] !== "" : part === given[at]))
      );
    }) ?? null
  );
}
