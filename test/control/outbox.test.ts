import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createOutbox, type Outbox, type OutboxTimes } from "#control/outbox.ts";
import { createWebhookController } from "#control/webhook.ts";
import type { Controller, ControlStore } from "#engine/ports.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import {
  analysisOf,
  commandOf,
  commitOf,
  concluded,
  openIn,
  rollbackOf,
} from "#test/conformance/control-fixtures.ts";
import { startFakeRouter, type FakeRouter } from "#test/support/fake-router.ts";
import { until } from "#test/support/listening.ts";
import { value } from "#test/support/result-value.ts";

const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const fast: Partial<OutboxTimes> = { pollMs: 5, reconcileMs: 20, applyTimeoutMs: 5000, readTimeoutMs: 500 };
const service = "shop/checkout";

let router: FakeRouter;
let store: ControlStore;
let outbox: Outbox;
let outcomes: CommandRecord[];
let stalled: CommandRecord[];

function start(times: Partial<OutboxTimes> = {}, drivers: readonly Controller[] = []): void {
  const webhook = value(createWebhookController({ name: "router", url: router.url, secret }));
  outbox = createOutbox({
    store,
    controllers: new Map([webhook, ...drivers].map((driver) => [driver.name, driver])),
    clock: { now: () => Date.now() },
    random: () => 0.02,
    onOutcome: (record) => outcomes.push(record),
    onStalled: (record) => stalled.push(record),
    times: { ...fast, ...times },
  });
  outbox.start();
}

function open(command: Command): void {
  const changes = { service: command.service, id: command.analysisId };
  openIn(store, analysisOf(command.analysisId, changes), { at: Date.now(), commands: [command] });
  outbox.poke();
}

function statusOf(id: string): string | undefined {
  return store.command(id)?.status;
}

beforeEach(async () => {
  router = await startFakeRouter(secret);
  store = value(openControlStore(":memory:"));
  outcomes = [];
  stalled = [];
});
afterEach(async () => {
  await outbox.stop();
  store.close();
  await router.stop();
});

