import { describe, expect, it } from "vitest";
import { problemSchema } from "#http/problem.ts";
import { createFakeApi, openBody, sending } from "#test/support/fake-api.ts";
import { richReport } from "#test/support/rich-report.ts";

const token = "s3cret-token";
const bearer = (value: string) => ({ Authorization: `Bearer ${value}` });
const basic = (value: string) => ({
  Authorization: `Basic ${Buffer.from(`me:${value}`).toString("base64")}`,
});

const reads = ["/v1/verdict?service=x", "/v1/analyses", "/v1/services", "/metrics", "/openapi.json"];
const changes = [
  "/v1/analyses",
  ...["hold", "resume", "abort", "promote"].map((deed) => `/v1/analyses/an-rich/${deed}`),
  "/v1/notifications/an-rich/replay",
];

describe("with a token", () => {
  it.each(reads)("%s needs it", async (path) => {
    const { app } = createFakeApi({ token });
    for (const headers of [{}, bearer("wrong"), bearer(""), basic("wrong"), { Authorization: token }]) {
      const answer = await app.request(path, { headers });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="haldane"');
      expect(problemSchema.parse(await answer.json()).type).toBe("/problems/unauthorized");
    }
    expect((await app.request(path, { headers: bearer(token) })).status).toBe(200);
    expect((await app.request(path, { headers: basic(token) })).status).toBe(200);
  });

  it("the two probes do not", async () => {
    const { app } = createFakeApi({ token, loopback: false });
    expect((await app.request("/livez")).status).toBe(200);
    expect((await app.request("/readyz")).status).toBe(200);
  });

  it("a change takes the token beyond loopback, and never as Basic", async () => {
    const { app } = createFakeApi({ token, loopback: false });
    const asBasic = await app.request("/v1/analyses", sending("POST", openBody, basic(token)));
    expect(asBasic.status).toBe(401);
    const asBearer = await app.request(
      "http://haldane.example/v1/analyses",
      sending("POST", openBody, bearer(token)),
    );
    expect(asBearer.status).toBe(201);
  });

  it("a browser is asked for Basic", async () => {
    const { app } = createFakeApi({ token });
    const answer = await app.request("/", { headers: { Accept: "text/html" } });
    expect(answer.headers.get("www-authenticate")).toContain("Basic realm");
  });

  it("an empty one is a mistake at the start, not an open door", () => {
    expect(() => createFakeApi({ token: "" })).toThrow("empty");
  });
});

describe("beyond loopback without a token", () => {
  it.each(reads)("%s is served", async (path) => {
    const { app } = createFakeApi({ loopback: false });
    expect((await app.request(path)).status).toBe(200);
  });

  it.each(changes)("POST %s is refused with the reason and the fix", async (path) => {
    const { app, asking } = createFakeApi({ loopback: false });
    asking.put(richReport());
    const answer = await app.request(path, sending("POST", { ...openBody, reason: "because" }));
    expect(answer.status).toBe(403);
    const problem = problemSchema.parse(await answer.json());
    expect(problem.type).toBe("/problems/read-only");
    expect(problem.detail).toMatch(/listens beyond loopback.*listen\.token/);
    expect(asking.opened).toHaveLength(0);
  });

  it("every route that is not a read is among those refused", () => {
    const { app } = createFakeApi();
    const changing = app.routes
      .filter((route) => !["GET", "ALL"].includes(route.method))
      .map((route) => route.path);
    const tried = changes.map((path) => path.replace("an-rich", ":id"));
    expect(new Set(changing)).toEqual(new Set(tried));
  });
});

it("on loopback without a token a change under another site's name is refused", async () => {
  const { app } = createFakeApi();
  for (const host of ["localhost", "127.0.0.1", "127.8.0.1", "[::1]"]) {
    const answer = await app.request(`http://${host}:8080/v1/analyses`, sending("POST", openBody));
    expect(answer.status).toBeLessThan(300);
  }
  for (const host of ["rebound.example", "127.0.0.1.example", "localhost.example"]) {
    const answer = await app.request(`http://${host}/v1/analyses`, sending("POST", openBody));
    expect(answer.status).toBe(403);
  }
});
