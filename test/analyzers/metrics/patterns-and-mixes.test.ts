import { describe, expect, it } from "vitest";
import {
  categoriesKept,
  concludeMix,
  emptyMix,
  foldMix,
  otherCategory,
} from "#analyzers/metrics/category-mix.ts";
import { emptyPattern, foldPattern, patternLogE, type PatternPlan } from "#analyzers/metrics/new-pattern.ts";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import type { RateBucket } from "#analyzers/stats/rate-likelihood.ts";
import { seededRandom } from "#test/support/random.ts";

const plan: PatternPlan = { alphaUsed: 0.001, tolerance: 1, tau: 0.05, degrees: Infinity, phi: 1 };

function pattern(...buckets: RateBucket[]) {
  return buckets.reduce(foldPattern, emptyPattern());
}

const hits = (canaryX: number, baselineX: number): RateBucket => ({
  canaryN: 100,
  canaryX,
  baselineN: 9900,
  baselineX,
});

describe("a new pattern", () => {
  it("that only a canary with 1 % of the traffic shows gives about 0.5 * 100^k, less what instances explain", () => {
    const logE = patternLogE(pattern(hits(2, 0)), plan);
    expect(logE).toBeLessThan(Math.log(0.5 * 100 ** 2) + 0.7);
    expect(logE).toBeGreaterThan(Math.log(0.5 * 100 ** 2) - 0.7);
  });

  it("that the baseline has once too is judged as any ratio", () => {
    expect(patternLogE(pattern(hits(2, 0), hits(0, 1)), plan)).toBeLessThan(Math.log(1000));
    expect(patternLogE(pattern(hits(0, 40)), plan)).toBeLessThan(0);
    expect(patternLogE(emptyPattern(), plan)).toBe(0);
  });

  it("weighs less where hits come in bursts, and where instances differ more", () => {
    const seen = pattern(hits(4, 0));
    expect(patternLogE(seen, { ...plan, phi: 2 })).toBeLessThan(patternLogE(seen, plan));
    expect(patternLogE(seen, { ...plan, tau: 0.8, degrees: 10 })).toBeLessThan(patternLogE(seen, plan));
  });

  it("has an expectation of at most 1 where both arms have the same rate", () => {
    // Given k hits the canary's number is binomial with its share of the traffic.
    for (const [share, k] of [
      [0.01, 3],
      [0.3, 8],
      [0.5, 12],
    ] as const) {
      let sum = 0;
      for (let x = 0; x <= k; x += 1) {
        const atLeast = (n: number): number => binomialAtLeast(n, k, share);
        const bucket = { canaryN: 1000 * share, canaryX: x, baselineN: 1000 * (1 - share), baselineX: k - x };
        sum += (atLeast(x) - atLeast(x + 1)) * Math.exp(patternLogE(pattern(bucket), plan));
      }
      expect(sum).toBeLessThanOrEqual(1);
    }
  });
});

const mixPlan = { alphaUsed: 0.01, tau: 0.05, degrees: Infinity };

function drawnMix(seed: number, canaryShares: readonly number[], buckets = 40) {
  const random = seededRandom(seed);
  const names = ["200", "404", "503"];
  const counts = (n: number, shares: readonly number[]) => {
    const all = new Map<string, number>();
    for (let i = 0; i < n; i += 1) {
      let at = random.next();
      const name = names.find((_, k) => (at -= shares[k]!) < 0) ?? "200";
      all.set(name, (all.get(name) ?? 0) + 1);
    }
    return all;
  };
  return Array.from({ length: buckets }, () => ({
    canary: counts(50, canaryShares),
    baseline: counts(150, [0.9, 0.08, 0.02]),
  }));
}

describe("a mix of categories", () => {
  it("that is the same is called different no more often than alpha allows, at whatever look", () => {
    let seen = 0;
    for (let run = 0; run < 100; run += 1) {
      let evidence = emptyMix();
      for (const bucket of drawnMix(run, [0.9, 0.08, 0.02], 30)) {
        evidence = foldMix(evidence, bucket);
        if (concludeMix(evidence, mixPlan).logE >= Math.log(100)) {
          seen += 1;
          break;
        }
      }
    }
    expect(binomialAtLeast(seen, 100, 0.01)).toBeGreaterThan(1e-3);
  });

  it("in which two kinds of errors changed places at the same rate is found, and both are named", () => {
    const evidence = drawnMix(7, [0.9, 0.02, 0.08], 60).reduce(foldMix, emptyMix());
    const { logE, categories } = concludeMix(evidence, mixPlan);
    expect(logE).toBeGreaterThan(Math.log(1000));
    expect(categories.get("503")).toBeGreaterThan(Math.log(100));
    expect(categories.get("404")).toBeGreaterThan(Math.log(100));
    expect(categories.get("200")).toBeLessThan(0);
  });

  it("of more categories than are kept counts the rest together", () => {
    const many = new Map(Array.from({ length: categoriesKept + 5 }, (_, i) => [`c${100 + i}`, 1]));
    const { categories } = foldMix(emptyMix(), { canary: many, baseline: many });
    expect(categories.size).toBe(categoriesKept + 1);
    expect(categories.has(otherCategory)).toBe(true);
    expect(foldMix(emptyMix(), { canary: many, baseline: new Map() }).categories.size).toBe(0);
    expect(concludeMix(emptyMix(), mixPlan).logE).toBe(0);
  });
});
