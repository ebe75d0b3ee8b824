import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { VerdictAnswer } from "#engine/asking.ts";
import { parseWait } from "#http/verdict-wait.ts";
import { withinBytes } from "#http/verdict.ts";
import { createFakeApi, type FakeApi } from "#test/support/fake-api.ts";
import { listening, until } from "#test/support/listening.ts";
import { richReport } from "#test/support/rich-report.ts";

const watching = { phase: { phase: "watching", step: 1, since: 0 }, terminal: null } as const;
const verdictOf = richReport().analysis.verdict;
const open = () => richReport({ ...watching, verdict: { ...verdictOf, word: "continue", terminal: false } });

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function served(api: FakeApi): Promise<string> {
  const { origin, close } = await listening(api.app);
  stops.push(close);
  return origin;
}

async function read(answer: Response): Promise<VerdictAnswer> {
  expect(answer.status).toBe(200);
  return (await answer.json()) as VerdictAnswer;
}

describe("the verdict", () => {
  const fields = [
    "verdict terminal action reason service environment canary baseline",
    "analysis attempt canaryWeight at validUntil fresh",
  ]
    .join(" ")
    .split(" ");

  it("is 200 with every field for a deployment that is known, and for one that is not", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport());
    const known = await app.request("/v1/verdict?service=shop/checkout&canary=2.4.0");
    const unknown = await app.request("/v1/verdict?service=nobody&canary=1");
    for (const answer of [known, unknown]) {
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(answer.headers.get("cache-control")).toBe("no-store");
      const body = await read(answer.clone());
      expect(Object.keys(body).sort()).toEqual([...fields].sort());
      expect(Object.values(body).every((value: unknown) => value !== null)).toBe(true);
      expect((await answer.text()).length).toBeLessThan(1024);
    }
    expect((await read(await app.request("/v1/verdict?service=checkout"))).verdict).toBe("rollback");
    expect((await read(await app.request("/v1/verdict?service=nobody"))).verdict).toBe("continue");
  });

  it("takes a version with a plus sign as a rollout tool writes it into the URL", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport({ canary: { asked: "1.2.0+build7", label: "1.2.0+build7", deploymentIds: [] } }));
    for (const canary of ["1.2.0+build7", "1.2.0%2Bbuild7"]) {
      expect((await read(await app.request(`/v1/verdict?service=checkout&canary=${canary}`))).analysis).toBe(
        "an-rich",
      );
    }
  });

  it("an empty argument of a template asks as if it were absent", async () => {
    const { app, asking } = createFakeApi();
    asking.put(richReport());
    const answer = await read(await app.request("/v1/verdict?service=checkout&canary=&baseline="));
    expect(answer.analysis).toBe("an-rich");
  });

  it.each(["", "?service=", "?service=a&service=b", "?service=a&wait=soon", "?service=a&x=1"])(
    "answers 400 to %j, and nothing else but 200 and 400",
    async (query) => {
      const { app } = createFakeApi();
      expect((await app.request(`/v1/verdict${query}`)).status).toBe(400);
    },
  );

  it("stays under a kilobyte whatever the texts, keeps the word and the id, and cuts only what is too long", () => {
    const text = fc.string({ unit: "grapheme", maxLength: 3000 });
    const base = {
      verdict: "rollback",
      terminal: true,
      analysis: "an-1",
      attempt: 1,
      canaryWeight: 5,
      fresh: true,
    } as const;
    const stamps = { at: "2026-03-14T03:00:00.000Z", validUntil: "2026-03-14T03:01:00.000Z" };
    fc.assert(
      fc.property(text, text, text, (reason, action, service) => {
        const answer = {
          ...base,
          ...stamps,
          reason,
          action,
          service,
          environment: "e",
          canary: service,
          baseline: "b",
        };
        const cut = withinBytes(answer, 1023);
        const bytes = Buffer.byteLength(JSON.stringify(cut));
        expect(bytes).toBeLessThan(1024);
        expect(cut).toMatchObject({ ...base, ...stamps });
        if (Buffer.byteLength(JSON.stringify(answer)) < 1024) expect(cut).toEqual(answer);
      }),
    );
  });
});

describe("wait=", () => {
  it("reads times", () => {
    expect(["30s", "500ms", "2m", "7", "0"].map(parseWait)).toEqual([30_000, 500, 120_000, 7000, 0]);
    expect(["", "s", "-1s", "1h", "1e3", "1.5s"].map(parseWait)).toEqual([
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  it("answers as soon as the verdict changes, and leaves no listener behind", async () => {
    const api = createFakeApi();
    api.asking.put(open());
    const origin = await served(api);
    const pending = fetch(`${origin}/v1/verdict?service=checkout&wait=60s`);
    await until(() => api.asking.listeners() === 1);
    api.asking.move("an-rich", (analysis) => ({ verdict: { ...analysis.verdict, at: 1 } }));
    expect(api.asking.listeners()).toBe(1);
    api.asking.move("an-rich", (analysis) => ({
      verdict: { ...analysis.verdict, word: "promote", terminal: true },
    }));
    expect((await read(await pending)).verdict).toBe("promote");
    expect(api.asking.listeners()).toBe(0);
  });

  it("answers with what stands when the time is up", async () => {
    const api = createFakeApi();
    api.asking.put(open());
    expect((await read(await api.app.request("/v1/verdict?service=checkout&wait=20ms"))).verdict).toBe(
      "continue",
    );
    expect(api.asking.listeners()).toBe(0);
  });

  it("is cut to its limit, counted, and does not wait on a terminal verdict", async () => {
    const api = createFakeApi({ limits: { waitMs: 10 } });
    api.asking.put(open());
    await api.app.request("/v1/verdict?service=checkout&wait=60m");
    expect(await api.registry.metrics()).toContain('limit_met_total{limit="waitMs"} 1');
    api.asking.put(richReport());
    const endless = createFakeApi();
    endless.asking.put(richReport());
    expect((await read(await endless.app.request("/v1/verdict?service=checkout&wait=60s"))).verdict).toBe(
      "rollback",
    );
  });

  it("one wait too many is answered at once, and counted", async () => {
    const api = createFakeApi({ limits: { waiting: 1 } });
    api.asking.put(open());
    const first = api.app.request("/v1/verdict?service=checkout&wait=60s");
    await until(() => api.asking.listeners() === 1);
    await read(await api.app.request("/v1/verdict?service=checkout&wait=60s"));
    expect(await api.registry.metrics()).toContain('limit_met_total{limit="waiting"} 1');
    api.stop.abort();
    await read(await first);
  });

  it("a caller that leaves takes its listener along", async () => {
    const api = createFakeApi();
    api.asking.put(open());
    const origin = await served(api);
    const leaving = new AbortController();
    const pending = fetch(`${origin}/v1/verdict?service=checkout&wait=60s`, { signal: leaving.signal });
    await until(() => api.asking.listeners() === 1);
    leaving.abort();
    await expect(pending).rejects.toThrow();
    await until(() => api.asking.listeners() === 0);
    expect(api.asking.listeners()).toBe(0);
  });
});