describe("sender", () => {
  test("a command is sent once, read back and confirmed", async () => {
    start();
    open(commandOf("c1", 1));
    await until(() => statusOf("c1") === "confirmed");
    expect(router.weights(service)).toStrictEqual({ canaryWeight: 25, baselineWeight: 75, generation: 1 });
    expect(router.received).toHaveLength(1);
    expect(outcomes[0]).toMatchObject({ status: "confirmed", attempts: 1 });
  });

  test("a command is written down as sent before the call leaves", async () => {
    let seen: string | undefined;
    const driver: Controller = {
      name: "watcher",
      apply: (command) => {
        seen = statusOf(command.id);
        return Promise.resolve({ ok: true, value: null });
      },
      read: () => Promise.resolve({ ok: true, value: null }),
    };
    start({}, [driver]);
    open(commandOf("c1", 1, { controller: "watcher" }));
    await until(() => statusOf("c1") === "acknowledged");
    expect(seen).toBe("sent");
  });

  test("a router that is down is tried until it is back, with the same id, and the weights are set once in effect", async () => {
    await router.stop();
    start();
    open(rollbackOf("c1", 1));
    await until(() => (store.command("c1")?.attempts ?? 0) >= 3);
    await router.restart();
    await until(() => statusOf("c1") === "confirmed");
    expect(new Set(router.received.map((one) => one.id))).toStrictEqual(new Set(["c1"]));
    expect(router.weights(service)?.canaryWeight).toBe(0);
  });

  test("a controller that hangs delays no other target", async () => {
    router.faults.hangFor.add("stuck");
    start();
    open(commandOf("c-stuck", 1, { service: "stuck", analysisId: "a-stuck" }));
    await until(() => router.received.length === 1);
    open(commandOf("c1", 1));
    await until(() => statusOf("c1") === "confirmed");
    expect(statusOf("c-stuck")).toBe("sent");
  });

  test("a rollback does not wait for a step that hangs: it takes the lane, and the step is never sent again", async () => {
    router.faults.hangFor.add(service);
    start();
    open(commandOf("c1", 1));
    await until(() => router.received.length === 1);
    router.faults.hangFor.clear();
    store.commit(commitOf(concluded("a1", "rollback"), { at: Date.now(), commands: [rollbackOf("c2", 2)] }));
    outbox.poke();
    await until(() => statusOf("c2") === "confirmed");
    expect(statusOf("c1")).toBe("superseded");
    expect(router.received.map((one) => one.id)).toStrictEqual(["c1", "c2"]);
    expect(router.weights(service)?.canaryWeight).toBe(0);
  });

  test("an answer that was lost is found by reading back, and nothing is sent twice", async () => {
    router.faults.hangFor.add(service);
    start({ applyTimeoutMs: 50 });
    open(commandOf("c1", 1));
    await until(() => statusOf("c1") === "confirmed");
    expect(router.received).toHaveLength(1);
  });

  test("what was sent before a crash is read back at the start and sent again only if it is not in force", async () => {
    const lost = commandOf("c1", 1);
    const landed = commandOf("c2", 4, { service: "shop/cart", analysisId: "a2" });
    openIn(store, analysisOf("a1"), { commands: [lost] });
    openIn(store, analysisOf("a2", { service: "shop/cart" }), { commands: [landed] });
    store.markSent("c1", 1);
    store.markSent("c2", 1);
    router.tamper("shop/cart", { canaryWeight: 25, baselineWeight: 75, generation: 4 });
    start();
    await until(() => statusOf("c1") === "confirmed" && statusOf("c2") === "confirmed");
    expect(router.received.map((one) => one.id)).toStrictEqual(["c1"]);
  });

  test("a step that is refused ends as rejected; a rollback that is refused is tried on and reported as stalled", async () => {
    router.faults.refuse = { status: 400 };
    start({ stalledMs: 0 });
    open(commandOf("c1", 1, { service: "shop/cart", analysisId: "a2" }));
    await until(() => statusOf("c1") === "rejected");
    open(rollbackOf("c2", 1));
    await until(() => store.command("c2")?.lastError === "answered 400");
    expect(statusOf("c2")).toBe("pending");
    expect(store.command("c2")!.nextAt).toBeGreaterThan(Date.now());
    expect(stalled.map((one) => one.command.id)).toContain("c2");
  });

  test("a rollback goes past a generation that the router has from elsewhere; a step is refused with the reason", async () => {
    router.tamper(service, { canaryWeight: 50, baselineWeight: 50, generation: 57 });
    router.tamper("shop/cart", { canaryWeight: 50, baselineWeight: 50, generation: 57 });
    start();
    open(rollbackOf("c1", 1));
    open(commandOf("c2", 1, { service: "shop/cart", analysisId: "a2" }));
    await until(() => statusOf("c1") === "confirmed" && statusOf("c2") === "rejected");
    expect(router.weights(service)).toStrictEqual({ canaryWeight: 0, baselineWeight: 100, generation: 58 });
    expect(store.command("c2")?.lastError).toContain("holds generation 57");
    expect(store.nextGeneration("router", "shop/cart", "prod")).toBe(58);
  });

  test("a driver that throws, one that never answers and one that is not configured are tried again", async () => {
    const throwing: Controller = {
      name: "throwing",
      apply: () => {
        throw new Error("a bug in the driver");
      },
      read: () => new Promise(() => undefined),
    };
    start({ readTimeoutMs: 20 }, [throwing]);
    open(rollbackOf("c1", 1, { controller: "throwing" }));
    open(rollbackOf("c2", 1, { controller: "absent", service: "shop/cart", analysisId: "a2" }));
    await until(() => (store.command("c1")?.attempts ?? 0) >= 2 && store.command("c2")?.lastError !== null);
    expect(store.command("c1")?.lastError).toBe("the driver failed: a bug in the driver");
    expect(store.command("c2")?.lastError).toBe('no controller "absent" is configured');
  });
});

describe("reconciler", () => {
  test("a rollback is read back until it was confirmed three times in a row, then left alone", async () => {
    start();
    open(rollbackOf("c1", 1));
    await until(() => store.command("c1")?.confirmations === 3);
    expect(store.standingCommands()).toStrictEqual([]);
    expect(router.received).toHaveLength(1);
  });

  test("drift is repaired: somebody else's weights are set back", async () => {
    start();
    open(commandOf("c1", 1));
    await until(() => statusOf("c1") === "confirmed");
    router.tamper(service, { canaryWeight: 90, baselineWeight: 10, generation: 1 });
    await until(() => router.weights(service)?.canaryWeight === 25);
    expect(outcomes.some((one) => one.lastError?.startsWith("drift: the controller has canary 90"))).toBe(
      true,
    );
  });

  test("a router that takes a command and reads back something else is never taken for confirmed", async () => {
    router.faults.lie = { canaryWeight: 50, baselineWeight: 50, generation: 1 };
    start();
    open(rollbackOf("c1", 1));
    await until(() => router.received.length >= 2);
    expect(outcomes.some((one) => one.status === "confirmed")).toBe(false);
    router.faults.lie = null;
    await until(() => store.command("c1")?.confirmations === 3);
  });

  test("a router that cannot be read leaves the command acknowledged", async () => {
    router.faults.unreadable = true;
    start();
    open(rollbackOf("c1", 1));
    await until(() => statusOf("c1") === "acknowledged");
    expect(router.weights(service)?.canaryWeight).toBe(0);
  });
});
