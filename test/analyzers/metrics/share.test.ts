import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  concludeShare,
  emptyShare,
  foldShare,
  type ShareConclusion,
  type SharePlan,
  type ShareTile,
} from "#analyzers/metrics/share.ts";
import { logLateOnset, onsetRowsKept, rareShareFactors } from "#analyzers/stats/late-onset.ts";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

const plan: SharePlan = {
  alpha: 0.01,
  beta: 0.05,
  weight: 1,
  attemptFactor: 1,
  tolerance: 1.1,
  margin: 1.5,
  atMost: 3,
  ceiling: 0.005,
  limit: null,
  tau0: 0.25,
  tauDegrees: 10,
  phi: 1,
  guarded: true,
};
const harmNeeded = Math.log(1 / (0.65 * plan.alpha * plan.weight));
const safeNeeded = Math.log(1 / plan.beta);

/** Deployments whose instances differ by a lognormal factor of spread `tau`. */
interface Scene {
  readonly instances: readonly [canary: number, baseline: number];
  readonly requests: readonly [canary: number, baseline: number];
  readonly rate: number;
  readonly ratio: number;
  readonly tau: number;
  /** Tile at which the ratio begins; 0 without. */
  readonly onset?: number;
}

function arm(random: Random, factors: readonly number[], n: number, firstId: number): ShareTile["canary"] {
  const each = Math.round(n / factors.length);
  return factors.map((p, i) => ({ instanceId: firstId + i, n: each, x: random.poisson(each * p) }));
}

/** Runs up to `tiles` tiles, looking after each; answers the first tile that satisfied each question (-1: none). */
function run(random: Random, scene: Scene, tiles: number, using: SharePlan = plan) {
  const spread = (): number => Math.exp(scene.tau * random.normal() - scene.tau ** 2 / 2);
  const canary = Array.from({ length: scene.instances[0] }, () => scene.rate * spread());
  const baseline = Array.from({ length: scene.instances[1] }, () => scene.rate * spread());
  let evidence = emptyShare();
  const needed = harmNeeded - Math.log(using.weight);
  let harm = -1;
  let safe = -1;
  let last: ShareConclusion = concludeShare(evidence, null, using);
  for (let t = 0; t < tiles; t += 1) {
    evidence = foldShare(evidence, {
      at: t,
      canary: arm(
        random,
        t < (scene.onset ?? 0) ? canary : canary.map((p) => p * scene.ratio),
        scene.requests[0],
        1,
      ),
      baseline: arm(random, baseline, scene.requests[1], 101),
    });
    last = concludeShare(evidence, null, using);
    if (harm < 0 && last.logHarm >= needed) harm = t;
    if (safe < 0 && (last.logSafe ?? 0) >= safeNeeded) safe = t;
  }
  return { harm, safe, last };
}

/** True unless `hits` of `runs` would be a 1 in 10,000 surprise at the rate. */
function within(hits: number, runs: number, rate: number): boolean {
  return hits === 0 || binomialAtLeast(hits, runs, rate) > 1e-4;
}

const counts = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 9 }))
  .map(([instanceId, n, x]) => ({ instanceId, n, x: Math.min(n, x) }));
const tiles = fc.array(
  fc.record({
    at: fc.option(fc.nat(400), { freq: 9 }),
    canary: fc.uniqueArray(counts, { maxLength: 3, selector: (c) => c.instanceId }),
    baseline: fc.uniqueArray(counts, { maxLength: 3, selector: (c) => c.instanceId }),
  }),
  { maxLength: 12 },
);

