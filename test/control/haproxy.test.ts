import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerCatalog } from "#control/catalog.ts";
import type { HaproxyParameters } from "#control/haproxy.ts";
import { formatRecord, parseRecord, recordVariable } from "#control/haproxy-record.ts";
import { parseServersState } from "#control/haproxy-servers.ts";
import { parseSocketAddress, splitAnswers } from "#control/haproxy-socket.ts";
import { createOutbox } from "#control/outbox.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { analysisOf, commandOf, openIn, rollbackOf } from "#test/conformance/control-fixtures.ts";
import { startFakeHaproxy, type FakeHaproxy } from "#test/support/fake-haproxy.ts";
import { until } from "#test/support/listening.ts";
import { value } from "#test/support/result-value.ts";

const target = { service: "shop/checkout", environment: "prod" };
const never = new AbortController().signal;
let folder: string;
let fake: FakeHaproxy;
let said: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "haldane-haproxy-"));
  fake = await startFakeHaproxy(join(folder, "s"), { "c-1": 0, "c-2": 0, "b-1": 1, "b-2": 1, "b-3": 1 });
  said = [];
});
afterEach(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true });
});

function controller(changes: Partial<HaproxyParameters> = {}) {
  const parameters = {
    ...{ name: "edge", socket: fake.path, backend: "be_shop" },
    ...{ canaryServers: ["c-1", "c-2"], baselineServers: ["b-*"] },
    ...changes,
  };
  return value(controllerCatalog.haproxy.create(parameters, (text) => said.push(text)));
}

function weights(): Record<string, number> {
  return Object.fromEntries([...fake.servers].map(([name, { weight }]) => [name, weight]));
}

function sets(): readonly string[] {
  return fake.commands.filter((command) => command.startsWith("set server"));
}

describe("HAProxy controller", () => {
  test("each server of an arm has its arm's weight, the share is said, and the percentages are read back with the generation", async () => {
    const driver = controller();
    const command = commandOf("c1", 7, { canaryWeight: 3.4, baselineWeight: 96.6 });
    const reading = { canaryWeight: 3.4, baselineWeight: 96.6, generation: 7 };
    expect(await driver.apply(command, never)).toStrictEqual({ ok: true, value: reading });
    expect(await driver.read(target, never)).toStrictEqual({ ok: true, value: reading });
    const { "c-1": canary = 0, "b-1": baseline = 0 } = weights();
    expect(weights()).toStrictEqual({
      ...{ "c-1": canary, "c-2": canary },
      ...{ "b-1": baseline, "b-2": baseline, "b-3": baseline },
    });
    expect((2 * canary) / (2 * canary + 3 * baseline)).toBeCloseTo(0.034, 4);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^edge: the canary has 3\.\d+ % of be_shop, asked 3\.4 % \(2 canary servers of/);
  });

  test("a rollback sets every canary server to 0 before it touches the baseline", async () => {
    const driver = controller();
    await driver.apply(commandOf("c1", 1, { canaryWeight: 90, baselineWeight: 10 }), never);
    const before = sets().length;
    await driver.apply(rollbackOf("c2", 2), never);
    expect(sets().slice(before, before + 2)).toStrictEqual([
      "set server be_shop/c-1 weight 0",
      "set server be_shop/c-2 weight 0",
    ]);
    expect(weights()).toStrictEqual({ "c-1": 0, "c-2": 0, "b-1": 256, "b-2": 256, "b-3": 256 });
  });

  test("a rollback after a promotion raises the baseline first: it had no weight", async () => {
    const driver = controller();
    await driver.apply(commandOf("c1", 1, { canaryWeight: 100, baselineWeight: 0, kind: "promote" }), never);
    expect(weights()).toMatchObject({ "c-1": 256, "b-1": 0 });
    const before = sets().length;
    await driver.apply(rollbackOf("c2", 2), never);
    expect(sets()[before]).toBe("set server be_shop/b-1 weight 256");
  });

  test("the same command again sends nothing; a lower generation is superseded, also by another Haldane's record", async () => {
    await controller().apply(commandOf("c7", 7), never);
    const before = fake.commands.length;
    const other = controller();
    expect((await other.apply(commandOf("c7", 7), never)).ok).toBe(true);
    expect(fake.commands.slice(before).filter((command) => !/^(show|get) /.test(command))).toStrictEqual([]);
    expect(await other.apply(rollbackOf("c6", 6), never)).toStrictEqual({
      ok: false,
      error: { tag: "superseded", generation: 7 },
    });
  });

  test("weights that somebody else set are read as the share that they make, under the generation that stands", async () => {
    const driver = controller();
    await driver.apply(commandOf("c1", 4), never);
    for (const [name, server] of fake.servers) server.weight = name.startsWith("c") ? 30 : 20;
    expect(await driver.read(target, never)).toStrictEqual({
      ok: true,
      value: { canaryWeight: 50, baselineWeight: 50, generation: 4 },
    });
  });

  test("a server in maintenance leaves the share of its arm to the others, once applied again", async () => {
    const driver = controller();
    await driver.apply(commandOf("c1", 1, { canaryWeight: 50, baselineWeight: 50 }), never);
    const server = fake.servers.get("c-2");
    if (server !== undefined) Object.assign(server, { admin: 1, state: 0 });
    const seen = value(await driver.read(target, never));
    expect(seen?.canaryWeight).toBeCloseTo(33.3, 0);
    await driver.apply(commandOf("c1", 1, { canaryWeight: 50, baselineWeight: 50 }), never);
    expect(value(await driver.read(target, never))).toMatchObject({ canaryWeight: 50, generation: 1 });
  });

  test("where HAProxy keeps no variables, the generation is remembered here", async () => {
    fake.faults.noVariables = true;
    const driver = controller();
    await driver.apply(commandOf("c1", 3), never);
    expect(value(await driver.read(target, never))).toMatchObject({ canaryWeight: 25, generation: 3 });
    expect(value(await controller().read(target, never))?.generation).toBe(0);
  });

  test("a backend that carries one service's canary is not moved for another, and is free when that ended", async () => {
    const driver = controller();
    await driver.apply(commandOf("c1", 1), never);
    const other = { service: "shop/cart", environment: "prod" };
    expect(await driver.apply(commandOf("d1", 1, other), never)).toMatchObject({
      error: { tag: "rejected", message: expect.stringContaining("one backend serves one") as string },
    });
    expect(value(await driver.read(other, never))?.generation).toBe(0);
    await driver.apply(rollbackOf("c2", 2), never);
    expect((await driver.apply(commandOf("d1", 1, other), never)).ok).toBe(true);
  });
});

