import { describe, expect, test } from "vitest";
import type { LookOptions } from "#engine/ledger.ts";
import { SmallWorld } from "#test/support/small-world.ts";

/** A canary that serves well; its telemetry stops after a minute and the baseline's goes on, for five minutes. */
function afterSilence(lag: LookOptions): { readonly word: string; readonly codes: readonly string[] } {
  const world = new SmallWorld({ policy: { silence: { grace: "60s" }, minimum: "10m" } });
  world.arms.v1.share = 0.5;
  world.arms.v2.share = 0.5;
  const id = world.open("report");
  world.run(60_000);
  world.arms.v2.silent = true;
  const end = world.now + 300_000;
  while (world.now < end) {
    world.step(1, lag);
    if (world.ledger.analysis(id)?.terminal !== null) break;
  }
  const verdict = world.control.analysis(id)?.analysis.verdict;
  return { word: verdict?.word ?? "", codes: verdict?.reasons.map(({ code }) => code) ?? [] };
}

describe("telemetry from a source that lags", () => {
  test("is not there: no silence of a canary ends it, and the verdict says that the source lags", () => {
    expect(afterSilence({})).toMatchObject({ word: "rollback" });
    const lagging = afterSilence({ heldBackMs: 60_000, stale: true });
    expect(lagging.word).toBe("continue");
    expect(lagging.codes).toContain("stale");
  });

  test("holds sealing back, and never takes back what was sealed", () => {
    const world = new SmallWorld();
    world.arms.v1.share = 0.5;
    world.arms.v2.share = 0.5;
    const id = world.open("report");
    world.run(60_000);
    const seal = (): number => world.ledger.analysis(id)?.verdict.at ?? 0;
    const before = seal();
    world.step(1, { heldBackMs: 30_000 });
    expect(seal()).toBeGreaterThanOrEqual(before);
  });
});