describe("share", () => {
  it("the order of tiles changes nothing beyond 1e-9", () => {
    fc.assert(
      fc.property(tiles, fc.integer(), (given, seed) => {
        const random = seededRandom(Math.abs(seed));
        const shuffled = given
          .map((tile) => ({ tile, key: random.next() }))
          .sort((a, b) => a.key - b.key)
          .map(({ tile }) => tile);
        const a = concludeShare(given.reduce(foldShare, emptyShare()), null, plan);
        const b = concludeShare(shuffled.reduce(foldShare, emptyShare()), null, plan);
        expect(b.logHarm).toBeCloseTo(a.logHarm, 9);
        expect(b.logSafe ?? 0).toBeCloseTo(a.logSafe ?? 0, 9);
        expect(b.canary).toEqual(a.canary);
      }),
      { numRuns: 60 },
    );
  });

  it("late rows count as one more tile", () => {
    const tile = {
      at: null,
      canary: [{ instanceId: 1, n: 50, x: 4 }],
      baseline: [{ instanceId: 2, n: 90, x: 1 }],
    };
    const once = foldShare(emptyShare(), tile);
    expect(concludeShare(once, tile, plan)).toEqual(concludeShare(foldShare(once, tile), null, plan));
  });

  it("a tile with one arm only carries no evidence on the ratio but counts towards the ceiling", () => {
    const evidence = foldShare(emptyShare(), {
      at: 0,
      canary: [{ instanceId: 1, n: 900, x: 0 }],
      baseline: [],
    });
    const conclusion = concludeShare(evidence, null, plan);
    expect([evidence.tilesSkipped, conclusion.tilesUsed, conclusion.logHarm]).toEqual([1, 0, 0]);
    expect(conclusion.logSafe).toBeGreaterThanOrEqual(safeNeeded);
  });

  it("evidence survives JSON", () => {
    const { last } = run(seededRandom(3), { ...healthy, rate: 0.01 }, 5);
    expect(JSON.parse(JSON.stringify(last))).toEqual(last);
  });

  it.each([
    [1, 3, 2.7],
    [2, 3, 2.2],
    [3, 6, 1.85],
    [3, 20, 1.65],
    [10, 10, 1.45],
  ])("%i instances against %i widen the margin to about %f", (gc, gb, wanted) => {
    const each = (count: number, first: number) =>
      Array.from({ length: count }, (_, i) => ({ instanceId: first + i, n: 100, x: 0 }));
    const evidence = foldShare(emptyShare(), { at: 0, canary: each(gc, 1), baseline: each(gb, 101) });
    const { smallestProvableRatio } = concludeShare(evidence, null, plan);
    expect(Math.abs(smallestProvableRatio - wanted) / wanted).toBeLessThan(0.05);
  });

  it("about 800 canary requests without an error prove a ceiling of 0.5 %", () => {
    const safe = (n: number): number => {
      const evidence = foldShare(emptyShare(), {
        at: 0,
        canary: [{ instanceId: 1, n, x: 0 }],
        baseline: [{ instanceId: 2, n: 8000, x: 8 }],
      });
      return concludeShare(evidence, null, plan).logSafe ?? 0;
    };
    expect(safe(860)).toBeGreaterThanOrEqual(safeNeeded);
    expect(safe(700)).toBeLessThan(safeNeeded);
  });
});

const healthy: Scene = { instances: [3, 6], requests: [300, 1500], rate: 0.001, ratio: 1, tau: 0.25 };

