import { describe, expect, it } from "vitest";
import { z } from "zod";
import { problemSchema } from "#http/problem.ts";
import { createFakeApi, openBody, sending, type FakeApi } from "#test/support/fake-api.ts";
import { otherReports, richReport, richServices } from "#test/support/rich-report.ts";

type Json = Record<string, unknown>;
interface Operation {
  readonly responses: Record<string, { content?: Record<string, { schema: Json }> }>;
}
interface Document extends Json {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { schemas: Record<string, Json> };
}

async function describeApi(api: FakeApi): Promise<Document> {
  const answer = await api.app.request("/openapi.json");
  expect(answer.status).toBe(200);
  return (await answer.json()) as Document;
}

/** Puts components in place of their references, and closes every object: nothing undocumented may be answered. */
function resolved(schema: unknown, document: Document): unknown {
  if (Array.isArray(schema)) return schema.map((one) => resolved(one, document));
  if (typeof schema !== "object" || schema === null) return schema;
  const { $ref } = schema as { $ref?: string };
  if ($ref !== undefined) return resolved(document.components.schemas[$ref.split("/").at(-1)!], document);
  const closed = "properties" in schema ? { additionalProperties: false } : {};
  const entries = Object.entries(schema).map(([key, value]) => [key, resolved(value, document)]);
  return { ...Object.fromEntries(entries), ...closed };
}

const reason = { reason: "because" };
const deed = (name: string, body: object = reason) =>
  ["post", "/v1/analyses/{id}/" + name, `/v1/analyses/an-rich/${name}`, body] as const;
type Case = readonly [
  status: number,
  method: string,
  route: string,
  path: string | ((api: FakeApi) => string),
  body?: unknown,
  prepare?: (api: FakeApi) => void,
];

const ended = (api: FakeApi): void => {
  api.asking.put(richReport({ phase: { phase: "ended", as: "promoted", since: 0 } }));
};
const held = (api: FakeApi): void => {
  api.asking.put(richReport({ phase: { phase: "held", step: 0, since: 0, why: "x" } }));
};
const replaying =
  (receiver: string) =>
  (api: FakeApi): string => {
    const told = api.notifying.list({ analysis: "an-told", state: null, limit: 9 });
    return `/v1/notifications/${told.find((one) => one.receiver === receiver)?.id ?? ""}/replay`;
  };
const replay = "/v1/notifications/{id}/replay";
const acting = { ...openBody, canary: "9", mode: "act" };

const cases: readonly Case[] = [
  [200, "get", "/v1/verdict", "/v1/verdict?service=checkout"],
  [400, "get", "/v1/verdict", "/v1/verdict"],
  [200, "get", "/v1/analyses", "/v1/analyses"],
  [400, "get", "/v1/analyses", "/v1/analyses?x=1"],
  [201, "post", "/v1/analyses", "/v1/analyses", { ...openBody, canary: "7" }],
  [200, "post", "/v1/analyses", "/v1/analyses", openBody],
  [400, "post", "/v1/analyses", "/v1/analyses", {}],
  [409, "post", "/v1/analyses", "/v1/analyses", acting],
  [422, "post", "/v1/analyses", "/v1/analyses", { ...openBody, policy: "missing" }],
  [200, "get", "/v1/analyses/{id}", "/v1/analyses/an-rich"],
  [400, "get", "/v1/analyses/{id}", "/v1/analyses/an-rich?x=1"],
  [404, "get", "/v1/analyses/{id}", "/v1/analyses/none"],
  [200, "get", "/v1/notifications", "/v1/notifications?analysis=an-told&state=waiting&limit=9"],
  [400, "get", "/v1/notifications", "/v1/notifications?state=lost"],
  [200, "post", replay, replaying("ops"), {}],
  [400, "post", replay, replaying("ops"), { x: 1 }],
  [404, "post", replay, "/v1/notifications/none/replay", {}],
  [409, "post", replay, replaying("removed"), {}],
  [200, "get", "/v1/services", "/v1/services"],
  [400, "get", "/v1/services", "/v1/services?x=1"],
  [400, "get", "/v1/events", "/v1/events?x=1"],
  [404, "get", "/v1/events", "/v1/events?analysis=none"],
  [200, "get", "/livez", "/livez?verbose"],
  [400, "get", "/livez", "/livez?x=1"],
  [200, "get", "/readyz", "/readyz"],
  [400, "get", "/readyz", "/readyz?x=1"],
  [
    503,
    "get",
    "/readyz",
    "/readyz",
    undefined,
    (api) => {
      api.asking.setCheck("store", false, "read only");
    },
  ],
  [200, "get", "/metrics", "/metrics"],
  [400, "get", "/metrics", "/metrics?x=1"],
  [200, "get", "/openapi.json", "/openapi.json"],
  [400, "get", "/openapi.json", "/openapi.json?x=1"],
  [200, ...deed("hold")],
  [200, ...deed("resume"), held],
  [200, ...deed("abort")],
  [200, ...deed("promote")],
  ...["hold", "resume", "abort", "promote"].flatMap((name): Case[] => [
    [400, ...deed(name, {})],
    [404, "post", `/v1/analyses/{id}/${name}`, `/v1/analyses/none/${name}`, reason],
    [409, ...deed(name), ended],
  ]),
];

