import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { startFakeReceiver, type FakeReceiver } from "#test/support/fake-receiver.ts";
import { startFakeRouter, type FakeRouter } from "#test/support/fake-router.ts";
import { sendSecond } from "#test/support/live-traffic.ts";
import { buildPlanted } from "#test/support/planted-build.ts";
import { seededRandom, type Random } from "#test/support/random.ts";
import { isSettled, rollbackFaults, terminalVerdicts } from "#test/support/rollback-witness.ts";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";

/** HALDANE_KILLS asks for a longer series; HALDANE_SEED for other moments. */
const kills = Number(process.env["HALDANE_KILLS"] ?? 20);
const seed = Number(process.env["HALDANE_SEED"] ?? 1);

const secret = `whsec_${Buffer.from("a secret of at least 24 bytes, for a test").toString("base64")}`;

// Stalled commands are not told: on a slow machine a command that is swallowed so often would be one.
function configuration(router: FakeRouter, receiver: FakeReceiver): string {
  return `apiVersion: haldane/v1
kind: Configuration
listen: { publicUrl: "https://haldane.example" }
controllers:
  - { kind: webhook, name: router, url: "${router.url}", secret: { env: ROUTER_SECRET }, timeout: 20s }
receivers:
  - { kind: webhook, name: ops, url: "${receiver.url}", secret: { env: ROUTER_SECRET }, timeout: 20s, events: [promote, rollback, inconclusive] }
bindings:
  - { service: "*", environment: live, policy: live, controller: router, receivers: [ops] }
---
apiVersion: haldane/v1
kind: Policy
name: live
settle: 1s
warmUp: 1s
horizon: 10m
steps: [{ weight: 50, dwell: 5m }]
silence: { grace: 5m }
`;
}

/**
 * Where the process is killed. any: wherever it is. swallowed: a rollback came to the router and was neither obeyed nor
 * answered. untold: the receiver has a message and did not answer. unanswered: the rollback was obeyed and not answered.
 */
type KillMoment = "any" | "swallowed" | "untold" | "unanswered";

interface Kill {
  readonly moment: KillMoment;
  /** Whose rollback it is about. */
  readonly service: string;
}

interface Stage {
  readonly router: FakeRouter;
  readonly receiver: FakeReceiver;
}

let served: Served | null = null;
let stage: Stage | null = null;
let traffic: AbortController | null = null;
afterEach(async () => {
  traffic?.abort();
  if (served !== null) await endServed(served, "SIGKILL");
  await stage?.router.stop();
  await stage?.receiver.stop();
  served = null;
  stage = null;
  traffic = null;
});

/** Time between the moments at which one canary breaks and the next does, so that decisions fall apart. */
const apartMs = 2000;

/** Every second of every service, to whatever process runs. */
async function sendTraffic(services: readonly string[], signal: AbortSignal): Promise<void> {
  const began = Date.now();
  while (!signal.aborted) {
    const now = Date.now();
    const otlpUrl = served?.otlpUrl;
    const sent = services.flatMap((service, at) => {
      const broken = now - began > at * apartMs;
      const arm = { instances: 3, rps: 60, resource: { "service.name": service } };
      return [
        { ...arm, version: "1.0.0", errors: 0.001 },
        { ...arm, version: "2.0.0", errors: broken ? 0.5 : 0.001 },
      ].map(async (live) => (otlpUrl === undefined ? 0 : sendSecond(otlpUrl, live).catch(() => 0)));
    });
    await Promise.all(sent);
    await wait(Math.max(0, now + 1000 - Date.now()));
  }
}

async function open(url: string, service: string): Promise<string> {
  const response = await fetch(`${url}/v1/analyses`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ service, environment: "live", canary: "2.0.0", baseline: "1.0.0" }),
  });
  expect(response.status).toBe(201);
  return z.object({ id: z.string() }).parse(await response.json()).id;
}

/** Looks until it holds; false where it does not within the time. */
async function untilOr(limitMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (Date.now() < end) {
    if (await holds()) return true;
    await wait(5);
  }
  return false;
}

