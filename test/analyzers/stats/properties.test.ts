import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closedWeightedMeans } from "#analyzers/stats/closed-weighted-mean.ts";
import { concludeDifference, differenceGrid } from "#analyzers/stats/difference-evidence.ts";
import {
  betweenInstanceVariance,
  burstDispersion,
  equalExposureDispersion,
  shrunkenSpread,
} from "#analyzers/stats/dispersion.ts";
import { eBenjaminiHochberg } from "#analyzers/stats/e-benjamini-hochberg.ts";
import { gaussianEffectsLogE } from "#analyzers/stats/gaussian-effects.ts";
import { multiBinLogIncrement } from "#analyzers/stats/multi-bin.ts";
import { relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood, rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import { harmSteps, logSpaced, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { gridOfRatios, ratioSequence } from "#analyzers/stats/ratio-sequence.ts";
import { positiveStudentMixtureLogE, studentMixtureLogE } from "#analyzers/stats/student-mixture.ts";
import { studentLogDensity } from "#analyzers/stats/student-t.ts";
import { nullPoint, twoByTwoLogE } from "#analyzers/stats/two-by-two.ts";
import { referenceFunctions } from "#test/reference/functions.ts";
import { seededRandom } from "#test/support/random.ts";

const table = { logRatios: ratioGrid, ratios: ratioGrid.map(Math.exp) };
const count = fc.integer({ min: 0, max: 40 });
const bucket = fc.record({
  canaryN: fc.integer({ min: 40, max: 4000 }),
  canaryX: count,
  baselineN: fc.integer({ min: 40, max: 4000 }),
  baselineX: count,
});
const buckets = fc.array(bucket, { minLength: 1, maxLength: 8 });
type Buckets = readonly { canaryN: number; canaryX: number; baselineN: number; baselineX: number }[];

function likelihood(all: Buckets): number[] {
  const sum = ratioGrid.map(() => 0);
  for (const each of all) addRateLikelihood(sum, table, each);
  return sum;
}

function apart(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!)));
}

const theta = fc.double({ min: 1.05, max: 30, noNaN: true });

/** Instances of equal exposure. */
function alike(counts: readonly number[]) {
  return counts.map((x) => ({ n: 1, x }));
}

