import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { emptyGauge, foldGauge, gaugeBlocksKept, type GaugeBlock } from "#analyzers/gauges/gauge-blocks.ts";
import { concludeGauge, concludeLeak, type GaugePlan } from "#analyzers/gauges/gauge.ts";
import { longRunVariance } from "#analyzers/gauges/gauge-noise.ts";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

const plan: GaugePlan = {
  alphaUsed: 0.01,
  alpha: 0.01,
  beta: 0.05,
  worse: "higher",
  tolerance: Math.log(1.05),
  margin: Math.log(1.15),
  tau0: 0.04,
  tauDegrees: 10,
};
const leak: GaugePlan = { ...plan, tolerance: 0.03, margin: 0.3, tau0: 0.03 };
const harmNeeded = Math.log(1 / plan.alphaUsed);

interface Scene {
  readonly canary: number;
  readonly baseline: number;
  readonly blocks: number;
  /** ln of the canary's level over the baseline's, and its growth per block. */
  readonly higher: number;
  readonly growth: number;
  /** Spread of the log level between instances. */
  readonly tau: number;
}

const usual: Scene = { canary: 3, baseline: 6, blocks: 60, higher: 0, growth: 0, tau: 0.04 };

/** log processor time: a shared AR(1), instances that differ, and noise with memory 0.8 a minute. */
function scene(random: Random, { canary, baseline, blocks, higher, growth, tau }: Scene): GaugeBlock[] {
  const count = canary + baseline;
  const levels = Array.from({ length: count }, () => tau * random.normal());
  const noise = levels.map(() => 0.06 * random.normal());
  let load = 0;
  return Array.from({ length: blocks }, (_, at) => {
    load = 0.95 * load + 0.05 * random.normal();
    const point = (i: number) => {
      noise[i] = 0.8 * noise[i]! + 0.06 * 0.6 * random.normal();
      const own = i < canary ? higher + growth * at : 0;
      return { instanceId: i, value: load + levels[i]! + noise[i] + own };
    };
    const all = levels.map((__, i) => point(i));
    return { at, canary: all.slice(0, canary), baseline: all.slice(canary) };
  });
}

function folded(blocks: readonly GaugeBlock[]) {
  return blocks.reduce(foldGauge, emptyGauge());
}

/** Runs that ever reach the evidence for harm, looked at every fifth block. */
function alarms(runs: number, drawn: Scene, conclude: (blocks: readonly GaugeBlock[]) => number): number {
  let seen = 0;
  for (let run = 0; run < runs; run += 1) {
    const blocks = scene(seededRandom(9000 + run), drawn);
    for (let looked = 5; looked <= blocks.length; looked += 5)
      if (conclude(blocks.slice(0, looked)) >= harmNeeded) {
        seen += 1;
        break;
      }
  }
  return seen;
}

const level = (blocks: readonly GaugeBlock[]): number => concludeGauge(folded(blocks), plan).logHarm;
const growth = (blocks: readonly GaugeBlock[]): number => concludeLeak(folded(blocks), leak, 60).logHarm;
const runs = 120;

/** True where so many alarms would be chance at the promised rate (once in a thousand). */
function withinChance(seen: number): boolean {
  return binomialAtLeast(seen, runs, plan.alphaUsed) > 1e-3;
}

