import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOutbox } from "#control/outbox.ts";
import { createWebhookController } from "#control/webhook.ts";
import type { Channel } from "#engine/notifying.ts";
import { ok } from "#model/result.ts";
import { attemptsMost, retryWaitsMs } from "#notify/retry-schedule.ts";
import { createSender, type NotificationSender, type SenderLimits } from "#notify/sender.ts";
import { createChannels } from "#src/channels.ts";
import { createNotifying } from "#src/alerts.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { analysisOf, commitOf, concluded, openIn, rollbackOf } from "#test/conformance/control-fixtures.ts";
import { noticeOf, type TellingStore } from "#test/conformance/notification-store.ts";
import { startFakeReceiver, type FakeReceiver } from "#test/support/fake-receiver.ts";
import { startFakeRouter } from "#test/support/fake-router.ts";
import { until } from "#test/support/listening.ts";
import { value } from "#test/support/result-value.ts";

const secret = `whsec_${Buffer.alloc(32, 5).toString("base64")}`;
let store: TellingStore;
let receiver: FakeReceiver;
let sender: NotificationSender;
let now = 0;
const bugs: unknown[] = [];

function slackTo(name: string, url: string): Channel {
  const configured = {
    ...{ kind: "slack" as const, name, url: { env: "X" }, timeout: 5000 },
    events: ["rollback" as const],
  };
  const created = createChannels([configured], new Map([[name, { url, secret: null }]]), { now: () => now });
  return value(created).get(name)!;
}

function start(channels: readonly Channel[], limits: Partial<SenderLimits> = {}): void {
  sender = createSender({
    store,
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    clock: { now: () => now },
    random: () => 0,
    urlOf: (id) => `https://haldane.example/analyses/${id}`,
    onAttempt: () => undefined,
    onBug: (error) => bugs.push(error),
    limits: { pollMs: 5, ...limits },
  });
  sender.start();
}

function tell(...receivers: readonly string[]): void {
  const notices = receivers.map((name) => noticeOf("a1", { receiver: name }));
  store.commit(commitOf(concluded("a1", "rollback"), { at: now, notices }));
}

function recordOf(name: string) {
  const all = store.notifications({ analysis: null, state: null, limit: 99 });
  return all.find((one) => one.receiver === name)!;
}

beforeEach(async () => {
  now = 1_700_000_000_000;
  receiver = await startFakeReceiver();
  store = value(openControlStore(":memory:"));
  openIn(store, analysisOf("a1"));
});
afterEach(async () => {
  await sender.stop();
  store.close();
  await receiver.stop();
  expect(bugs).toStrictEqual([]);
});