describe("evidence on rates", () => {
  it("is the same in any order of buckets, late ones included", () => {
    fc.assert(
      fc.property(
        buckets.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(apart(likelihood(all), likelihood(shuffled))).toBeLessThan(1e-9);
        },
      ),
    );
  });

  it("is the same when a bucket is split with its traffic split kept", () => {
    fc.assert(
      fc.property(bucket, fc.integer({ min: 2, max: 5 }), theta, (each, parts, ratio) => {
        const whole = { ...each, canaryX: each.canaryX * parts, baselineX: each.baselineX * parts };
        const joined = { ...whole, canaryN: each.canaryN * parts, baselineN: each.baselineN * parts };
        const split = Array.from({ length: parts }, () => each);
        expect(apart(likelihood([joined]), likelihood(split))).toBeLessThan(1e-9);
        const alternative = { theta: ratio, theta0: 1, slack: 1e-4 };
        const sum = split.reduce((total, part) => total + rateLogIncrement(part, alternative), 0);
        expect(Math.abs(sum - rateLogIncrement(joined, alternative))).toBeLessThan(1e-9);
      }),
    );
  });

  it("merges by addition", () => {
    fc.assert(
      fc.property(buckets, buckets, (a, b) => {
        const sum = likelihood(a).map((value, i) => value + likelihood(b)[i]!);
        expect(apart(sum, likelihood([...a, ...b]))).toBeLessThan(1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it("over a dispersion m is that of counts over m", () => {
    fc.assert(
      fc.property(bucket, theta, fc.integer({ min: 1, max: 4 }), (each, ratio, m) => {
        const alternative = { theta: ratio, theta0: 1.1, slack: 0 };
        const divided = { ...each, canaryX: each.canaryX / m, baselineX: each.baselineX / m };
        const got = rateLogIncrement(each, alternative) / m;
        expect(Math.abs(got - rateLogIncrement(divided, alternative))).toBeLessThan(1e-9);
      }),
    );
  });

  it("has intervals that grow as the promise does", () => {
    const on = gridOfRatios(ratioGrid, harmSteps);
    fc.assert(
      fc.property(buckets, (all) => {
        const relative = relativeLikelihood(likelihood(all));
        const interval = (alpha: number) =>
          ratioSequence(relative, on, { tau: 0.2, degrees: 10, alpha }) ?? [-Infinity, Infinity];
        const [wide, narrow] = [interval(0.01), interval(0.1)];
        expect(wide[0]).toBeLessThanOrEqual(narrow[0]);
        expect(wide[1]).toBeGreaterThanOrEqual(narrow[1]);
      }),
      { numRuns: 40 },
    );
  });
});

describe("evidence on bins", () => {
  it("with two bins and ratios 1 and theta is that of the rate of the upper bin", () => {
    fc.assert(
      fc.property(bucket, theta, ({ canaryN, canaryX, baselineN, baselineX }, ratio) => {
        const bins = { canary: [canaryN - canaryX, canaryX], baseline: [baselineN - baselineX, baselineX] };
        const rate = rateLogIncrement(
          { canaryN, canaryX, baselineN, baselineX },
          { theta: ratio, theta0: 1, slack: 0 },
        );
        expect(Math.abs(multiBinLogIncrement(bins, [1, ratio]) - rate)).toBeLessThan(1e-9);
      }),
    );
  });

  it("with all ratios 1 is none", () => {
    fc.assert(
      fc.property(fc.array(count, { minLength: 2, maxLength: 6 }), (bins) => {
        expect(
          multiBinLogIncrement(
            { canary: bins, baseline: bins },
            bins.map(() => 1),
          ),
        ).toBe(0);
      }),
    );
  });
});

describe("the 2x2 test", () => {
  const share = fc.double({ min: 0.02, max: 0.95, noNaN: true });
  const size = fc.integer({ min: 1, max: 8 });

  it("has an expectation of at most 1 for every share and every smaller canary", () => {
    fc.assert(
      fc.property(
        fc.tuple(size, size),
        fc.tuple(share, share),
        fc.tuple(share, fc.double({ min: 0, max: 1, noNaN: true })),
        fc.double({ min: 0.7, max: 1.4, noNaN: true }),
        ([nc, nb], [tc, tb], [pb, part], rho) => {
          const pc = Math.min(1, rho * pb) * part;
          const input = { n_c: nc, n_b: nb, theta_c: tc, theta_b: tb, rho, p_b: pb, p_c: pc };
          // The alternative lies above the null, as in use; below it the null point is no boundary.
          fc.pre(tc >= rho * tb && rho * pb <= 1);
          expect(referenceFunctions["e2_null_expectation"]!(input)).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });

  it("of arms of which one is empty is none, and without a margin the null point is the pooled share", () => {
    const pair = { canary: 0.4, baseline: 0.2, rho: 1 };
    expect(twoByTwoLogE({ canaryN: 0, canaryX: 0, baselineN: 9, baselineX: 3 }, pair)).toBe(0);
    expect(nullPoint(30, 10, pair)).toBeCloseTo(0.35, 14);
  });
});

describe("Gaussian evidence", () => {
  const steps = logSpaced(0.02, 1.5, 20);

  it("on the grid with a normal null is the closed form", () => {
    const grid = differenceGrid(0.01);
    for (const difference of [-0.3, 0, 0.1, 0.3, 0.6])
      for (const tau of [0.08, 0.15]) {
        const information = 400;
        const plan = { alphaUsed: 0.01, alpha: 0.01, beta: 0.05, tolerance: 0.02, margin: null };
        const estimate = { score: difference * information, information };
        const { logHarm } = concludeDifference(grid, estimate, { ...plan, tau, degrees: Infinity });
        const closed = gaussianEffectsLogE(
          { score: difference / (1 / information + 1e-4), information: 1 / (1 / information + 1e-4) },
          { tauSquared: tau * tau, centre: 0.02, tailShare: 0.0025, steps },
        );
        expect(Math.abs(logHarm - closed)).toBeLessThan(0.05);
      }
  });

  it("has an expectation of 1 under its own null, and less below it", () => {
    const effects = { tauSquared: 0.01, centre: 0.1, tailShare: 0.0025, steps };
    const mean = (shift: number, information: number): number => {
      const sd = Math.sqrt(effects.tauSquared + 1 / information);
      let sum = 0;
      for (let z = -30; z <= 30; z += 0.005)
        sum +=
          (0.005 / Math.sqrt(2 * Math.PI)) *
          Math.exp(
            -0.5 * z * z +
              gaussianEffectsLogE(
                { score: (effects.centre + shift + sd * z) * information, information },
                effects,
              ),
          );
      return sum;
    };
    for (const information of [30, 300]) {
      expect(mean(0, information)).toBeCloseTo(1, 4);
      expect(mean(-0.05, information)).toBeLessThan(1);
    }
  });

  it("without information is none", () => {
    const none = { score: 0, information: 0 };
    expect(gaussianEffectsLogE(none, { tauSquared: 1, centre: 0, tailShare: 0.01, steps })).toBe(0);
    const exact = { tauSquared: 0, centre: 0, tailShare: 0.01, steps };
    expect(gaussianEffectsLogE({ score: 50, information: 100 }, exact)).toBeGreaterThan(5);
  });
});

describe("the t mixture", () => {
  it("has an expectation of 1 without an effect, two-sided and for positive effects", () => {
    for (const degrees of [3, 12]) {
      const mean = (log: typeof studentMixtureLogE): number => {
        let sum = 0;
        // t = tan(angle) maps the line to a bounded stretch.
        const step = 1e-4;
        for (let angle = -Math.PI / 2 + step; angle < Math.PI / 2; angle += step) {
          const t = Math.tan(angle);
          const logE = log({ t, degrees, n: degrees + 1, prior: 1 });
          sum += step * Math.exp(studentLogDensity(t, degrees) + logE) * (1 + t * t);
        }
        return sum;
      };
      expect(mean(studentMixtureLogE)).toBeCloseTo(1, 2);
      expect(mean(positiveStudentMixtureLogE)).toBeCloseTo(1, 2);
    }
  });

  it("for positive effects rises with t, and is nearly twice the two-sided one far out", () => {
    const at = (t: number) => ({ t, degrees: 8, n: 9, prior: 1 });
    expect(positiveStudentMixtureLogE(at(-2))).toBeLessThan(positiveStudentMixtureLogE(at(1)));
    expect(positiveStudentMixtureLogE(at(9)) - studentMixtureLogE(at(9))).toBeCloseTo(Math.LN2, 3);
  });
});

describe("dispersion", () => {
  it("of Poisson counts is about 1, of bursts of three about three, with load and instances taken out", () => {
    const random = seededRandom(11);
    const drawn = (burst: number) =>
      Array.from({ length: 8 }, (_, g) =>
        Array.from({ length: 60 }, (__, t) => burst * random.poisson(((1 + g) * (5 + (t % 7))) / burst)),
      );
    expect(burstDispersion(drawn(1))).toBeLessThan(1.25);
    expect(burstDispersion(drawn(3))).toBeGreaterThan(2.6);
    expect(burstDispersion(drawn(3))).toBeLessThan(3.7);
  });

  it("without rows, columns or counts is 1, and the spread of nothing is 0", () => {
    expect([
      burstDispersion([]),
      burstDispersion([[1, 2]]),
      burstDispersion([
        [0, 0],
        [0, 0],
      ]),
    ]).toEqual([1, 1, 1]);
    expect([equalExposureDispersion([0, 0]), equalExposureDispersion([4])]).toEqual([1, 1]);
    expect([betweenInstanceVariance(alike([0, 0]), 1), betweenInstanceVariance(alike([9]), 1)]).toEqual([
      0, 0,
    ]);
  });

  it("between instances is shrunk towards what was believed, and left at it where counts are few", () => {
    const prior = { tau0: 0.25, degrees: 10 };
    expect(shrunkenSpread(alike([1, 2, 1]), 1, prior)).toEqual({ tau: 0.25, degrees: 10 });
    const seen = shrunkenSpread(alike([100, 200, 300, 100]), 1, prior);
    expect(seen.degrees).toBe(13);
    expect(seen.tau).toBeGreaterThan(0.25);
    expect(seen.tau).toBeLessThan(Math.sqrt(betweenInstanceVariance(alike([100, 200, 300, 100]), 1)));
  });
});

describe("naming culprits", () => {
  const logs = fc.array(fc.double({ min: -5, max: 12, noNaN: true }), { minLength: 1, maxLength: 12 });

  it("e-BH with equal weights is e-BH without, and names fewer at a stricter rate", () => {
    fc.assert(
      fc.property(logs, (values) => {
        const equal = values.map(() => 1 / values.length);
        const named = eBenjaminiHochberg(values, 0.1);
        expect(eBenjaminiHochberg(values, 0.1, equal)).toEqual(named);
        expect(named).toEqual(expect.arrayContaining([...eBenjaminiHochberg(values, 0.05)]));
      }),
    );
  });

  it("e-BH is not fooled by a signal of weight 0", () => {
    expect(eBenjaminiHochberg([50, 50], 0.05, [1, 0])).toEqual([0]);
    expect(eBenjaminiHochberg([], 0.05)).toEqual([]);
  });

  it("closure never raises an e-value, and with one signal leaves it", () => {
    fc.assert(
      fc.property(logs, (values) => {
        const closed = closedWeightedMeans(values.map((logE) => ({ logE, weight: 1 })));
        closed.forEach((value, i) => {
          expect(value).toBeLessThanOrEqual(values[i]! + 1e-12);
        });
      }),
    );
    expect(closedWeightedMeans([{ logE: 3, weight: 0.2 }])[0]).toBeCloseTo(3, 12);
  });
});
