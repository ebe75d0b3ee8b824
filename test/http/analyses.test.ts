import { describe, expect, it } from "vitest";
import { analysisReportSchema, analysisSummarySchema } from "#http/analysis-json.ts";
import { problemSchema } from "#http/problem.ts";
import { createFakeApi, openBody, sending } from "#test/support/fake-api.ts";
import { otherReports, richReport } from "#test/support/rich-report.ts";

async function openOne(api: ReturnType<typeof createFakeApi>, body: object = openBody) {
  const answer = await api.app.request("/v1/analyses", sending("POST", body));
  return { answer, analysis: analysisSummarySchema.parse(await answer.json()) };
}

async function refused(answer: Response) {
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  return problemSchema.parse(await answer.json());
}

describe("opening an analysis", () => {
  it("answers 201 with the place of what was opened", async () => {
    const { answer, analysis } = await openOne(createFakeApi());
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/v1/analyses/${analysis.id}`);
    expect(analysis).toMatchObject({ service: "shop/checkout", state: "open", openedBy: "api" });
  });

  it("answers 200 with the one that stands when the natural key comes again", async () => {
    const api = createFakeApi();
    const first = await openOne(api);
    const second = await openOne(api);
    expect(second.answer.status).toBe(200);
    expect(second.answer.headers.get("location")).toBe(first.answer.headers.get("location"));
    expect(api.asking.opened).toHaveLength(1);
  });

  it("passes the key, the actor and a digest that follows the body and nothing else", async () => {
    const api = createFakeApi();
    const key = { "Idempotency-Key": "run-17" };
    await api.app.request("/v1/analyses", sending("POST", { ...openBody, actor: "ci" }, key));
    await api.app.request("/v1/analyses", sending("POST", { ...openBody, canary: "2.5.0" }));
    const [first, second] = api.asking.opened;
    expect(first).toMatchObject({
      idempotencyKey: "run-17",
      openedBy: "api: ci",
      baseline: null,
      mode: null,
    });
    expect(second?.idempotencyKey).toBeNull();
    expect(first!.requestDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(first!.requestDigest).not.toBe(second!.requestDigest);

    const reused = await api.app.request("/v1/analyses", sending("POST", { ...openBody, canary: "9" }, key));
    expect(reused.status).toBe(422);
    expect((await refused(reused)).type).toBe("/problems/not-possible");
  });

  it("names each field at fault, with the fix", async () => {
    const { app } = createFakeApi();
    const body = { service: "", canry: "2.4.0", mode: "fly" };
    const answer = await app.request("/v1/analyses", sending("POST", body));
    expect(answer.status).toBe(400);
    const { errors = [] } = await refused(answer);
    expect(errors.map((one) => one.field).sort()).toEqual(["canary", "canry", "mode", "service"]);
    expect(errors.find((one) => one.field === "canry")?.fix).toContain("canary, baseline");
    expect(errors.find((one) => one.field === "canary")?.problem).toBe("is missing");
  });

  it.each([
    ["malformed JSON", { "Content-Type": "application/json" }, "{", "/problems/invalid-request"],
    ["another media type", { "Content-Type": "text/plain" }, "{}", "/problems/unsupported-media-type"],
    ["no media type", {}, "{}", "/problems/unsupported-media-type"],
  ])("refuses %s", async (_, headers, body, type) => {
    const { app } = createFakeApi();
    const answer = await app.request("/v1/analyses", { method: "POST", headers, body: Buffer.from(body) });
    expect(await refused(answer)).toMatchObject({ type, status: answer.status });
  });

  it("refuses a body over the limit and counts it", async () => {
    const { app, registry } = createFakeApi();
    const body = { ...openBody, policy: "x".repeat(70_000) };
    const answer = await app.request("/v1/analyses", sending("POST", body));
    expect(answer.status).toBe(413);
    expect((await refused(answer)).detail).toContain("65536");
    expect(await registry.metrics()).toContain('haldane_http_limit_met_total{limit="bodyBytes"} 1');
  });

  it("refuses a key that is not visible ASCII", async () => {
    const { app } = createFakeApi();
    const answer = await app.request("/v1/analyses", sending("POST", openBody, { "Idempotency-Key": "a b" }));
    expect(answer.status).toBe(400);
    expect((await refused(answer)).errors?.[0]?.field).toBe("idempotency-key");
  });

  it("says which analysis is in the way of a second acting one", async () => {
    const api = createFakeApi();
    const { analysis } = await openOne(api, { ...openBody, mode: "act" });
    const answer = await api.app.request(
      "/v1/analyses",
      sending("POST", { ...openBody, canary: "2.5.0", mode: "act" }),
    );
    expect(answer.status).toBe(409);
    expect((await refused(answer)).analysis).toBe(analysis.id);
  });
});

describe("reading analyses", () => {
  it("filters by service in both forms, environment and state", async () => {
    const { app, asking } = createFakeApi();
    for (const report of [richReport(), ...otherReports()]) asking.put(report);
    const ids = async (query: string) => {
      const answer = await app.request(`/v1/analyses${query}`);
      const { analyses } = (await answer.json()) as { analyses: { id: string }[] };
      return analyses.map((one) => one.id).sort();
    };
    expect(await ids("")).toHaveLength(4);
    expect(await ids("?service=shop/checkout")).toEqual(["an-rich"]);
    expect(await ids("?service=checkout")).toEqual(["an-rich"]);
    expect(await ids("?environment=")).toEqual(["an-report"]);
    expect(await ids("?state=ended")).toEqual(["an-good"]);
    expect(await ids("?state=open&limit=2")).toHaveLength(2);
  });

  it("refuses a query parameter that it does not know and lists those that it does", async () => {
    const { app } = createFakeApi();
    const answer = await app.request("/v1/analyses?servce=x");
    expect(answer.status).toBe(400);
    const { errors } = await refused(answer);
    expect(errors?.[0]).toMatchObject({ field: "servce", problem: "unknown query parameter" });
    expect(errors?.[0]?.fix).toContain("service, environment, state, limit");
  });

  it("gives the whole report in the documented shape", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport());
    const answer = await app.request("/v1/analyses/an-rich");
    const body: unknown = await answer.json();
    expect(analysisReportSchema.strict().parse(body)).toEqual(body);
    expect(body).toMatchObject({
      verdict: { word: "rollback", at: "2026-03-14T03:05:10.000Z" },
      phase: { phase: "ending", as: "rolledBack", step: null },
      canaryWeight: 0,
    });
  });

  it("turns numbers that are not finite into null", async () => {
    const { app, asking } = createFakeApi();
    const report = richReport();
    const one = report.analysis.findings[0]!;
    asking.put(
      richReport({
        findings: [
          {
            ...one,
            effect: Number.NaN,
            interval: [0, Infinity],
            evidence: { ...one.evidence, harm: -Infinity },
          },
        ],
      }),
    );
    const answer = await app.request("/v1/analyses/an-rich");
    expect(await answer.json()).toMatchObject({
      findings: [{ effect: null, interval: [0, null], evidence: { harm: null } }],
    });
  });

  it("answers 404 for an analysis that is not there", async () => {
    const { app } = createFakeApi();
    const answer = await app.request("/v1/analyses/none");
    expect(answer.status).toBe(404);
    expect(await refused(answer)).toMatchObject({
      type: "/problems/not-found",
      instance: "/v1/analyses/none",
    });
  });
});

describe("an operator's deeds", () => {
  it("hold and resume change the phase and keep the reason", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport({ phase: { phase: "watching", step: 1, since: 0 }, terminal: null }));
    const held = await app.request(
      "/v1/analyses/an-rich/hold",
      sending("POST", { reason: "looking", actor: "mira" }),
    );
    expect(held.status).toBe(200);
    expect(analysisSummarySchema.parse(await held.json()).phase).toMatchObject({
      phase: "held",
      why: "looking",
    });
    const resumed = await app.request("/v1/analyses/an-rich/resume", sending("POST", { reason: "fine" }));
    expect(analysisSummarySchema.parse(await resumed.json()).phase.phase).toBe("watching");
  });

  it.each(["hold", "resume", "abort", "promote"])("%s needs a reason", async (deed) => {
    const { app, asking } = createFakeApi();
    asking.put(richReport());
    const answer = await app.request(`/v1/analyses/an-rich/${deed}`, sending("POST", { reason: "  " }));
    expect(answer.status).toBe(400);
    expect((await refused(answer)).errors?.[0]?.field).toBe("reason");
  });

  it("an ended analysis takes no more of them", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport({ phase: { phase: "ended", as: "promoted", since: 0 } }));
    const answer = await app.request("/v1/analyses/an-rich/abort", sending("POST", { reason: "late" }));
    expect(answer.status).toBe(409);
    const none = await app.request("/v1/analyses/none/abort", sending("POST", { reason: "late" }));
    expect(none.status).toBe(404);
  });
});
