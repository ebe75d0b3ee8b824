import { describe, expect, test } from "vitest";
import { parseConfiguration, type Configuration } from "#engine/configuration.ts";
import { stalledNotices, verdictNotices } from "#engine/notices.ts";
import type { CommandRecord } from "#model/command.ts";
import { analysisOf, concluded, rollbackOf, t0 } from "#test/conformance/control-fixtures.ts";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { value } from "#test/support/result-value.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function configuration(bindings: readonly unknown[]): ReturnType<typeof parseConfiguration> {
  return parseConfiguration({
    ...{ apiVersion: "haldane/v1", kind: "Configuration" },
    receivers: [
      { kind: "webhook", name: "ops", url: "https://ops.example/", secret: { env: "OPS" } },
      { kind: "slack", name: "chat", url: { env: "CHAT" }, events: ["rollback"] },
    ],
    bindings,
  });
}

function settings(bindings: readonly unknown[]): Configuration {
  const parsed = configuration(bindings);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const both = settings([{ service: "shop/checkout", receivers: ["ops", "chat"] }]);
const record: CommandRecord = {
  ...{ command: rollbackOf("c1", 1), status: "sent", attempts: 7, createdAt: t0, nextAt: t0, sentAt: t0 },
  ...{ confirmedAt: null, confirmations: 0, lastError: "answered 503" },
};

describe("who is told", () => {
  test("those bound to the service, of the events that they take", () => {
    const told = (word: "promote" | "rollback" | "inconclusive") =>
      verdictNotices(concluded("a1", word), both).map(({ receiver }) => receiver);
    expect(told("rollback")).toStrictEqual(["ops", "chat"]);
    expect(told("promote")).toStrictEqual(["ops"]);
    expect(told("inconclusive")).toStrictEqual(["ops"]);
    expect(verdictNotices(analysisOf("a1"), both)).toStrictEqual([]);
    expect(verdictNotices({ ...concluded("a1", "rollback"), service: "other" }, both)).toStrictEqual([]);
  });

  test("a stalled command is told with its controller, kind and attempts, each command for itself", () => {
    expect(stalledNotices(analysisOf("a1"), record, both, t0 + 9)).toMatchObject([
      {
        ...{ event: "stalled", subject: "c1", receiver: "ops" },
        told: {
          at: t0 + 9,
          stalled: { controller: "router", kind: "rollback", canaryWeight: 0, attempts: 7 },
        },
      },
    ]);
  });

  test("what is told can be written as JSON and read back, infinities left out", () => {
    const reading = { n: 10, value: 0.1, unit: "1", instances: 1 };
    const finding = {
      ...{ signal: "errors", kind: "errors" as const, operation: "", conclusion: "worse" as const, why: "w" },
      ...{ canary: reading, baseline: { ...reading, value: 0 }, effect: Infinity, tolerance: 1, margin: 1.5 },
      ...{ interval: [2, Infinity] as const, marginWhy: null, guarded: true, weight: 1 },
      evidence: { harm: 9, harmNeeded: 4, safe: null, safeNeeded: 4, tiles: 1, tileMs: 5000 },
    };
    const findings = [finding, { ...finding, conclusion: "notWorse" as const }];
    const [notice] = verdictNotices({ ...concluded("a1", "rollback"), findings }, both);
    expect(notice?.told.worse).toMatchObject([{ effect: null, interval: [2, null], canary: 0.1 }]);
    expect(JSON.parse(JSON.stringify(notice))).toStrictEqual(notice);
  });
});

describe("configuration of receivers", () => {
  test("an unknown receiver is refused with its place and the known ones", () => {
    expect(configuration([{ service: "*", receivers: ["ops", "opps"] }])).toMatchObject({
      ok: false,
      error: [
        { path: ["bindings", 0, "receivers", 1], message: 'unknown receiver "opps"; known: ops, chat' },
      ],
    });
  });

  test("an address of Slack is named, never written", () => {
    const document = {
      ...{ apiVersion: "haldane/v1", kind: "Configuration" },
      receivers: [{ kind: "slack", name: "chat", url: "https://hooks.example/T0/SECRET" }],
    };
    const parsed = parseConfiguration(document);
    expect(parsed).toMatchObject({ ok: false, error: [{ path: ["receivers", 0, "url"] }] });
    expect(JSON.stringify(parsed)).not.toContain("SECRET");
  });
});

describe("the ledger", () => {
  const everything = { analysis: null, state: null, limit: 99 };

  test.each([
    ["a rollback", 300, 0.2, "rollback"],
    ["a promotion", 300, 0.001, "promote"],
    ["an end without proof", 0.3, 0.001, "inconclusive"],
  ])(
    "%s is told once to each receiver, however long the world goes on and the process restarts",
    (_, rps, errors, event) => {
      const control = value(openControlStore(":memory:"));
      const world = new SmallWorld({ control, receivers: ["ops", "chat"] });
      world.arms.v1.instances = world.arms.v2.instances = 6;
      world.arms.v1.rps = world.arms.v2.rps = rps;
      world.run(30_000);
      world.arms.v2.errors = errors;
      const id = world.open("act");
      world.run(3_600_000, () => control.notifications(everything).length > 0);
      expect(control.analysis(id)?.analysis.terminal?.word).toBe(event);
      world.restart();
      world.run(30_000);
      const told = control.notifications(everything);
      expect(told.map((one) => [one.event, one.receiver])).toStrictEqual([
        [event, "chat"],
        [event, "ops"],
      ]);
      expect(told[0]?.told).toMatchObject({ analysisId: id, canary: "v2", verdict: event });
    },
  );

  test.each([
    ["abort", "rollback"],
    ["promote", "promote"],
  ] as const)("an operator's %s is told as %s, with who and why", (deed, event) => {
    const control = value(openControlStore(":memory:"));
    const world = new SmallWorld({ control, receivers: ["ops"] });
    const id = world.open("act");
    world.ledger.operate(id, { deed, reason: "a fire", actor: "ann" }, world.now);
    expect(control.notifications(everything)).toMatchObject([
      { event, told: { reasons: [{ code: "operator", text: `${deed} by ann: a fire` }] } },
    ]);
  });
});
