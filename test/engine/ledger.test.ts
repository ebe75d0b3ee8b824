import { describe, expect, test } from "vitest";
import type { OpenRequest } from "#engine/asking.ts";
import { verdictAnswer, analysisFor } from "#engine/verdict-answer.ts";
import { SmallWorld } from "#test/support/small-world.ts";

const quick = {
  name: "quick",
  settle: "3s",
  warmUp: "5s",
  horizon: "4m",
  steps: [
    { weight: 25, dwell: "15s" },
    { weight: 50, dwell: "15s" },
  ],
};

function request(over: Partial<OpenRequest> = {}): OpenRequest {
  return {
    service: "shop",
    environment: "test",
    canary: "v2",
    baseline: "v1",
    mode: "act",
    policy: "quick",
    idempotencyKey: null,
    requestDigest: "a",
    openedBy: "test",
    ...over,
  };
}

function busyWorld(seed = 1): SmallWorld {
  const world = new SmallWorld({ policy: quick, seed });
  world.arms.v1.rps = world.arms.v2.rps = 300;
  world.arms.v1.instances = world.arms.v2.instances = 4;
  world.run(30_000);
  return world;
}

describe("opening an analysis", () => {
  test("twice for the same canary gives the one that is open", () => {
    const world = busyWorld();
    const first = world.ledger.open(request(), world.now);
    const second = world.ledger.open(request(), world.now + 1000);
    expect(first).toMatchObject({ ok: true, value: { created: true } });
    expect(second).toMatchObject({ ok: true, value: { created: false } });
    expect(first.ok && second.ok && first.value.analysis.id === second.value.analysis.id).toBe(true);
  });

  test("with a known Idempotency-Key gives what it gave, and refuses another request under it", () => {
    const world = busyWorld();
    const first = world.ledger.open(request({ idempotencyKey: "k" }), world.now);
    expect(world.ledger.open(request({ idempotencyKey: "k" }), world.now)).toMatchObject({
      ok: true,
      value: { created: false, analysis: { id: first.ok ? first.value.analysis.id : "" } },
    });
    expect(world.ledger.open(request({ idempotencyKey: "k", requestDigest: "b" }), world.now)).toMatchObject({
      ok: false,
      error: { tag: "keyReused" },
    });
  });

  test("of a second canary of one service is refused while the first moves its traffic", () => {
    const world = busyWorld();
    const first = world.open("act");
    expect(world.ledger.open(request({ canary: "v3" }), world.now)).toMatchObject({
      ok: false,
      error: { tag: "alreadyActing", analysisId: first },
    });
    expect(world.ledger.open(request({ canary: "v3", mode: "report" }), world.now).ok).toBe(true);
  });

  test("without a baseline takes the version that serves most", () => {
    const world = busyWorld();
    expect(world.ledger.open(request({ baseline: null }), world.now)).toMatchObject({
      ok: true,
      value: { analysis: { baseline: { asked: "v1" } } },
    });
  });

  test("without a baseline, where nothing else serves, says that it must be named", () => {
    const world = new SmallWorld({ policy: quick });
    expect(world.ledger.open(request({ baseline: null }), world.now)).toMatchObject({
      ok: false,
      error: { tag: "sameArms", message: expect.stringContaining('send "baseline"') as string },
    });
  });

  test("under an unknown policy lists those that are known", () => {
    const world = busyWorld();
    expect(world.ledger.open(request({ policy: "strict" }), world.now)).toMatchObject({
      ok: false,
      error: { tag: "unknownPolicy", message: 'unknown policy "strict"; known: quick' },
    });
  });

  test("again after its end is a new attempt with half of alpha and evidence from then on", () => {
    const world = busyWorld();
    world.arms.v2.errors = 0.05;
    const first = world.open("act");
    world.run(60_000, () => world.ledger.analysis(first)?.phase.phase === "ended");
    expect(world.ledger.analysis(first)?.terminal?.word).toBe("rollback");
    world.arms.v2.errors = 0.001;
    const second = world.open("act");
    expect(second).not.toBe(first);
    expect(world.ledger.analysis(second)?.attempt).toBe(2);
    world.run(30_000);
    const findings = world.ledger.analysis(second)!.findings;
    const errors = findings.find(({ signal }) => signal === "errors")!;
    // ln(1/(.65 * .01 * 2^-1 * .25))
    expect(errors.evidence.harmNeeded).toBeCloseTo(Math.log(1 / (0.65 * 0.01 * 0.5 * 0.25)), 9);
    expect(errors.canary.value).toBeLessThan(0.01);
  });

  test("takes the place of a report-only one that opened by itself, which ends without a verdict", () => {
    const world = busyWorld();
    world.arms.v2.share = 0.2;
    world.run(10_000);
    const [automatic] = world.ledger.openAnalyses();
    expect(automatic).toMatchObject({ mode: "report", openedBy: "auto" });
    const asked = world.open("act");
    expect(world.ledger.analysis(automatic!.id)).toMatchObject({
      phase: { as: "superseded" },
      terminal: null,
    });
    expect(world.ledger.analysis(asked)).toMatchObject({ mode: "act", attempt: 1 });
  });
});

