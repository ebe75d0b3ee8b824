import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  concludeKpi,
  emptyKpi,
  foldKpi,
  kpiBucketsKept,
  type KpiBucket,
  type KpiPlan,
} from "#analyzers/kpi/kpi.ts";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import { seededRandom } from "#test/support/random.ts";

const plan: KpiPlan = {
  alphaUsed: 0.01,
  alpha: 0.01,
  beta: 0.05,
  tolerance: 1,
  margin: 0.9,
  priorShare: 0.3,
  priorUsers: 50,
  tau: 0,
  tauDegrees: 10,
};
const spread: KpiPlan = { ...plan, tau: 0.02 };

function drawn(seed: number, canary: number, baseline: number, count = 40): KpiBucket[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, at) => ({
    at,
    canaryN: 60,
    canaryX: random.binomial(60, canary),
    baselineN: 240,
    baselineX: random.binomial(240, baseline),
  }));
}

const folded = (buckets: readonly KpiBucket[]) => buckets.reduce(foldKpi, emptyKpi());

/** Of 200 runs, how many ever reach a bound on one of the logs, looked at every fourth bucket. */
function reached(
  shares: readonly [number, number],
  which: KpiPlan,
  log: "logHarm" | "logSafe",
  rate: number,
) {
  let seen = 0;
  for (let run = 0; run < 200; run += 1) {
    const buckets = drawn(500 + run, ...shares);
    for (let looked = 4; looked <= buckets.length; looked += 4)
      if ((concludeKpi(folded(buckets.slice(0, looked)), which)[log] ?? 0) >= Math.log(1 / rate)) {
        seen += 1;
        break;
      }
  }
  return { seen, byChance: binomialAtLeast(seen, 200, rate) > 1e-3 };
}

describe.each([
  ["exact", plan],
  ["with a spread between deployments", spread],
] as const)("a share of which more is better (%s)", (_, which) => {
  it("that is equal is called worse no more often than alpha allows, at whatever look", () => {
    expect(reached([0.3, 0.3], which, "logHarm", plan.alphaUsed).byChance).toBe(true);
  });

  it("at its margin is proven safe no more often than beta allows, at whatever look", () => {
    expect(reached([0.27, 0.3], which, "logSafe", plan.beta).byChance).toBe(true);
  });

  it("that is lower by a third is found; one that is equal is proven safe", () => {
    expect(reached([0.2, 0.3], which, "logHarm", plan.alphaUsed).seen).toBeGreaterThan(190);
    expect(reached([0.2, 0.3], which, "logSafe", plan.beta).seen).toBe(0);
    const long = concludeKpi(folded(drawn(3, 0.3, 0.3, 200)), which);
    expect(long.logSafe).toBeGreaterThan(Math.log(1 / plan.beta));
  });
});

describe("a share of which more is better", () => {
  it("is the same in any order of buckets, and adds up what comes under one number", () => {
    const buckets = drawn(1, 0.3, 0.3, 10);
    fc.assert(
      fc.property(fc.shuffledSubarray(buckets, { minLength: 10 }), (shuffled) => {
        expect(folded(shuffled)).toEqual(folded(buckets));
      }),
      { numRuns: 20 },
    );
    const twice = folded([buckets[0]!, buckets[0]!]).buckets;
    expect(twice).toEqual([
      {
        ...buckets[0]!,
        canaryN: 120,
        baselineN: 480,
        canaryX: buckets[0]!.canaryX * 2,
        baselineX: buckets[0]!.baselineX * 2,
      },
    ]);
  });

  it("keeps counts beyond the last bucket in the newest one", () => {
    const full = folded(
      Array.from({ length: kpiBucketsKept + 2 }, (_, at) => ({ ...drawn(1, 0.3, 0.3, 1)[0]!, at })),
    );
    expect(full.buckets.length).toBe(kpiBucketsKept);
    expect(full.buckets.reduce((sum, { canaryN }) => sum + canaryN, 0)).toBe(60 * (kpiBucketsKept + 2));
  });

  it("has an interval around its effect, and none without users", () => {
    const { effect, interval } = concludeKpi(folded(drawn(2, 0.24, 0.3, 200)), spread);
    expect(interval![0]).toBeLessThan(effect!);
    expect(interval![1]).toBeGreaterThan(effect!);
    expect(concludeKpi(emptyKpi(), spread)).toMatchObject({
      logHarm: 0,
      logSafe: 0,
      effect: null,
      interval: null,
    });
    expect(concludeKpi(emptyKpi(), plan)).toMatchObject({ effect: null, canaryShare: null });
  });
});
