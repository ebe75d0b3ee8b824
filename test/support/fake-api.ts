import { Registry } from "prom-client";
import { createApi, type ApiOptions } from "#http/api.ts";
import { createFakeAsking, type FakeAsking } from "./fake-asking.ts";
import { createFakeNotifying, type FakeNotifying } from "./fake-notifying.ts";
import { richNow } from "./rich-report.ts";

/** An API over a fake engine, with what a test looks at. */
export interface FakeApi {
  readonly app: ReturnType<typeof createApi>;
  readonly asking: FakeAsking;
  readonly notifying: FakeNotifying;
  readonly registry: Registry;
  readonly stop: AbortController;
  readonly bugs: unknown[];
}

export function createFakeApi(options: Partial<ApiOptions> = {}): FakeApi {
  const asking = createFakeAsking();
  const notifying = createFakeNotifying();
  const registry = new Registry();
  const stop = new AbortController();
  const bugs: unknown[] = [];
  const app = createApi({
    asking,
    notifying,
    token: null,
    loopback: true,
    clock: { now: () => richNow },
    registry,
    version: "0.1.0",
    stopping: stop.signal,
    onBug: (error) => bugs.push(error),
    ...options,
  });
  return { app, asking, notifying, registry, stop, bugs };
}

/** A JSON request as a client sends it. */
export function sending(method: string, body: unknown, headers: Record<string, string> = {}): RequestInit {
  return { method, headers: { "Content-Type": "application/json", ...headers }, body: JSON.stringify(body) };
}

export const openBody = { service: "shop/checkout", environment: "production", canary: "2.4.0" };