describe("looking", () => {
  test("more often changes neither evidence nor verdict", () => {
    const [rare, often] = [busyWorld(7), busyWorld(7)].map((world, at) => {
      world.arms.v2.share = 0.25;
      world.routeBehaviour.set("v2 POST /pay", { errors: 0.004, medianMs: 110 });
      const id = world.open("report");
      for (let step = 0; step < 20; step += 1) world.step(at === 0 ? 1 : 5);
      return world.ledger.analysis(id)!;
    });
    expect(often!.findings).toEqual(rare!.findings);
    expect(often!.verdict.word).toBe(rare!.verdict.word);
  });

  test("after a restart goes on where it stood: the same findings to the last digit", () => {
    const [whole, restarted] = [busyWorld(9), busyWorld(9)].map((world, at) => {
      world.arms.v2.share = 0.25;
      const id = world.open("report");
      for (let step = 0; step < 12; step += 1) {
        world.step();
        if (at === 1 && step % 3 === 1) world.restart();
      }
      return world.ledger.analysis(id)!;
    });
    expect(restarted!.findings).toEqual(whole!.findings);
  });

  test("at one version only opens nothing, and at two opens one analysis of the newer, report-only", () => {
    const world = busyWorld();
    expect(world.ledger.openAnalyses()).toEqual([]);
    world.arms.v2.share = 0.1;
    world.run(10_000);
    expect(world.ledger.openAnalyses()).toMatchObject([
      { canary: { asked: "v2" }, baseline: { asked: "v1" }, mode: "report", controller: null },
    ]);
    world.run(30_000);
    expect(world.ledger.openAnalyses()).toHaveLength(1);
  });
});

describe("the small answer", () => {
  const namesOf = () => ({ canary: ["v2", "abc123"], baseline: ["v1"] });

  test("without an analysis is continue, never fresh, and says how to open one", () => {
    const query = { service: "nowhere", environment: null, canary: "v9", baseline: null };
    expect(verdictAnswer(query, null, 0)).toMatchObject({ verdict: "continue", fresh: false, analysis: "" });
  });

  test("is found by any alias and by the service's name with or without its namespace", () => {
    const world = busyWorld();
    const id = world.open("act");
    const analyses = world.ledger.openAnalyses();
    for (const canary of ["v2", "abc123", null]) {
      for (const service of ["shop", "team/shop"]) {
        expect(
          analysisFor({ service, environment: "test", canary, baseline: "v1" }, analyses, namesOf)?.id,
        ).toBe(id);
      }
    }
    expect(
      analysisFor({ service: "shop", environment: "prod", canary: null, baseline: null }, analyses, namesOf),
    ).toBeNull();
  });

  test("goes stale when no look follows", () => {
    const world = busyWorld();
    world.open("act");
    world.run(10_000);
    const [analysis] = world.ledger.openAnalyses();
    const query = { service: "shop", environment: null, canary: null, baseline: null };
    expect(verdictAnswer(query, analysis!, world.now).fresh).toBe(true);
    expect(verdictAnswer(query, analysis!, world.now + 60_000).fresh).toBe(false);
  });
});