describe("what HAProxy cannot do", () => {
  test("an unknown backend or server is refused with those known", async () => {
    expect(await controller({ backend: "be_shp" }).read(target, never)).toStrictEqual({
      ok: false,
      error: {
        tag: "rejected",
        message: 'backend: HAProxy has no "be_shp"; known: be_shop, be_other',
      },
    });
    expect(await controller({ canaryServers: ["d-*"] }).apply(commandOf("c1", 1), never)).toStrictEqual({
      ok: false,
      error: {
        tag: "rejected",
        message: 'canaryServers: backend be_shop has no server "d-*"; known: c-1, c-2, b-1, b-2, b-3',
      },
    });
    expect(await controller({ canaryServers: ["c-1", "b-1"] }).read(target, never)).toMatchObject({
      error: { message: "server b-1 of backend be_shop is in both arms" },
    });
    expect(sets()).toStrictEqual([]);
  });

  test("a share that whole weights miss by more than a tenth is refused, a rollback never is", async () => {
    const driver = controller({ canaryServers: ["b-*", "c-1"], baselineServers: ["c-2"] });
    const tiny = commandOf("c1", 1, { canaryWeight: 0.5, baselineWeight: 99.5 });
    expect(await driver.apply(tiny, never)).toMatchObject({
      error: { tag: "rejected", message: expect.stringContaining("the closest is 1.538 %") as string },
    });
    expect(sets()).toStrictEqual([]);
    expect((await driver.apply(rollbackOf("c2", 2), never)).ok).toBe(true);
  });

  test("a promotion to a canary that is down waits, a rollback to a baseline that is down does not", async () => {
    for (const name of ["c-1", "c-2"]) Object.assign(fake.servers.get(name) ?? {}, { state: 0 });
    const promote = commandOf("c1", 1, { canaryWeight: 100, baselineWeight: 0, kind: "promote" });
    expect(await controller().apply(promote, never)).toMatchObject({
      error: {
        tag: "unreachable",
        message: expect.stringContaining("no server of the canary is up") as string,
      },
    });
    for (const name of ["b-1", "b-2", "b-3"]) Object.assign(fake.servers.get(name) ?? {}, { state: 0 });
    expect((await controller().apply(rollbackOf("c2", 2), never)).ok).toBe(true);
  });

  test("a refused command stops the sequence: the other arm is not lowered", async () => {
    fake.faults.refuse = { on: "c-2 weight", answer: "Backend is using a static LB algorithm" };
    const promote = commandOf("c1", 1, { canaryWeight: 100, baselineWeight: 0, kind: "promote" });
    expect(await controller().apply(promote, never)).toStrictEqual({
      ok: false,
      error: { tag: "rejected", message: "HAProxy answered: Backend is using a static LB algorithm" },
    });
    expect(weights()).toMatchObject({ "b-1": 1, "b-2": 1, "b-3": 1 });
  });

  test("a socket below level admin is refused with the fix", async () => {
    fake.faults.refuse = { on: "experimental-mode", answer: "Permission denied" };
    expect(await controller().apply(commandOf("c1", 1), never)).toMatchObject({
      error: { tag: "rejected", message: expect.stringContaining("`level admin`") as string },
    });
  });

  test("a socket that is gone, hangs, is given up or answers by half is unreachable", async () => {
    const unreachable = { error: { tag: "unreachable" } };
    fake.faults.hangOn = "show servers";
    expect(await controller({ timeoutMs: 40 }).read(target, never)).toMatchObject({
      error: { tag: "unreachable", message: "no whole answer within 40 ms" },
    });
    expect(await controller().read(target, AbortSignal.timeout(20))).toMatchObject(unreachable);
    fake.faults.hangOn = null;
    for (const cut of [0, 1, 90, 200]) {
      fake.faults.cutAt = cut;
      expect(await controller().read(target, never)).toMatchObject(unreachable);
    }
    fake.faults.cutAt = null;
    await fake.stop();
    expect(await controller().apply(commandOf("c1", 1), never)).toMatchObject(unreachable);
    await fake.restart();
  });

  test("an answer beyond the limit is refused", async () => {
    expect(await controller({ replyLimitBytes: 100 }).read(target, never)).toMatchObject({
      error: { tag: "rejected", message: "the answer is longer than replyLimitBytes, 100" },
    });
  });

  test("a lost answer is found by reading back; a restart brings configured weights, and the reconciler repairs them", async () => {
    const store = value(openControlStore(":memory:"));
    const driver = controller({ timeoutMs: 50 });
    const outbox = createOutbox({
      ...{ store, controllers: new Map([["router", driver]]), clock: { now: () => Date.now() } },
      ...{ random: () => 0.02, onOutcome: () => undefined, onStalled: () => undefined },
      times: { pollMs: 5, reconcileMs: 20 },
    });
    fake.faults.hangOn = "set server be_shop/c-1";
    outbox.start();
    openIn(store, analysisOf("a1"), { at: Date.now(), commands: [commandOf("c1", 1)] });
    outbox.poke();
    await until(() => (store.command("c1")?.attempts ?? 0) > 0 && weights()["c-1"] !== 0);
    fake.faults.hangOn = null;
    await until(() => store.command("c1")?.status === "confirmed");
    const placed = weights();
    // The reconciler is kept from reading until the restart has been looked at: else it may have repaired it already.
    fake.faults.hangOn = "show servers";
    await fake.stop();
    await fake.restart();
    expect(weights()).toMatchObject({ "c-1": 0, "b-1": 1 });
    fake.faults.hangOn = null;
    await until(() => JSON.stringify(weights()) === JSON.stringify(placed));
    expect(weights()).toStrictEqual(placed);
    await outbox.stop();
    store.close();
  });
});

