import { describe, expect, it } from "vitest";
import type { Histogram } from "#model/histogram.ts";
import {
  concludeDuration,
  foldDuration,
  openDuration,
  type DurationEvidence,
  type DurationPlan,
  type DurationTile,
} from "#analyzers/metrics/duration.ts";
import { binomialAtLeast } from "#analyzers/stats/incomplete-beta.ts";
import { normalCdf } from "#analyzers/stats/normal.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

const plan: DurationPlan = {
  alpha: 0.01,
  beta: 0.05,
  weight: 1,
  attemptFactor: 1,
  tolerance: 1.03,
  margin: 1.2,
  atMost: 1.5,
  quantiles: [0.5, 0.95],
  tau0: 0.06,
  tauDegrees: 10,
  guarded: true,
};
const harmNeeded = Math.log(1 / (0.65 * plan.alpha * plan.weight));
const safeNeeded = Math.log(1 / plan.beta);
const defaultBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const layouts = ["exponential", "explicit"] as const;
type Layout = (typeof layouts)[number];

const fineFirst = -160;
const fineEdges = Array.from({ length: 220 }, (_, i) => 2 ** ((fineFirst + i + 1) / 16));

/** Requests with lognormal durations around a median of `median` seconds, as a sender would report them. */
function durations(random: Random, layout: Layout, n: number, median: number): Histogram {
  const edges = layout === "explicit" ? defaultBounds : fineEdges;
  let left = n;
  let below = 0;
  const counts = [...edges, Infinity].map((edge) => {
    const upTo = edge === Infinity ? 1 : normalCdf(Math.log(edge / median) / 0.5);
    const share = Math.min(1, (upTo - below) / Math.max(1e-12, 1 - below));
    const count = left === 0 ? 0 : share >= 1 ? left : random.binomial(left, share);
    left -= count;
    below = upTo;
    return count;
  });
  if (layout === "explicit") return { layout, unit: "s", bounds: defaultBounds, counts, sum: 0 };
  const first = counts.findIndex((count) => count > 0);
  const end = counts.findLastIndex((count) => count > 0) + 1;
  const offset = fineFirst + first;
  return { layout, unit: "s", scale: 4, zeroCount: 0, offset, counts: counts.slice(first, end), sum: 0 };
}

interface Scene {
  readonly layout: Layout;
  readonly slower: number;
  /** Spread of ln speed between instances. */
  readonly tau: number;
}

function scenario(random: Random, { layout, slower, tau }: Scene, tileCount: number) {
  const median = 0.08;
  const speeds = Array.from({ length: 9 }, () => Math.exp(tau * random.normal()));
  const arm = (from: number, to: number, n: number, factor: number) =>
    speeds.slice(from, to).map((speed, i) => ({
      instanceId: from + i,
      histogram: durations(random, layout, n, median * speed * factor),
    }));
  const opened = openDuration(durations(random, layout, 1000, median), plan);
  if (!opened.ok) throw new Error(opened.error.message);
  const tiles: DurationTile[] = Array.from({ length: tileCount }, (_, at) => ({
    at,
    canary: arm(0, 3, 100, slower),
    baseline: arm(3, 9, 100, 1),
  }));
  return { opened: opened.value, tiles };
}

function run(random: Random, scene: Scene, tileCount: number): { harm: boolean; safe: boolean } {
  const { opened, tiles } = scenario(random, scene, tileCount);
  let evidence: DurationEvidence = opened;
  let harm = false;
  let safe = false;
  tiles.forEach((tile, i) => {
    evidence = foldDuration(evidence, tile);
    if (i % 5 !== 4) return;
    const conclusion = concludeDuration(evidence, null, plan);
    harm ||= conclusion.logHarm >= harmNeeded;
    safe ||= (conclusion.logSafe ?? 0) >= safeNeeded;
  });
  return { harm, safe };
}

function rates(seed: number, scene: Scene, runs: number): { harm: number; safe: number } {
  const random = seededRandom(seed);
  let harm = 0;
  let safe = 0;
  for (let i = 0; i < runs; i += 1) {
    const result = run(random, scene, 40);
    if (result.harm) harm += 1;
    if (result.safe) safe += 1;
  }
  return { harm, safe };
}

function within(hits: number, runs: number, rate: number): boolean {
  return hits === 0 || binomialAtLeast(hits, runs, rate) > 1e-4;
}

describe.each(layouts)("durations in %s buckets", (layout) => {
  it("the order of tiles changes nothing beyond 1e-9", () => {
    const { opened, tiles } = scenario(seededRandom(5), { layout, slower: 1.1, tau: 0.06 }, 12);
    const a = concludeDuration(tiles.reduce(foldDuration, opened), null, plan);
    const b = concludeDuration(tiles.toReversed().reduce(foldDuration, opened), null, plan);
    expect(b.logHarm).toBeCloseTo(a.logHarm, 9);
    expect(b.logSafe ?? 0).toBeCloseTo(a.logSafe ?? 0, 9);
    expect(b.canary).toEqual(a.canary);
  });

  it("evidence read back from JSON concludes the same", () => {
    const { opened, tiles } = scenario(seededRandom(6), { layout, slower: 1.1, tau: 0.06 }, 6);
    const evidence = tiles.reduce(foldDuration, opened);
    const again = JSON.parse(JSON.stringify(evidence)) as DurationEvidence;
    expect(concludeDuration(again, null, plan)).toEqual(concludeDuration(evidence, null, plan));
  });

  it("a tile of another layout is counted as unusable and changes nothing else", () => {
    const { opened } = scenario(seededRandom(7), { layout, slower: 1, tau: 0 }, 0);
    const other = layout === "explicit" ? "exponential" : "explicit";
    const stranger = { instanceId: 1, histogram: durations(seededRandom(8), other, 50, 0.08) };
    const after = foldDuration(opened, { at: 0, canary: [stranger], baseline: [stranger] });
    expect(after).toEqual({ ...opened, tilesUnusable: 1 });
  });

  it("healthy instances that differ by 6 % are called worse no more often than alpha allows", () => {
    expect(within(rates(21, { layout, slower: 1, tau: 0.06 }, 120).harm, 120, 0.0065)).toBe(true);
  });

  it("40 % slower at the median is found and never proven safe", () => {
    const { harm, safe } = rates(22, { layout, slower: 1.4, tau: 0.02 }, 25);
    expect([harm >= 23, safe]).toEqual([true, 0]);
  });

  it("2 % slower is not harm, and mostly proven safe", () => {
    const { harm, safe } = rates(23, { layout, slower: 1.02, tau: 0.02 }, 25);
    expect([harm, safe >= 20]).toEqual([0, true]);
  });
});

describe("openDuration", () => {
  it("too few requests are refused with what is needed", () => {
    const opened = openDuration(durations(seededRandom(1), "exponential", 99, 0.08), plan);
    expect(opened).toMatchObject({ ok: false, error: { tag: "tooFew" } });
  });

  it("bounds that do not split the requests are refused as too coarse", () => {
    const frozen: Histogram = { layout: "explicit", unit: "s", bounds: [10], counts: [500, 0], sum: 5 };
    expect(openDuration(frozen, plan)).toMatchObject({ ok: false, error: { tag: "tooCoarse" } });
  });
});
