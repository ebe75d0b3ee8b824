import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import { z } from "zod";
import { startFakeReceiver, type FakeReceiver } from "#test/support/fake-receiver.ts";
import { startFakeRouter, type FakeRouter } from "#test/support/fake-router.ts";
import { until } from "#test/support/listening.ts";
import { sendSecond, type LiveVersion } from "#test/support/live-traffic.ts";
import { endServed, serveFiles, startServed, type Served, type ServeFiles } from "#test/support/served.ts";

const secret = `whsec_${Buffer.from("a secret of at least 24 bytes, for a test").toString("base64")}`;

function configuration(router: FakeRouter, receiver: FakeReceiver): string {
  return `apiVersion: haldane/v1
kind: Configuration
controllers:
  - { kind: webhook, name: router, url: "${router.url}", secret: { env: ROUTER_SECRET }, timeout: 1s }
receivers:
  - { kind: webhook, name: ops, url: "${receiver.url}", secret: { env: ROUTER_SECRET } }
bindings:
  - { service: pay, environment: live, policy: live, controller: router, receivers: [ops] }
---
apiVersion: haldane/v1
kind: Policy
name: live
settle: 1s
warmUp: 1s
horizon: 90s
steps: [{ weight: 50, dwell: 60s }]
silence: { grace: 30s }
`;
}

const report = z.object({
  state: z.string(),
  verdict: z.object({ word: z.string(), reasons: z.array(z.object({ code: z.string(), text: z.string() })) }),
  terminal: z.object({ word: z.string() }).nullable(),
  phase: z.object({ phase: z.string(), as: z.string().nullable() }),
  findings: z.array(z.object({ signal: z.string(), baseline: z.object({ n: z.number() }) })),
});

let served: Served | null = null;
let router: FakeRouter | null = null;
let receiver: FakeReceiver | null = null;

afterEach(async () => {
  if (served !== null) await endServed(served, "SIGKILL");
  await router?.stop();
  await receiver?.stop();
  served = null;
  router = null;
  receiver = null;
});

async function begin(): Promise<{ files: ServeFiles; router: FakeRouter; served: Served }> {
  router = await startFakeRouter(secret);
  receiver = await startFakeReceiver();
  const files = await serveFiles(configuration(router, receiver), { ROUTER_SECRET: secret });
  served = await startServed(files);
  return { files, router, served };
}

async function open(url: string): Promise<string> {
  const response = await fetch(`${url}/v1/analyses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ service: "pay", environment: "live", canary: "2.0.0", baseline: "1.0.0" }),
  });
  expect(response.status).toBe(201);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

async function reportOf(url: string, id: string): Promise<z.output<typeof report>> {
  return report.parse(await (await fetch(`${url}/v1/analyses/${id}`)).json());
}

const stable: LiveVersion = { version: "1.0.0", instances: 3, rps: 150, errors: 0.001 };
const broken: LiveVersion = { version: "2.0.0", instances: 3, rps: 150, errors: 0.1 };

describe("serve, a real process with a real router", () => {
  test(
    "rolls a broken canary back through the signed webhook and says why",
    { timeout: 90_000 },
    async () => {
      const { router, served } = await begin();
      const id = await open(served.url);
      let last = await reportOf(served.url, id);
      for (let second = 0; second < 60 && last.phase.phase !== "ended"; second += 1) {
        await Promise.all([
          sendSecond(served.otlpUrl, stable),
          sendSecond(served.otlpUrl, broken),
          wait(1000),
        ]);
        last = await reportOf(served.url, id);
      }
      expect(last.phase).toMatchObject({ phase: "ended", as: "rolledBack" });
      expect(last.verdict.reasons[0]).toMatchObject({ code: "harm" });
      expect(last.verdict.reasons[0]?.text).toContain("POST /pay: errors in");
      expect(router.weights("pay")).toMatchObject({ canaryWeight: 0, baselineWeight: 100 });
      expect(router.received.map(({ kind }) => kind)).toEqual(["step", "rollback"]);
      expect(router.badSignatures()).toBe(0);
      const messages = receiver!.received;
      await until(() => messages.length > 0);
      const { body, headers } = messages[0]!;
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        type: "haldane.verdict.rollback",
        data: { id, service: "pay", url: `${served.url}/analyses/${id}` },
      });
      const log = await fetch(`${served.url}/v1/notifications?analysis=${id}`);
      expect(await log.json()).toMatchObject({
        notifications: [{ id: headers["webhook-id"], event: "rollback", receiver: "ops", analysis: id }],
      });
      expect(await endServed(served, "SIGTERM")).toBe(0);
    },
  );

  test(
    "killed in the middle and started again it goes on, and loses nothing that it acknowledged",
    { timeout: 90_000 },
    async () => {
      const { files, router } = await begin();
      let running = served!;
      const id = await open(running.url);
      let acknowledged = 0;
      for (let second = 0; second < 6; second += 1) {
        const [sent] = await Promise.all([sendSecond(running.otlpUrl, stable), wait(1000)]);
        acknowledged += sent;
      }
      await endServed(running, "SIGKILL");
      served = running = await startServed(files);
      expect(await reportOf(running.url, id)).toMatchObject({ state: "open", terminal: null });
      // Everything acknowledged before the kill is counted once: a few more seconds seal its windows.
      for (let second = 0; second < 12; second += 1) {
        const both = [
          sendSecond(running.otlpUrl, stable),
          sendSecond(running.otlpUrl, { ...broken, errors: 0.001 }),
        ];
        const [sent] = await Promise.all([...both, wait(1000)]);
        acknowledged += sent as number;
      }
      const services = z
        .object({
          services: z.array(
            z.object({ versions: z.array(z.object({ label: z.string(), requestsLastMinute: z.number() })) }),
          ),
        })
        .parse(await (await fetch(`${running.url}/v1/services`)).json());
      const counted = services.services[0]?.versions.find(
        ({ label }) => label === "1.0.0",
      )?.requestsLastMinute;
      expect(counted).toBe(acknowledged);
      expect(router.received.map(({ generation }) => generation)).toEqual([1]);
      expect((await reportOf(running.url, id)).verdict.word).toBe("continue");
    },
  );
});
