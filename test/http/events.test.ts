import { afterEach, expect, it } from "vitest";
import { createFakeApi, type FakeApi } from "#test/support/fake-api.ts";
import { listening, until } from "#test/support/listening.ts";
import { otherReports, richReport } from "#test/support/rich-report.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function served(api: FakeApi): Promise<string> {
  for (const report of [richReport(), ...otherReports()]) api.asking.put(report);
  const { origin, close } = await listening(api.app);
  stops.push(close);
  return origin;
}

/** Reads a stream event by event. */
async function opened(url: string) {
  const answer = await fetch(url);
  const reader: ReadableStreamDefaultReader<Uint8Array> = answer.body!.getReader();
  let text = "";
  const next = async (): Promise<{ event: string; data: unknown } | null> => {
    while (!text.includes("\n\n")) {
      const { value, done } = await reader.read();
      if (done) return null;
      text += new TextDecoder().decode(value);
    }
    const [block = ""] = text.split("\n\n", 1);
    text = text.slice(block.length + 2);
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? "";
    return { event: field("event"), data: JSON.parse(field("data")) };
  };
  return { answer, next, close: () => reader.cancel() };
}

const touch = (api: FakeApi, id: string): void => {
  api.asking.move(id, () => ({}));
};

it("tells every commit, and those of one analysis to who asked for one", async () => {
  const api = createFakeApi();
  const origin = await served(api);
  const all = await opened(`${origin}/v1/events`);
  const one = await opened(`${origin}/v1/events?analysis=an-good`);
  expect(all.answer.headers.get("content-type")).toContain("text/event-stream");
  expect((await all.next())?.event).toBe("heartbeat");
  expect((await one.next())?.event).toBe("heartbeat");
  touch(api, "an-rich");
  touch(api, "an-good");
  const rich = {
    analysisId: "an-rich",
    verdict: "rollback",
    phase: "ending",
    at: "2026-03-14T03:05:10.000Z",
  };
  expect(await all.next()).toEqual({ event: "commit", data: rich });
  expect(await all.next()).toMatchObject({
    data: { analysisId: "an-good", verdict: "promote", phase: "ended" },
  });
  expect(await one.next()).toMatchObject({ data: { analysisId: "an-good" } });
});

it("beats while nothing happens", async () => {
  const api = createFakeApi({ limits: { heartbeatMs: 5 } });
  const stream = await opened(`${await served(api)}/v1/events`);
  const beats = [await stream.next(), await stream.next(), await stream.next()];
  expect(beats.map((one) => one?.event)).toEqual(["heartbeat", "heartbeat", "heartbeat"]);
});

it("ends when the server stops, so that the server can close", async () => {
  const api = createFakeApi();
  const stream = await opened(`${await served(api)}/v1/events`);
  await stream.next();
  api.stop.abort();
  expect(await stream.next()).toBeNull();
  expect(api.asking.listeners()).toBe(0);
});

it("forgets a listener that left", async () => {
  const api = createFakeApi();
  const stream = await opened(`${await served(api)}/v1/events`);
  await stream.next();
  expect(api.asking.listeners()).toBe(1);
  await stream.close();
  await until(() => api.asking.listeners() === 0);
  expect(api.asking.listeners()).toBe(0);
});

it("serves a limited number of listeners and counts who was refused", async () => {
  const api = createFakeApi({ limits: { listeners: 1 } });
  const origin = await served(api);
  const first = await opened(`${origin}/v1/events`);
  await first.next();
  const second = await fetch(`${origin}/v1/events`);
  expect(second.status).toBe(503);
  expect(await second.json()).toMatchObject({ type: "/problems/limit-met" });
  expect(await api.registry.metrics()).toContain('limit_met_total{limit="listeners"} 1');
  await first.close();
});

it("a HEAD request opens no stream, and an unknown analysis is 404", async () => {
  const api = createFakeApi();
  const head = await api.app.request("/v1/events", { method: "HEAD" });
  expect(head.headers.get("content-type")).toBe("text/event-stream");
  expect(api.asking.listeners()).toBe(0);
  expect((await api.app.request("/v1/events?analysis=none")).status).toBe(404);
});
