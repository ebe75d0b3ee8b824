import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHaproxyController } from "#control/haproxy.ts";
import { createOutbox, type Outbox } from "#control/outbox.ts";
import type { Controller, ControlStore } from "#engine/ports.ts";
import type { Command } from "#model/command.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { analysisOf, commandOf, commitOf, openIn, rollbackOf } from "#test/conformance/control-fixtures.ts";
import { until } from "#test/support/listening.ts";
import { haproxyPath, openRealHaproxy, type RealHaproxy } from "#test/support/real-haproxy.ts";
import { value } from "#test/support/result-value.ts";

const inCi = process.env["CI"] !== undefined;
if (haproxyPath === null && !inCi) {
  console.warn(
    "SKIPPED: no haproxy on this machine, so its controller was not run for real; install it or set HAPROXY",
  );
}

const requests = 1000;
const servers = { "canary-1": 0, "canary-2": 0, "stable-1": 10, "stable-2": 10, "stable-3": 10 };
const target = { service: "shop/checkout", environment: "prod" };
const never = new AbortController().signal;

/** Requests that `count` of a share may differ from what is expected: four standard deviations of a binomial. */
function bound(share: number): number {
  return 4 * Math.sqrt(requests * share * (1 - share));
}

describe.skipIf(haproxyPath === null && !inCi)("a real HAProxy", () => {
  let haproxy: RealHaproxy;
  let store: ControlStore;
  let outbox: Outbox;
  let driver: Controller;
  let asked: readonly Command[];

  beforeEach(async () => {
    if (haproxyPath === null) throw new Error("no haproxy: its controller must be run for real here");
    haproxy = await openRealHaproxy(haproxyPath, servers);
    store = value(openControlStore(":memory:"));
    driver = value(
      createHaproxyController({
        ...{ name: "router", socket: haproxy.socket, backend: "be_shop" },
        ...{ canaryServers: ["canary-*"], baselineServers: ["stable-1", "stable-2", "stable-3"] },
      }),
    );
    outbox = createOutbox({
      ...{ store, controllers: new Map([["router", driver]]), clock: { now: () => Date.now() } },
      ...{ random: () => 0.02, onOutcome: () => undefined, onStalled: () => undefined },
      times: { pollMs: 10, reconcileMs: 50 },
    });
    outbox.start();
    asked = [];
  });
  afterEach(async () => {
    await outbox.stop();
    store.close();
    await haproxy.close();
  });

  async function place(command: Command): Promise<void> {
    const changes = { at: Date.now(), commands: [command] };
    if (asked.length === 0) openIn(store, analysisOf("a1"), changes);
    else store.commit(commitOf(analysisOf("a1"), changes));
    asked = [...asked, command];
    outbox.poke();
    await until(() => store.command(command.id)?.status === "confirmed");
  }

  /** Counts requests; every one must have been answered by a server. */
  async function canaryCount(): Promise<number> {
    const counts = await haproxy.count(requests);
    expect([...counts.keys()].filter((name) => !(name in servers))).toStrictEqual([]);
    return (counts.get("canary-1") ?? 0) + (counts.get("canary-2") ?? 0);
  }

  test("counted requests follow each step, every server of an arm alike, and none is lost between", async () => {
    expect(await canaryCount()).toBe(0);
    for (const [at, percent] of [3.4, 5, 25, 50].entries()) {
      await place(commandOf(`c${at}`, at + 1, { canaryWeight: percent, baselineWeight: 100 - percent }));
      const share = percent / 100;
      expect(Math.abs((await canaryCount()) - requests * share)).toBeLessThanOrEqual(bound(share));
    }
    const alike = await haproxy.count(requests);
    for (const name of ["canary-1", "canary-2"]) {
      expect(Math.abs((alike.get(name) ?? 0) - requests / 4)).toBeLessThanOrEqual(bound(1 / 4));
    }
    await place(commandOf("c9", 9, { canaryWeight: 100, baselineWeight: 0, kind: "promote" }));
    expect(await canaryCount()).toBe(requests);
  });

  test("requests under way while weights move all find a server, and a rollback leaves the canary none", async () => {
    await place(commandOf("c1", 1, { canaryWeight: 100, baselineWeight: 0, kind: "promote" }));
    const counting = haproxy.count(requests);
    for (let generation = 2; generation < 12; generation += 2) {
      await place(rollbackOf(`c${generation}`, generation));
      const up = { canaryWeight: 90, baselineWeight: 10 };
      await place(commandOf(`c${generation + 1}`, generation + 1, up));
    }
    await place(rollbackOf("c20", 20));
    expect([...(await counting).keys()].filter((name) => !(name in servers))).toStrictEqual([]);
    expect(await canaryCount()).toBe(0);
    expect(await driver.read(target, never)).toStrictEqual({
      ok: true,
      value: { canaryWeight: 0, baselineWeight: 100, generation: 20 },
    });
  });

  test("restarted under it, HAProxy has its configured weights again until the reconciler has repaired them", async () => {
    const reading = { canaryWeight: 25, baselineWeight: 75, generation: 1 };
    await place(commandOf("c1", 1));
    await haproxy.stop();
    await outbox.stop();
    await haproxy.start();
    expect(await canaryCount()).toBe(0);
    expect(await driver.read(target, never)).toStrictEqual({
      ok: true,
      value: { canaryWeight: 0, baselineWeight: 100, generation: 0 },
    });
    outbox.start();
    await until(() => (store.command("c1")?.attempts ?? 0) >= 2);
    await until(() => store.command("c1")?.status === "confirmed");
    expect(await driver.read(target, never)).toStrictEqual({ ok: true, value: reading });
    expect(Math.abs((await canaryCount()) - requests / 4)).toBeLessThanOrEqual(bound(1 / 4));
  });

  test("a lower generation is refused by what HAProxy itself keeps, and unknown names are told with those known", async () => {
    await place(rollbackOf("c7", 7));
    const parameters = { name: "other", socket: haproxy.socket, backend: "be_shop" };
    const arms = { canaryServers: ["canary-*"], baselineServers: ["stable-*"] };
    const other = value(createHaproxyController({ ...parameters, ...arms }));
    expect(await other.apply(commandOf("c6", 6), never)).toStrictEqual({
      ok: false,
      error: { tag: "superseded", generation: 7 },
    });
    const lost = value(createHaproxyController({ ...parameters, ...arms, backend: "be_shp" }));
    expect(await lost.read(target, never)).toMatchObject({
      error: { tag: "rejected", message: expect.stringMatching(/no "be_shp"; known: .*be_shop/) as string },
    });
    const wrong = value(createHaproxyController({ ...parameters, ...arms, canaryServers: ["canary-3"] }));
    expect(await wrong.read(target, never)).toMatchObject({
      error: {
        message:
          'canaryServers: backend be_shop has no server "canary-3"; known: canary-1, canary-2, stable-1, stable-2, stable-3',
      },
    });
  });
});