describe("a gauge", () => {
  it("of healthy instances is called worse no more often than alpha allows, at whatever look", () => {
    expect(withinChance(alarms(runs, { ...usual, higher: plan.tolerance }, level))).toBe(true);
    expect(withinChance(alarms(runs, { ...usual, canary: 1, baseline: 3 }, level))).toBe(true);
  });

  it("of instances that differ five times as much as stated is not (the check can fail)", () => {
    expect(withinChance(alarms(runs, { ...usual, tau: 0.2 }, level))).toBe(false);
  });

  it("of growth is called a leak no more often than alpha allows", () => {
    expect(withinChance(alarms(runs, usual, growth))).toBe(true);
  });

  it("half as high again is found, and never proven safe", () => {
    const said = concludeGauge(folded(scene(seededRandom(5), { ...usual, higher: 0.4 })), plan);
    expect(said.logHarm).toBeGreaterThan(harmNeeded);
    expect(said.logSafe).toBeLessThan(0);
    expect(said.effect).toBeGreaterThan(0.3);
    expect(said.interval![0]).toBeGreaterThan(0);
  });

  it("of many equal instances is proven safe", () => {
    const said = concludeGauge(
      folded(scene(seededRandom(6), { ...usual, canary: 10, baseline: 10, tau: 0.01 })),
      { ...plan, tau0: 0.02 },
    );
    expect(said.logSafe).toBeGreaterThan(Math.log(1 / plan.beta));
    expect(said.logHarm).toBeLessThan(0);
  });

  it("that falls is worse where lower is worse", () => {
    const blocks = folded(scene(seededRandom(7), { ...usual, higher: -0.4 }));
    const said = concludeGauge(blocks, { ...plan, worse: "lower" });
    expect(said.logHarm).toBeGreaterThan(harmNeeded);
    expect(said.effect).toBeLessThan(-0.3);
    expect(said.interval![1]).toBeLessThan(0);
  });

  it("that leaks 1 % a minute is found while its level is not yet", () => {
    const blocks = folded(scene(seededRandom(8), { ...usual, growth: 0.01, tau: 0.01 }));
    const said = concludeLeak(blocks, leak, 60);
    expect(said.logHarm).toBeGreaterThan(harmNeeded);
    expect(said.effect).toBeCloseTo(0.6, 0);
  });

  it("says nothing before there are enough blocks", () => {
    const said = concludeGauge(folded(scene(seededRandom(1), { ...usual, blocks: 4, higher: 1 })), plan);
    expect(said).toMatchObject({ logHarm: 0, logSafe: 0, interval: null, effect: null });
    expect(concludeGauge(emptyGauge(), plan).logHarm).toBe(0);
    expect(concludeLeak(emptyGauge(), leak, 60).logHarm).toBe(0);
  });

  it("gives the same in any order of blocks", () => {
    const blocks = scene(seededRandom(2), { ...usual, blocks: 12 });
    fc.assert(
      fc.property(fc.shuffledSubarray(blocks, { minLength: 12 }), (shuffled) => {
        expect(folded(shuffled)).toEqual(folded(blocks));
      }),
      { numRuns: 20 },
    );
  });

  it("leaves out points that are no number, and counts blocks that it cannot use", () => {
    const point = (instanceId: number, value: number) => ({ instanceId, value });
    const some = folded([
      { at: 0, canary: [point(1, 1), point(2, -Infinity)], baseline: [point(3, 1)] },
      { at: 1, canary: [point(1, NaN)], baseline: [point(3, 1)] },
      { at: 0, canary: [point(1, 5)], baseline: [point(3, 1)] },
    ]);
    expect(some.blocks).toEqual([{ at: 0, canary: [point(1, 1)], baseline: [point(3, 1)] }]);
    expect(some.blocksSkipped).toBe(2);
    const full = folded(
      Array.from({ length: gaugeBlocksKept + 3 }, (_, at) => ({
        at,
        canary: [point(1, 1)],
        baseline: [point(2, 1)],
      })),
    );
    expect([full.blocks.length, full.blocksBeyond]).toEqual([gaugeBlocksKept, 3]);
  });

  it("has the noise that it was made with, memory included", () => {
    // AR(1): 0.06^2 (1 + 0.8) / (1 - 0.8) = 0.0324, times the safety factor 1.3.
    const noise = longRunVariance(scene(seededRandom(3), { ...usual, blocks: 2000 }), false)!;
    expect(noise / (0.0324 * 1.3)).toBeGreaterThan(0.8);
    expect(noise / (0.0324 * 1.3)).toBeLessThan(1.3);
    const alone = longRunVariance(
      scene(seededRandom(3), { ...usual, canary: 1, baseline: 1, blocks: 2000 }),
      false,
    )!;
    expect(alone / noise).toBeGreaterThan(0.7);
    expect(alone / noise).toBeLessThan(1.5);
  });
});