/** Waits for the moment, and then a little; false where the moment did not come. */
async function comeTo(
  { moment, service }: Kill,
  { router, receiver }: Stage,
  random: Random,
): Promise<boolean> {
  const rollbacks = (): number =>
    router.received.filter((one) => one.kind === "rollback" && one.service === service).length;
  const [commands, messages] = [rollbacks(), receiver.received.length];
  const holds = (): boolean => {
    if (moment === "any") return true;
    return moment === "untold" ? receiver.received.length > messages : rollbacks() > commands;
  };
  if (!(await untilOr(30_000, holds))) return false;
  // The moment of the kill is the subject of the test; any moment must do.
  await wait(random.integer(moment === "any" ? 3000 : 20));
  return true;
}

interface Series {
  readonly services: readonly string[];
  readonly kills: readonly Kill[];
  readonly main?: string;
}

/**
 * Kills a real process at moments of its rollbacks, lets the last one come to rest, and tells what is wrong with them. Until
 * an unanswered rollback ends the series of its service, the router swallows it and the receiver hangs.
 */
async function killSeries({ services, kills: planned, main }: Series) {
  const router = await startFakeRouter(secret);
  const receiver = await startFakeReceiver();
  stage = { router, receiver };
  const files = {
    ...(await serveFiles(configuration(router, receiver), { ROUTER_SECRET: secret })),
    ...(main === undefined ? {} : { main }),
  };
  router.faults.swallowFor = new Set(services);
  receiver.answer = "hang";
  const random = seededRandom(seed);
  let running = (served = await startServed(files));
  traffic = new AbortController();
  const sending = sendTraffic(services, traffic.signal);
  const ids = await Promise.all(services.map((service) => open(running.url, service)));
  for (const kill of planned) {
    const last = kill.moment === "unanswered";
    if (last) {
      router.faults.swallowFor.delete(kill.service);
      router.faults.hangFor.add(kill.service);
    }
    expect(await comeTo(kill, stage, random), JSON.stringify(kill)).toBe(true);
    await endServed(running, "SIGKILL");
    if (last) router.faults.hangFor.delete(kill.service);
    running = served = await startServed(files);
  }
  router.faults.swallowFor.clear();
  receiver.answer = { status: 200 };
  for (const id of ids) expect(await untilOr(60_000, () => isSettled(running.url, id))).toBe(true);
  traffic.abort();
  await sending;
  const witnessed = { url: running.url, router, receiver };
  const faults = (await Promise.all(ids.map((id) => rollbackFaults(id, witnessed)))).flat();
  expect(router.badSignatures()).toBe(0);
  expect(await endServed(running, "SIGTERM")).toBe(0);
  expect(terminalVerdicts(files.data)).toEqual(services.map((service) => `${service}: rollback`).sort());
  return faults;
}

function chain(service: string): readonly Kill[] {
  const moments: readonly KillMoment[] = ["swallowed", "untold", "swallowed", "unanswered"];
  return moments.map((moment) => ({ moment, service }));
}

describe("kill -9 during a rollback", () => {
  test(
    `${kills} kills around decision, sending and confirming: each rollback comes exactly once in effect`,
    { timeout: 120_000 + kills * 10_000 },
    async () => {
      const services = Array.from({ length: Math.ceil(kills / 5) }, (_, at) => `service-${at}`);
      // The first ones fall around the decisions, the others on what follows from them.
      const around = services.map((service): Kill => ({ moment: "any", service }));
      const planned = [...around, ...services.flatMap(chain)].slice(0, kills);
      expect(await killSeries({ services, kills: planned })).toEqual([]);
    },
  );

  test(
    "the check can fail: ids that change with the process are noticed, of the command and of the message",
    { timeout: 120_000 },
    async () => {
      const main = await buildPlanted("new-ids", [
        {
          file: "src/control/webhook.ts",
          good: '"idempotency-key": command.id,',
          bad: '"idempotency-key": `${command.id}-${process.pid}`,',
        },
        {
          file: "src/notify/sender.ts",
          good: "const message = { id, event,",
          bad: "const message = { id: `${id}-${process.pid}`, event,",
        },
      ]);
      const planned: readonly Kill[] = [
        { moment: "swallowed", service: "pay" },
        { moment: "untold", service: "pay" },
      ];
      const faults = await killSeries({ services: ["pay"], kills: planned, main });
      expect(faults).toEqual(["pay: several keys", "pay: several message ids"]);
    },
  );
});