describe("sender", () => {
  test("a verdict is told once and written down as delivered", async () => {
    start([slackTo("ops", receiver.url)]);
    tell("ops");
    await until(() => recordOf("ops").state === "delivered");
    expect(receiver.received).toHaveLength(1);
    expect(recordOf("ops").log).toStrictEqual([{ at: now, status: 200, error: null }]);
    expect(sender.counters).toMatchObject({ delivered: 1, retried: 0 });
  });

  test("a receiver that is down is tried on the schedule and given up after the named number; a replay sends it", async () => {
    receiver.answer = { status: 503, body: "down" };
    start([slackTo("ops", receiver.url)]);
    tell("ops");
    for (const [i, wait] of [...retryWaitsMs, 0].entries()) {
      await until(() => recordOf("ops").tries === i + 1);
      now += wait;
    }
    expect(recordOf("ops")).toMatchObject({ state: "failed", tries: attemptsMost });
    expect(receiver.received).toHaveLength(attemptsMost);
    receiver.answer = { status: 200 };
    const notifying = createNotifying(store, new Set(["ops"]), {
      clock: { now: () => now },
      poke: () => {
        sender.poke();
      },
    });
    const { id } = recordOf("ops");
    expect(notifying.replay(id)).toMatchObject({ ok: true, value: { id, tries: 0 } });
    await until(() => recordOf("ops").state === "delivered");
    expect(recordOf("ops").log).toHaveLength(attemptsMost + 1);
  });

  test("Retry-After of a 429 is honoured", async () => {
    receiver.answer = { status: 429, headers: { "retry-after": "90" } };
    start([slackTo("ops", receiver.url)]);
    tell("ops");
    await until(() => recordOf("ops").tries === 1);
    expect(recordOf("ops")).toMatchObject({ state: "waiting", nextAt: now + 90_000 });
  });

  test("410 disables the receiver: nothing more is sent to it until a replay", async () => {
    receiver.answer = { status: 410 };
    start([slackTo("ops", receiver.url)]);
    tell("ops");
    await until(() => recordOf("ops").state === "disabled");
    openIn(store, analysisOf("a2", { mode: "report" }), {
      at: now,
      notices: [noticeOf("a2", { receiver: "ops" })],
    });
    await until(() => recordOf("ops").told.analysisId === "a2" && recordOf("ops").state === "disabled");
    expect(receiver.received).toHaveLength(1);
    receiver.answer = { status: 200 };
    store.replayNotification(recordOf("ops").id, now);
    await until(() => recordOf("ops").state === "delivered");
  });

  test("a receiver that is gone from the configuration is said so, and a channel that throws is a failed attempt", async () => {
    const throwing: Channel = {
      ...{ name: "throws", target: "t" },
      send: () => Promise.reject(new Error("a fault")),
    };
    start([throwing]);
    tell("gone", "throws");
    await until(() => recordOf("gone").state === "failed" && recordOf("throws").tries === 1);
    expect(recordOf("gone").log[0]?.error).toBe('no receiver "gone" is configured');
    expect(recordOf("throws").log[0]?.error).toBe("the channel failed: a fault");
  });

  test("cut off before the answer, the same id and text are sent again by the next process", async () => {
    receiver.answer = "hang";
    start([slackTo("ops", receiver.url)]);
    tell("ops");
    await until(() => receiver.received.length === 1);
    await sender.stop();
    expect(recordOf("ops")).toMatchObject({ state: "waiting", tries: 0, log: [] });
    receiver.answer = { status: 200 };
    start([slackTo("ops", receiver.url)]);
    await until(() => recordOf("ops").state === "delivered");
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
  });

  test("receivers are called one message at a time each and no more than the limit at once", async () => {
    let underWay = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const slow = (name: string): Channel => ({
      ...{ name, target: name },
      send: async () => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise<void>((resolve) => release.push(resolve));
        underWay -= 1;
        return ok({ status: 200 });
      },
    });
    const names = ["r1", "r2", "r3", "r4"];
    start(names.map(slow), { sending: 2 });
    tell(...names);
    for (let done = 0; done < names.length; done += 1) {
      await until(() => release.length > done);
      release[done]!();
    }
    await until(() => store.countNotifications().delivered === names.length);
    expect(most).toBe(2);
  });
});

describe("beside a rollback", () => {
  test("a receiver that never answers delays neither the command nor another receiver", async () => {
    const router = await startFakeRouter(secret);
    const hanging = await startFakeReceiver();
    hanging.answer = "hang";
    const driver = value(createWebhookController({ name: "router", url: router.url, secret }));
    const outbox = createOutbox({
      store,
      controllers: new Map([["router", driver]]),
      clock: { now: () => Date.now() },
      random: () => 0,
      onOutcome: () => undefined,
      onStalled: () => undefined,
      times: { pollMs: 5, reconcileMs: 20 },
    });
    outbox.start();
    start([slackTo("hangs", hanging.url), slackTo("ops", receiver.url)]);
    store.commit(
      commitOf(concluded("a1", "rollback"), {
        at: now,
        commands: [rollbackOf("c1", 1)],
        notices: ["hangs", "ops"].map((name) => noticeOf("a1", { receiver: name })),
      }),
    );
    await until(() => hanging.received.length === 1);
    await until(() => store.command("c1")?.status === "confirmed" && recordOf("ops").state === "delivered");
    expect(router.weights("shop/checkout")?.canaryWeight).toBe(0);
    expect(recordOf("hangs")).toMatchObject({ state: "waiting", tries: 0 });
    await outbox.stop();
    await sender.stop();
    await Promise.all([hanging.stop(), router.stop()]);
  });
});
