import { describe, expect, test } from "vitest";
import { Ledger } from "#engine/ledger.ts";
import type { TelemetryReader } from "#engine/ports.ts";
import { readState, writeState } from "#engine/stored-form.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function runningWorld(): { world: SmallWorld; id: string } {
  const world = new SmallWorld({ policy: { name: "quick", settle: "3s", warmUp: "5s", horizon: "10m" } });
  world.arms.v2.share = 0.5;
  world.run(20_000);
  return { world, id: world.open("report") };
}

function ledgerOver(world: SmallWorld, telemetry: TelemetryReader): Ledger {
  const settings = {
    policies: new Map([[world.policy.name, world.policy]]),
    bindings: [],
    automatic: false,
    openAnalyses: 10,
    signalsPerAnalysis: 200,
    paceMs: 5000,
    storeEveryMs: 15_000,
  };
  return new Ledger(settings, { telemetry, control: world.control });
}

describe("a fault", () => {
  test("while looking at one analysis leaves the others looked at", () => {
    const { world, id } = runningWorld();
    const failing: TelemetryReader = {
      ...world.telemetry.reader,
      samples: () => {
        throw new Error("a bad page");
      },
    };
    const ledger = ledgerOver(world, failing);
    const faults: string[] = [];
    const opened = ledger.open(
      {
        service: "other",
        environment: "test",
        canary: "b",
        baseline: "a",
        mode: "report",
        policy: "quick",
        idempotencyKey: null,
        requestDigest: "",
        openedBy: "test",
      },
      world.now,
    );
    ledger.look(world.now + 10_000, { onFault: (analysisId) => faults.push(analysisId) });
    expect(faults).toEqual([id]);
    expect(opened.ok && ledger.analysis(opened.value.analysis.id)?.verdict.at).toBe(world.now + 10_000);
  });

  test("in one signal's evidence makes that signal unknown, shows why, and lets the others roll back", () => {
    const { world, id } = runningWorld();
    world.run(20_000);
    const stored = world.control.analysis(id)!;
    const state = readState(stored.engineState);
    const broken = {
      ...state,
      signals: state.signals.map((one) =>
        one.signal.id === "latency" && one.test !== "unusable"
          ? { ...one, test: "duration" as const, evidence: null as never }
          : one,
      ),
    };
    expect(broken.signals.length).toBeGreaterThan(2);
    world.control.commit({
      analysis: stored.analysis,
      engineState: writeState(broken),
      at: world.now,
      changed: false,
      commands: [],
      intervals: [],
      note: null,
    });
    world.restart();
    world.arms.v2.errors = 0.05;
    world.run(60_000, () => world.ledger.analysis(id)?.terminal !== null);
    const analysis = world.ledger.analysis(id)!;
    const latency = analysis.findings.find(({ signal }) => signal === "latency");
    expect(latency).toMatchObject({ conclusion: "unknown" });
    expect(latency?.why).toContain("its analyzer failed");
    expect(analysis.terminal?.word).toBe("rollback");
  });

  test("in a guarded signal never promotes, however healthy the rest", () => {
    const { world, id } = runningWorld();
    world.run(20_000);
    const stored = world.control.analysis(id)!;
    const state = readState(stored.engineState);
    expect(state.signals.length).toBeGreaterThan(2);
    world.control.commit({
      analysis: stored.analysis,
      engineState: writeState({
        ...state,
        signals: state.signals.map((one) =>
          one.signal.id === "latency"
            ? {
                signal: one.signal,
                foldedTo: one.foldedTo,
                test: "unusable" as const,
                why: "its analyzer failed: x",
              }
            : one,
        ),
      }),
      at: world.now,
      changed: false,
      commands: [],
      intervals: [],
      note: null,
    });
    world.restart();
    world.arms.v1.errors = world.arms.v2.errors = 0.0001;
    world.run(240_000, () => world.ledger.analysis(id)?.terminal !== null);
    expect(world.ledger.analysis(id)?.terminal?.word).not.toBe("promote");
  });

  test("a stored state of another version is refused and not guessed at", () => {
    for (const version of [2, 4]) {
      expect(() => readState(JSON.stringify({ version }))).toThrow(`unknown version ${version}`);
    }
  });
});