describe("share, measured on seeded deployments", () => {
  it("healthy instances that differ by tau 0.3 are called worse no more often than alpha allows", () => {
    const random = seededRandom(11);
    let wrong = 0;
    for (let i = 0; i < 500; i += 1)
      if (run(random, { ...healthy, requests: [3000, 15000], rate: 0.01, tau: 0.3 }, 40).harm >= 0)
        wrong += 1;
    expect(within(wrong, 500, 0.0075)).toBe(true);
  });

  it("over an hour a weighted signal keeps its part of alpha", () => {
    const random = seededRandom(17);
    const weighted = { ...plan, weight: 0.3 };
    let wrong = 0;
    for (let i = 0; i < 150; i += 1)
      if (run(random, { ...healthy, requests: [500, 9500], rate: 0.01 }, 360, weighted).harm >= 0) wrong += 1;
    expect(within(wrong, 150, 0.0075 * 0.3)).toBe(true);
  });

  it("evidence since any tile without room for instances breaks its alpha (the check can fail)", () => {
    const random = seededRandom(18);
    const scene = { ...healthy, requests: [3000, 15000] as const, rate: 0.01, tau: 0.3 };
    let wrong = 0;
    for (let i = 0; i < 60; i += 1) {
      const spread = (): number => Math.exp(scene.tau * random.normal() - scene.tau ** 2 / 2);
      const canary = Array.from({ length: 3 }, () => scene.rate * spread());
      const baseline = Array.from({ length: 6 }, () => scene.rate * spread());
      const tiles = Array.from({ length: 40 }, (_, at): ShareTile => ({
        at,
        canary: arm(random, canary, 3000, 1),
        baseline: arm(random, baseline, 15000, 101),
      }));
      const { recent } = tiles.reduce(foldShare, emptyShare());
      const logE = logLateOnset(recent, { limit: plan.tolerance, phi: 1, beyond: rareShareFactors });
      if (logE >= -Math.log(0.0075)) wrong += 1;
    }
    expect(within(wrong, 60, 0.0075)).toBe(false);
  });

  it("the same deployments break a test that knows of no instances (the check can fail)", () => {
    const random = seededRandom(11);
    let wrong = 0;
    for (let i = 0; i < 100; i += 1) {
      const scene = { ...healthy, requests: [3000, 15000] as const, rate: 0.01, tau: 0.3 };
      if (run(random, scene, 40, { ...plan, tau0: 0.01, tauDegrees: Infinity }).harm >= 0) wrong += 1;
    }
    expect(within(wrong, 100, 0.0075)).toBe(false);
  });

  it("five times the errors are found and never proven safe", () => {
    const random = seededRandom(12);
    let found = 0;
    let proven = 0;
    for (let i = 0; i < 100; i += 1) {
      const result = run(random, { ...healthy, rate: 0.01, ratio: 5 }, 60);
      if (result.harm >= 0) found += 1;
      if (result.safe >= 0) proven += 1;
    }
    expect([found >= 95, proven]).toEqual([true, 0]);
  });

  it("twice the errors are proven safe no more often than beta allows", () => {
    const random = seededRandom(13);
    let proven = 0;
    for (let i = 0; i < 200; i += 1)
      if (run(random, { ...healthy, rate: 0.01, ratio: 2 }, 60).safe >= 0) proven += 1;
    expect(within(proven, 200, 0.05)).toBe(true);
  });

  it("a healthy service under the ceiling is proven", () => {
    const random = seededRandom(14);
    let proven = 0;
    for (let i = 0; i < 100; i += 1) if (run(random, healthy, 90).safe >= 0) proven += 1;
    expect(proven).toBeGreaterThanOrEqual(90);
  });

  it("the interval covers the ratio of the deployment at its last look", () => {
    const random = seededRandom(15);
    let missed = 0;
    for (let i = 0; i < 300; i += 1) {
      const { last } = run(random, { ...healthy, rate: 0.01, ratio: 2 }, 20);
      if (last.interval !== null && (last.interval[0] > 2 || last.interval[1] < 2)) missed += 1;
    }
    expect(within(missed, 300, plan.alpha)).toBe(true);
  });

  it.each([12, 60])(
    "five times the errors from tile %i on are found within seven tiles, half of the time or more",
    (onset) => {
      const random = seededRandom(16);
      const late = { ...healthy, requests: [500, 9500] as const, rate: 0.01, ratio: 5, tau: 0.2, onset };
      const weighted = { ...plan, weight: 0.3 };
      const delays = Array.from({ length: 40 }, () => {
        const { harm } = run(random, late, onset + 30, weighted);
        return harm < 0 ? Infinity : harm - onset + 1;
      }).sort((a, b) => a - b);
      expect(delays[0]).toBeGreaterThan(0);
      expect(delays[20]).toBeLessThanOrEqual(7);
    },
  );

  it("a stretch that looks worse now keeps a long healthy run from being proven safe", () => {
    const tile = (at: number, bad: number): ShareTile => ({
      at,
      canary: [1, 2, 3].map((instanceId) => ({ instanceId, n: 200, x: bad })),
      baseline: [4, 5, 6, 7, 8, 9].map((instanceId) => ({ instanceId, n: 1000, x: 10 })),
    });
    const tiles = Array.from({ length: 90 }, (_, at) => tile(at, at === 89 ? 10 : 2));
    const before = tiles.slice(0, 89).reduce(foldShare, emptyShare());
    const after = tiles.reduce(foldShare, emptyShare());
    const blind = tiles.map((one) => ({ ...one, at: null })).reduce(foldShare, emptyShare());
    expect(concludeShare(before, null, plan).logSafe).toBeGreaterThanOrEqual(safeNeeded);
    expect(concludeShare(after, null, plan).logSafe).toBe(0);
    // Without tile numbers the same counts pass: the check can fail.
    expect(concludeShare(blind, null, plan).logSafe).toBeGreaterThanOrEqual(safeNeeded);
  });

  it("rows for a late harm stay bounded, whatever the order", () => {
    const tile = (at: number): ShareTile => ({
      at,
      canary: [{ instanceId: 1, n: 50, x: at % 3 }],
      baseline: [{ instanceId: 2, n: 500, x: 1 }],
    });
    const numbers = Array.from({ length: 200 }, (_, at) => at);
    const forward = numbers.map(tile).reduce(foldShare, emptyShare());
    const backward = numbers.toReversed().map(tile).reduce(foldShare, emptyShare());
    expect(forward.recent).toHaveLength(onsetRowsKept);
    expect(backward.recent).toEqual(forward.recent);
  });
});