describe("words of the runtime API", () => {
  test.each([
    ["/run/haproxy/admin.sock", true],
    ["127.0.0.1:9999", true],
    ["localhost:9999", true],
    ["[::1]:9999", true],
    ["10.0.0.7:9999", false],
    ["haproxy.internal:9999", false],
    ["127.0.0.1", false],
    ["127.0.0.1:70000", false],
    ["run/haproxy.sock", false],
  ])("without leave, %s is taken: %s", (text, taken) => {
    expect(parseSocketAddress(text, false).ok).toBe(taken);
  });

  test("another machine is taken by name only", () => {
    expect(parseSocketAddress("10.0.0.7:9999", true)).toStrictEqual({
      ok: true,
      value: { host: "10.0.0.7", port: 9999 },
    });
    const refused = parseSocketAddress("10.0.0.7:9999", false);
    expect(refused.ok ? "" : refused.error.message).toContain("allowRemote: true");
  });

  test("answers are told apart by their empty lines, and a missing one is noticed", () => {
    expect(splitAnswers("\nNo such server.\n\n\n", 3)).toStrictEqual(["", "No such server.", ""]);
    expect(splitAnswers("\nNo such server.\n", 2)).toBeNull();
    expect(splitAnswers("", 1)).toBeNull();
  });

  test("columns are found by name; another version or a broken row is none", () => {
    const header = "1\n# srv_name extra srv_op_state srv_admin_state srv_uweight";
    expect(parseServersState(`${header}\nc-1 x 2 8 20`)).toStrictEqual([
      { name: "c-1", weight: 20, inService: false, up: false },
    ]);
    expect(parseServersState(`${header}\nc-1 x 2`)).toBeNull();
    expect(parseServersState(header.replace("1", "2"))).toBeNull();
    expect(parseServersState("1\n# srv_name srv_op_state")).toBeNull();
  });

  test("a record is read as it was written, and variables of different backends differ", () => {
    const record = { generation: 7, canaryWeight: 2.5, baselineWeight: 97.5, target: "0123456789abcdef" };
    expect(parseRecord(`proc.x: type=str value=<${formatRecord(record)}>`)).toStrictEqual(record);
    expect(parseRecord("Variable not found.")).toBeNull();
    expect(parseRecord("proc.x: type=str value=<7:1.2.3:4:0123456789abcdef>")).toBeNull();
    expect(new Set(["a-b", "a.b", "a_b", "a_2db"].map(recordVariable)).size).toBe(4);
  });

  test("parameters are refused with the name of the field", () => {
    const parameters = { name: "edge", socket: "/s", canaryServers: ["c"], baselineServers: ["b"] };
    for (const backend of ["be shop", "be;quit", ""]) {
      const created = controllerCatalog.haproxy.create({ ...parameters, backend });
      expect(created.ok ? "" : created.error.message).toContain("backend");
    }
  });
});
