import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { listen } from "#examples/listen.ts";
import { goods, total } from "./goods.ts";
import { receiptNotSent } from "./receipts.ts";
import { failureShare, type Release, slowdown, unsentShare } from "./release.ts";
import { matchRoute, type Route, routeName } from "./routes.ts";
import type { Telemetry } from "./telemetry.ts";
import { workMs } from "./work-time.ts";

/** A running instance of the shop. */
export interface Storefront {
  readonly url: string;
  close(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const bodyLimitBytes = 16_384;

/** Starts one instance of the shop on a free loopback port. `random` gives numbers in [0, 1). */
export async function startStorefront(
  release: Release,
  telemetry: Telemetry,
  random: () => number,
): Promise<Storefront> {
  const server: Server = createServer((request, response) => {
    const route = matchRoute(request.method ?? "", request.url ?? "/");
    if (route === null) {
      answer(response, { status: 404, body: { error: "no such page" } });
      return;
    }
    void serve(route, request, response, { release, telemetry, random });
  });
  server.keepAliveTimeout = 60_000;
  const url = await listen(server);
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

async function serve(
  route: Route,
  request: IncomingMessage,
  response: ServerResponse,
  shop: { readonly release: Release; readonly telemetry: Telemetry; readonly random: () => number },
): Promise<void> {
  const { release, telemetry, random } = shop;
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const seen = telemetry.observe({ method: route.method, route: route.template, path });
  const name = routeName(route);
  let reply: Reply;
  try {
    const body = await readBody(request);
    await pause(workMs(route, slowdown(release, name), random));
    if (random() < failureShare(release, name)) throw new Error(`the backend of ${name} gave no answer`);
    reply =
      body === null ? { status: 413, body: { error: "the body is too long" } } : work(route, path, body);
    const unsent = unsentShare(release, name);
    if (unsent > 0 && random() < unsent) seen.warn(receiptNotSent(random));
  } catch (failure) {
    seen.fail(failure instanceof Error ? failure.message : String(failure));
    reply = { status: 500, body: { error: "something went wrong on our side" } };
  }
  answer(response, reply);
  seen.end(reply.status);
}

/** What a route does, apart from waiting. */
function work(route: Route, path: string, body: string): Reply {
  switch (routeName(route)) {
    case "GET /products":
      return { status: 200, body: goods.slice(0, 12) };
    case "GET /products/:id": {
      const good = goods.find((candidate) => candidate.id === path.split("/")[2]);
      return good === undefined
        ? { status: 404, body: { error: "no such product" } }
        : { status: 200, body: good };
    }
    default:
      return priced(body);
  }
}

function priced(body: string): Reply {
  const ids = parseItems(body);
  if (ids === null) return { status: 400, body: { error: 'send {"items": ["1", "2"]}' } };
  const price = total(ids);
  return "unknown" in price
    ? { status: 422, body: { error: `no product ${price.unknown}` } }
    : { status: 200, body: { items: ids, totalCents: price.cents } };
}

function parseItems(body: string): readonly string[] | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed !== "object" || parsed === null || !("items" in parsed)) return null;
    const { items } = parsed;
    return Array.isArray(items) && items.every((item) => typeof item === "string") ? items : null;
  } catch {
    return null;
  }
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  let text = "";
  request.setEncoding("utf8");
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > bodyLimitBytes) return null;
  }
  return text;
}

function answer(response: ServerResponse, reply: Reply): void {
  const text = JSON.stringify(reply.body);
  response.writeHead(reply.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}
