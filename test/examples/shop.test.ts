import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { total } from "#examples/shop/goods.ts";
import { releaseSchema } from "#examples/shop/release.ts";
import { matchRoute, routeName, routes } from "#examples/shop/routes.ts";
import { startStorefront, type Storefront } from "#examples/shop/storefront.ts";
import { startTelemetry, type Telemetry } from "#examples/shop/telemetry.ts";
import { workMs } from "#examples/shop/work-time.ts";
import { type OtlpSink, startOtlpSink } from "#test/support/otlp-sink.ts";
import { seededRandom } from "#test/support/random.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const sender = {
  namespace: "shop",
  name: "storefront",
  version: "v2",
  instance: "storefront-v2-0",
  environment: "demo",
};

async function shop(
  release: object,
): Promise<{ readonly sink: OtlpSink; readonly telemetry: Telemetry; readonly storefront: Storefront }> {
  const sink = await startOtlpSink();
  closing.push(() => sink.close());
  const telemetry = startTelemetry(sender, sink.url, 1000);
  closing.push(() => telemetry.stop());
  const parsed = releaseSchema.parse({ version: "v2", ...release });
  const storefront = await startStorefront(parsed, telemetry, seededRandom(11).next);
  closing.push(() => storefront.close());
  return { sink, telemetry, storefront };
}

