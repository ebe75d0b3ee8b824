import { Agent, request as send } from "node:http";
import { goods } from "#examples/shop/goods.ts";
import { type Route, routeName, routes } from "#examples/shop/routes.ts";

/** What happened to the requests of a load so far. `shed` were due while too many were under way: counted, never queued. */
export interface LoadCounts {
  readonly due: number;
  readonly sent: number;
  readonly shed: number;
  readonly answered: number;
  readonly failed: number;
  /** Sent, by route name. */
  readonly byRoute: Readonly<Record<string, number>>;
}

export interface LoadOptions {
  readonly url: string;
  readonly ratePerSecond: number;
  /** Requests under way at most: the bound that keeps a stuck shop from filling this process. */
  readonly maxInFlight: number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

export interface Load {
  counts(): LoadCounts;
  /** Sends no more and waits for what is under way. */
  stop(): Promise<void>;
}

const tickMs = 10;
/** Idle connections are closed from this side, before the router (60 s) does. */
const idleMs = 30_000;

/** How many requests should have been sent by now: the clock decides, never the answers. */
export function dueBy(elapsedMs: number, ratePerSecond: number): number {
  return Math.floor((elapsedMs * ratePerSecond) / 1000);
}

/** Starts an open-loop load: requests leave at a steady rate whether or not earlier ones have been answered. */
export function startLoad(options: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: options.maxInFlight, timeout: idleMs });
  const counts = { due: 0, sent: 0, shed: 0, answered: 0, failed: 0 };
  const byRoute: Record<string, number> = {};
  const started = performance.now();
  let idle: (() => void) | null = null;
  const settled = (ok: boolean): void => {
    counts.answered += 1;
    if (!ok) counts.failed += 1;
    if (counts.answered === counts.sent) idle?.();
  };
  const one = (): void => {
    counts.due += 1;
    if (counts.sent - counts.answered >= options.maxInFlight) {
      counts.shed += 1;
      return;
    }
    counts.sent += 1;
    const route = chooseRoute(options.random());
    const name = routeName(route);
    byRoute[name] = (byRoute[name] ?? 0) + 1;
    call(route, { url: options.url, agent, random: options.random, settled });
  };
  const timer = setInterval(() => {
    const due = dueBy(performance.now() - started, options.ratePerSecond);
    while (counts.due < due) one();
  }, tickMs);
  return {
    counts: () => ({ ...counts, byRoute: { ...byRoute } }),
    async stop() {
      clearInterval(timer);
      if (counts.answered < counts.sent) {
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
      }
      agent.destroy();
    },
  };
}

/** The route of a request by a number in [0, 1), so that each has its share. */
export function chooseRoute(random: number): Route {
  let below = 0;
  for (const route of routes) {
    below += route.share;
    if (random < below) return route;
  }
  return routes[0];
}

function call(
  route: Route,
  by: {
    readonly url: string;
    readonly agent: Agent;
    readonly random: () => number;
    readonly settled: (ok: boolean) => void;
  },
): void {
  const good = (): string => goods[Math.floor(by.random() * goods.length)]?.id ?? "1";
  const path = route.template.replace(":id", good());
  const body = route.method === "POST" ? JSON.stringify({ items: [good(), good()] }) : null;
  const headers =
    body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
  const request = send(`${by.url}${path}`, { method: route.method, agent: by.agent, headers }, (reply) => {
    reply.resume();
    reply.once("close", () => {
      by.settled(reply.complete && (reply.statusCode ?? 500) < 500);
    });
  });
  request.setTimeout(10_000, () => request.destroy(new Error("no answer in 10 s")));
  let answered = false;
  request.once("response", () => {
    answered = true;
  });
  request.on("error", () => {
    if (!answered) by.settled(false);
  });
  request.end(body ?? undefined);
}
