import { describe, expect, test } from "vitest";
import type { OpenRequest } from "#engine/asking.ts";
import { analysisFor, placesFor, verdictAnswer } from "#engine/verdict-answer.ts";
import type { Alias } from "#model/deployment.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function request(over: Partial<OpenRequest> = {}): OpenRequest {
  return {
    service: "shop",
    environment: "test",
    canary: "v2",
    baseline: "v1",
    mode: "report",
    policy: null,
    idempotencyKey: null,
    requestDigest: "",
    openedBy: "api",
    ...over,
  };
}

const namesOf = (): { canary: readonly string[]; baseline: readonly string[] } => ({
  canary: ["v2"],
  baseline: ["v1"],
});

/** A deployment as the store has it; `hash` is its own, `version` may be shared. */
function deploy(world: SmallWorld, id: number, hash: string, version: string): void {
  const aliases: readonly Alias[] = [
    { kind: "templateHash", value: hash },
    { kind: "version", value: version },
  ];
  world.telemetry.writer.commit({
    deployments: [
      {
        id,
        service: "bank",
        environment: "test",
        aliases,
        firstSeen: world.now,
        lastSeen: world.now,
        earliestStart: null,
      },
    ],
    merges: [],
    instances: [],
    series: [],
    samples: [],
    cumulative: [],
    tallies: [],
    digests: [],
  });
}

describe("whose verdict", () => {
  test("a query that fits analyses of two environments or namespaces gets neither's verdict", () => {
    const world = new SmallWorld();
    const open = (over: Partial<OpenRequest>): void => {
      expect(world.ledger.open(request(over), world.now)).toMatchObject({ ok: true });
    };
    open({ service: "a/shop", environment: "prod" });
    open({ service: "a/shop", environment: "staging" });
    open({ service: "b/shop", environment: "staging" });
    const analyses = world.ledger.openAnalyses();
    const query = { service: "shop", environment: null, canary: "v2", baseline: null };
    expect(analysisFor(query, analyses, namesOf)).toBeNull();
    const answer = verdictAnswer(query, null, world.now, placesFor(query, analyses, namesOf));
    expect(answer).toMatchObject({ verdict: "continue", terminal: false, fresh: false });
    expect(answer.reason).toContain('a/shop in "prod", a/shop in "staging", b/shop in "staging"');
    const prod = analysisFor({ ...query, environment: "prod" }, analyses, namesOf);
    expect(prod).toMatchObject({ service: "a/shop", environment: "prod" });
    const full = analysisFor({ ...query, service: "b/shop" }, analyses, namesOf);
    expect(full).toMatchObject({ service: "b/shop" });
  });

  test("a config-only change that keeps its version is analysed for itself, as a first attempt", () => {
    const world = new SmallWorld();
    deploy(world, 901, "aaa", "0.9");
    deploy(world, 902, "bbb", "1.0");
    const first = world.ledger.open(request({ service: "bank", canary: "1.0", baseline: "0.9" }), world.now);
    world.step();
    deploy(world, 903, "ccc", "1.0");
    const second = world.ledger.open(request({ service: "bank", canary: "ccc", baseline: "bbb" }), world.now);
    expect(first).toMatchObject({ ok: true, value: { created: true } });
    expect(second).toMatchObject({
      ok: true,
      value: { created: true, analysis: { canary: { asked: "ccc" }, attempt: 1 } },
    });
    const again = world.ledger.open(request({ service: "bank", canary: "bbb", baseline: "aaa" }), world.now);
    expect(again).toMatchObject({ ok: true, value: { created: false } });
  });

  test("an open analysis is no answer to a request for another baseline; one that opened by itself gives way", () => {
    const world = new SmallWorld();
    const asked = world.ledger.open(request(), world.now);
    const other = world.ledger.open(request({ baseline: "v0" }), world.now);
    expect(other).toMatchObject({
      ok: false,
      error: { tag: "alreadyActing", analysisId: asked.ok ? asked.value.analysis.id : "" },
    });
    const automatic = world.ledger.open(request({ canary: "v3", openedBy: "auto" }), world.now);
    const instead = world.ledger.open(request({ canary: "v3", baseline: "v0" }), world.now + 1000);
    expect(instead).toMatchObject({
      ok: true,
      value: { created: true, analysis: { baseline: { asked: "v0" }, attempt: 1 } },
    });
    const replaced = automatic.ok ? world.ledger.analysis(automatic.value.analysis.id) : null;
    expect(replaced?.phase).toMatchObject({ phase: "ended", as: "superseded" });
  });
});