async function call(storefront: Storefront, method: string, path: string, body?: string): Promise<number> {
  const response = await fetch(`${storefront.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body }),
  });
  await response.arrayBuffer();
  return response.status;
}

const basket = JSON.stringify({ items: ["1", "2"] });

describe("the shop", () => {
  it("emits one server span and one counted duration for each request, by route", async () => {
    const { sink, telemetry, storefront } = await shop({ failing: noFailures() });
    const sent = { "GET /products": 30, "GET /products/:id": 20, "POST /cart": 10, "POST /checkout": 15 };
    await Promise.all([
      ...Array.from({ length: 30 }, () => call(storefront, "GET", "/products?page=1")),
      ...Array.from({ length: 20 }, (_, at) => call(storefront, "GET", `/products/${at + 1}`)),
      ...Array.from({ length: 10 }, () => call(storefront, "POST", "/cart", basket)),
      ...Array.from({ length: 15 }, () => call(storefront, "POST", "/checkout", basket)),
      call(storefront, "GET", "/favicon.ico"),
    ]);
    await telemetry.stop();

    const byName = count(sink.spans.map(({ name }) => name));
    expect(byName).toEqual(sent);
    expect(sink.spans.every(({ kind, failed }) => kind === 2 && !failed)).toBe(true);
    const durations = new Map<string, { readonly count: number; readonly time: number }>();
    for (const point of sink.points) {
      expect([point.metric, point.unit]).toEqual(["http.server.request.duration", "s"]);
      const name = `${point.attributes["http.request.method"]} ${point.attributes["http.route"]}`;
      const known = durations.get(name);
      if (known === undefined || known.time <= point.time) durations.set(name, point);
    }
    expect(Object.fromEntries([...durations].map(([name, point]) => [name, point.count]))).toEqual(sent);
  });

  it("says which service, version, instance and environment it is, and the route by its template", async () => {
    const { sink, telemetry, storefront } = await shop({ failing: noFailures() });
    await call(storefront, "GET", "/products/7");
    await telemetry.stop();
    expect(sink.spans[0]?.resource).toMatchObject({
      "service.namespace": "shop",
      "service.name": "storefront",
      "service.version": "v2",
      "service.instance.id": "storefront-v2-0",
      "deployment.environment.name": "demo",
    });
    expect(sink.spans[0]?.attributes).toMatchObject({
      "http.request.method": "GET",
      "http.route": "/products/:id",
      "http.response.status_code": 200,
    });
  });

  it("fails with 500, an error span and one ERROR log in the same trace", async () => {
    const { sink, telemetry, storefront } = await shop({ failing: { ...noFailures(), "POST /checkout": 1 } });
    expect(await call(storefront, "POST", "/checkout", basket)).toBe(500);
    expect(await call(storefront, "POST", "/cart", basket)).toBe(200);
    await telemetry.stop();
    const failed = sink.spans.filter((span) => span.failed);
    expect(failed.map(({ name, attributes }) => [name, attributes["error.type"]])).toEqual([
      ["POST /checkout", "500"],
    ]);
    expect(sink.logs.map(({ severity, traceId }) => [severity, traceId])).toEqual([[17, failed[0]?.traceId]]);
  });

  it("answers well and warns in the log alone where no receipt is sent", async () => {
    const { sink, telemetry, storefront } = await shop({
      failing: noFailures(),
      unsent: { "POST /checkout": 1 },
    });
    expect(await call(storefront, "POST", "/checkout", basket)).toBe(200);
    expect(await call(storefront, "POST", "/cart", basket)).toBe(200);
    await telemetry.stop();
    expect(sink.spans.filter(({ failed }) => failed)).toEqual([]);
    expect(sink.logs.map(({ severity }) => severity)).toEqual([13]);
  });

  it("serves on when its telemetry has stopped, unseen", async () => {
    const { sink, telemetry, storefront } = await shop({ failing: noFailures() });
    await call(storefront, "GET", "/products");
    await telemetry.stop();
    const seen = sink.spans.length;
    expect(await call(storefront, "GET", "/products")).toBe(200);
    await telemetry.stop();
    expect([seen, sink.spans.length]).toEqual([1, 1]);
  });

  it("answers what it cannot do with 4xx, which is no failure of the shop", async () => {
    const { sink, telemetry, storefront } = await shop({ failing: noFailures() });
    expect(await call(storefront, "GET", "/products/999")).toBe(404);
    expect(await call(storefront, "POST", "/cart", "not json")).toBe(400);
    expect(await call(storefront, "POST", "/cart", JSON.stringify({ items: ["999"] }))).toBe(422);
    expect(await call(storefront, "POST", "/cart", "x".repeat(20_000))).toBe(413);
    await telemetry.stop();
    expect(sink.spans.filter(({ failed }) => failed)).toEqual([]);
    expect(sink.logs).toEqual([]);
  });
});

describe("routes", () => {
  it("share the whole traffic", () => {
    expect(routes.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it("a slower release is slower by its factor, draw for draw, and its median is the route's", () => {
    const route = { medianMs: 20, spread: 0.4 };
    const usual = draws(2001, seededRandom(5).next, (random) => workMs(route, 1, random));
    const slow = draws(2001, seededRandom(5).next, (random) => workMs(route, 1.4, random));
    expect(slow.map((ms, at) => ms / (usual[at] ?? 0)).every((ratio) => Math.abs(ratio - 1.4) < 1e-9)).toBe(
      true,
    );
    // Standard error of a log-normal's sample median: median * spread * sqrt(pi / 2 / n).
    const median = [...usual].sort((a, b) => a - b)[1000] ?? 0;
    expect(Math.abs(median - 20)).toBeLessThan(4 * 20 * 0.4 * Math.sqrt(Math.PI / 2 / 2001));
  });

  it("any product id is one and the same route", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]{1,12}$/), (id) => {
        const route = matchRoute("GET", `/products/${id}?a=b`);
        expect(route === null ? null : routeName(route)).toBe("GET /products/:id");
      }),
    );
    expect(matchRoute("GET", "/products/1/reviews")).toBeNull();
    expect(matchRoute("DELETE", "/products")).toBeNull();
  });

  it("a basket costs the sum of its goods, in any order", () => {
    expect(total(["1", "2"])).toEqual({ cents: 500 + 879 });
    expect(total(["2", "1"])).toEqual(total(["1", "2"]));
    expect(total(["1", "nothing"])).toEqual({ unknown: "nothing" });
  });
});

function draws(n: number, random: () => number, draw: (random: () => number) => number): readonly number[] {
  return Array.from({ length: n }, () => draw(random));
}

function noFailures(): Record<string, number> {
  return Object.fromEntries(routes.map((route) => [routeName(route), 0]));
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
