import { describe, expect, test } from "vitest";
import { SmallWorld, type WorldPattern } from "#test/support/small-world.ts";

const refused: WorldPattern = {
  id: "00000000000000aa",
  template: "charge of <*> failed: connect ECONNREFUSED <*>",
  severity: 17,
  signatures: ["conn-refused"],
  exception: null,
  perMinute: { v1: 0, v2: 4 },
};

const broken: readonly string[] = new Proxy([], {
  get: () => {
    throw new Error("a bad page");
  },
});

/** A world in which v1 has run for five minutes, and v2 begins. */
function opened(patterns: readonly WorldPattern[], policy: Record<string, unknown> = {}, seed = 1) {
  const world = new SmallWorld({ policy: { name: "logs", ...policy }, seed });
  world.patterns = patterns.map((one) => ({ ...one, perMinute: { ...one.perMinute, v2: 0 } }));
  world.run(300_000);
  const id = world.open("act");
  world.patterns = patterns;
  return { world, id, since: world.now };
}

const analysisOf = ({ world, id }: ReturnType<typeof opened>) => {
  const analysis = world.ledger.analysis(id);
  if (analysis === null) throw new Error("no analysis");
  return analysis;
};

describe("a new error in the logs", () => {
  test("on every canary instance a few times a minute is a rollback within two minutes, and is quoted", () => {
    const at = opened([refused]);
    at.world.run(150_000, () => analysisOf(at).terminal !== null);
    const { terminal, verdict, findings } = analysisOf(at);
    expect(terminal?.word).toBe("rollback");
    expect(at.world.now - at.since).toBeLessThanOrEqual(120_000 + 30_000);
    expect(verdict.reasons[0]?.text).toMatch(
      /^a new error in the logs: "charge of <\*> failed: connect ECONNREFUSED <\*>" \(\d+ requests of the canary, none of the baseline's; conn-refused\)$/,
    );
    const finding = findings.find(({ pattern }) => pattern !== undefined);
    expect(finding).toMatchObject({
      signal: "log pattern 00000000000000aa",
      kind: "logs",
      canary: { instances: 3 },
      baseline: { value: 0, instances: 0 },
      pattern: { change: "new", failures: ["conn-refused"], lines: [{ arm: "canary", instance: "v2-0" }] },
    });
  });

  test("is not judged where the policy does not judge logs", () => {
    const at = opened([refused], { logs: { judged: false } });
    at.world.run(150_000);
    expect(analysisOf(at).terminal).toBeNull();
    expect(analysisOf(at).findings.some(({ pattern }) => pattern !== undefined)).toBe(false);
  });

  test("that the baseline wrote before the canary came, at the same rate, is no harm", () => {
    const at = opened([{ ...refused, perMinute: { v1: 4, v2: 0.2 } }]);
    at.world.run(300_000);
    expect(analysisOf(at).terminal?.word).not.toBe("rollback");
  });

  test("gives the same verdict after a restart in the middle", () => {
    const times = [false, true].map((restarts) => {
      const at = opened([refused], {}, 7);
      at.world.run(40_000);
      if (restarts) at.world.restart();
      at.world.run(150_000, () => analysisOf(at).terminal !== null);
      return [at.world.now - at.since, analysisOf(at).verdict];
    });
    expect(times[1]).toEqual(times[0]);
  });
});

test("a pattern that the canary no longer writes is told and is no harm", () => {
  const at = opened([{ ...refused, severity: 13, signatures: [], perMinute: { v1: 100, v2: 0 } }]);
  at.world.run(120_000);
  const finding = analysisOf(at).findings.find(({ pattern }) => pattern !== undefined);
  expect(finding?.pattern?.change).toBe("gone");
  expect(finding?.why).toMatch(/^no longer in the logs: /);
  expect(analysisOf(at).verdict.word).not.toBe("rollback");
});

test("a fault while patterns are read is unknown, shown, and holds up no verdict on the rest", () => {
  const at = opened([{ ...refused, perMinute: { v1: 0, v2: 60 } }]);
  const { reader } = at.world.telemetry;
  const patterns = reader.patterns.bind(reader);
  reader.patterns = (ids) => patterns(ids).map((one) => ({ ...one, signatures: broken }));
  at.world.run(60_000);
  const finding = analysisOf(at).findings.find(({ signal }) => signal === "log patterns");
  expect(finding?.conclusion).toBe("unknown");
  expect(finding?.why).toContain("a bad page");
  expect(analysisOf(at).findings.find(({ signal }) => signal === "errors")?.canary.n).toBeGreaterThan(0);
});