describe("the description", () => {
  it("is OpenAPI 3.1 and has every route, and no other", async () => {
    const api = createFakeApi();
    const document = await describeApi(api);
    expect(document.openapi).toBe("3.1.0");
    const served = api.app.routes
      .filter((route) => route.method !== "ALL")
      .map((route) => `${route.method.toLowerCase()} ${route.path.replace(/:(\w+)/g, "{$1}")}`);
    const described = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    expect(new Set(described)).toEqual(new Set(served));
  });

  for (const [status, method, route, path, body, prepare] of cases) {
    it(`${status} of ${method} ${typeof path === "string" ? path : route} has the documented shape`, async () => {
      const api = createFakeApi();
      for (const report of [...otherReports(), richReport()]) api.asking.put(report);
      api.asking.setServices(richServices());
      prepare?.(api);
      const document = await describeApi(api);
      const init =
        body === undefined ? { method: method.toUpperCase() } : sending(method.toUpperCase(), body);
      const answer = await api.app.request(typeof path === "string" ? path : path(api), init);
      expect(answer.status).toBe(status);
      const content = document.paths[route]?.[method]?.responses[String(status)]?.content ?? {};
      const [mediaType, media] = Object.entries(content)[0]!;
      expect(answer.headers.get("content-type")).toContain(mediaType);
      const schema = z.fromJSONSchema(
        resolved(media.schema, document) as Parameters<typeof z.fromJSONSchema>[0],
      );
      const value: unknown = mediaType.includes("json") ? await answer.json() : await answer.text();
      expect(schema.safeParse(value).error).toBeUndefined();
    });
  }

  it("every documented answer is one of those looked at", async () => {
    const document = await describeApi(createFakeApi());
    // Shapes that every route shares, looked at in the tests of access, bodies and streams.
    const shared = new Set(["401", "403", "413", "415"]);
    const elsewhere = new Set(["get /v1/events 200", "get /v1/events 503"]);
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).flatMap(([method, { responses }]) =>
        Object.keys(responses)
          .filter((status) => !shared.has(status))
          .map((status) => `${method} ${path} ${status}`),
      ),
    );
    const looked = new Set(cases.map(([status, method, route]) => `${method} ${route} ${status}`));
    expect(documented.filter((one) => !looked.has(one) && !elsewhere.has(one))).toEqual([]);
  });

  it("a shape that is not the documented one is found", async () => {
    const document = await describeApi(createFakeApi());
    const media = document.paths["/v1/verdict"]!["get"]!.responses["200"]!.content!["application/json"]!;
    const schema = z.fromJSONSchema(
      resolved(media.schema, document) as Parameters<typeof z.fromJSONSchema>[0],
    );
    const answer = await createFakeApi().app.request("/v1/verdict?service=x");
    const body = (await answer.json()) as Json;
    expect(schema.safeParse(body).success).toBe(true);
    expect(schema.safeParse({ ...body, verdict: "maybe" }).success).toBe(false);
    expect(schema.safeParse({ ...body, score: 1 }).success).toBe(false);
  });
});

describe("refusals", () => {
  it.each([
    ["GET", "/nothing", 404, "/problems/not-found"],
    ["DELETE", "/v1/analyses", 405, "/problems/method-not-allowed"],
    ["PUT", "/v1/verdict", 405, "/problems/method-not-allowed"],
  ])("%s %s is %i as a problem", async (method, path, status, type) => {
    const answer = await createFakeApi().app.request(path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(problemSchema.parse(await answer.json())).toMatchObject({ type, status, instance: path });
  });

  it("405 says which methods fit", async () => {
    const answer = await createFakeApi().app.request("/v1/analyses", { method: "DELETE" });
    expect(answer.headers.get("allow")).toBe("POST, GET, HEAD");
  });

  it("a fault inside is 500 without its text, and is told to the log", async () => {
    const api = createFakeApi();
    api.asking.services = () => {
      throw new Error("secret detail");
    };
    const answer = await api.app.request("/v1/services");
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain("secret");
    expect(api.bugs).toHaveLength(1);
  });
});

it("every answer has the security headers", async () => {
  const { app } = createFakeApi({ token: "t" });
  for (const path of ["/livez", "/v1/services", "/nothing"]) {
    const { headers } = await app.request(path);
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
  }
});

describe("the probes and metrics", () => {
  it("readyz names what is not ready, and verbose lists every check", async () => {
    const api = createFakeApi();
    expect(await (await api.app.request("/readyz?verbose")).text()).toBe("[+] engine: judging\nok\n");
    api.asking.setCheck("store", false, "read only");
    expect(await (await api.app.request("/readyz")).text()).toBe("not ready: store\n");
    expect(await (await api.app.request("/readyz?verbose")).text()).toContain("[-] store: read only");
  });

  it("readyz says no while the server stops, and livez still yes", async () => {
    const api = createFakeApi();
    api.stop.abort();
    expect((await api.app.request("/readyz")).status).toBe(503);
    expect((await api.app.request("/livez")).status).toBe(200);
  });

  it("metrics label requests by the pattern of the route", async () => {
    const { app } = createFakeApi();
    await app.request("/v1/analyses/none");
    await app.request("/nothing");
    const text = await (await app.request("/metrics")).text();
    expect(text).toContain('route="/v1/analyses/:id",method="GET",status="404"} 1');
    expect(text).toContain('route="(none)",method="GET",status="404"} 1');
    expect(text).toContain("process_cpu_seconds_total");
  });
});
