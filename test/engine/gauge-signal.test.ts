import { describe, expect, it } from "vitest";
import { SmallWorld } from "#test/support/small-world.ts";

const policy = {
  settle: "5s",
  warmUp: "0s",
  horizon: "1h",
  steps: [{ weight: 50, dwell: "1h" }],
  metrics: [{ kind: "gauge", name: "processor" }],
};

interface Played {
  readonly world: SmallWorld;
  readonly id: string;
}

/** Both versions serve for a stretch; the canary's processor time differs by a factor. */
function played(factor: number | null, minutes: number, given: Record<string, unknown> = {}): Played {
  const world = new SmallWorld({ policy: { ...policy, ...given } });
  world.arms.v1.processor = 0.4;
  world.arms.v1.instances = 6;
  world.run(600_000);
  const id = world.open("act");
  world.arms.v2.processor = factor === null ? null : 0.4 * factor;
  world.run(minutes * 60_000, () => world.ledger.openAnalyses().length === 0);
  return { world, id };
}

function findingOf({ world, id }: Played) {
  const { analysis } = world.ledger.report(id)!;
  return { verdict: analysis.verdict, finding: analysis.findings.find(({ kind }) => kind === "gauge")! };
}

describe("a gauge that a policy names", () => {
  it("rolls a canary back that takes half as much again, and says what it saw", () => {
    const { verdict, finding } = findingOf(played(1.5, 30));
    expect(verdict).toMatchObject({ word: "rollback" });
    expect(verdict.reasons[0]!.text).toMatch(
      /^processor: 0\.6\d* in 3 canary instances against 0\.(?:39|4)\d* in 6 baseline instances, 1\.5/,
    );
    expect(finding).toMatchObject({ conclusion: "worse", guarded: false });
    expect(finding.interval![0]).toBeGreaterThan(1.05);
  });

  it("leaves an equal canary alone, and shows it beside the verdict", () => {
    const { verdict, finding } = findingOf(played(1, 20));
    expect(verdict.word).not.toBe("rollback");
    expect(finding.conclusion).toBe("open");
    expect(finding.effect).toBeCloseTo(1, 1);
  });

  it("that falls is harm where the policy says that lower is worse", () => {
    const lower = { metrics: [{ kind: "gauge", name: "processor", worse: "lower" }] };
    expect(findingOf(played(0.6, 30, lower)).verdict.word).toBe("rollback");
    expect(findingOf(played(0.6, 20)).verdict.word).not.toBe("rollback");
  });

  it("is unknown, and never a pass, where the canary does not send it", () => {
    const { verdict, finding } = findingOf(played(null, 10));
    expect(verdict.word).not.toBe("promote");
    expect(finding).toMatchObject({ conclusion: "unknown" });
    expect(finding.why).toContain("no minute in which both versions sent a value above zero");
  });

  it("is judged the same after a restart in the middle", () => {
    const whole = played(1.2, 15);
    const broken = new SmallWorld({ policy });
    broken.arms.v1.processor = 0.4;
    broken.arms.v1.instances = 6;
    broken.run(600_000);
    const id = broken.open("act");
    broken.arms.v2.processor = 0.4 * 1.2;
    broken.run(7 * 60_000);
    broken.restart();
    broken.run(8 * 60_000, () => broken.ledger.openAnalyses().length === 0);
    expect(findingOf({ world: broken, id }).finding).toEqual(findingOf(whole).finding);
  });
});
