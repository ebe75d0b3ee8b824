import type { Histogram } from "#model/histogram.ts";
import {
  foldDuration,
  openDuration,
  type DurationPlan,
  type DurationTile,
} from "#analyzers/metrics/duration.ts";
import { emptyShare, foldShare, type ShareTile } from "#analyzers/metrics/share.ts";
import { seededRandom, type Random } from "#test/support/random.ts";

/** What one bucket of evidence may cost (microseconds). */
const goals = { share: 1, duration: 20 };
const tiles = 720;
const rounds = 40;

const plan: DurationPlan = {
  alpha: 0.01,
  beta: 0.05,
  weight: 0.25,
  attemptFactor: 1,
  tolerance: 1.03,
  margin: 1.2,
  atMost: 1.5,
  quantiles: [0.5, 0.95],
  tau0: 0.06,
  tauDegrees: 10,
  guarded: true,
};

function durations(random: Random, requests: number): Histogram {
  const counts = new Map<number, number>();
  for (let i = 0; i < requests; i += 1) {
    const index = Math.floor((Math.log(0.08) + 0.5 * random.normal()) / (Math.LN2 / 16));
    counts.set(index, (counts.get(index) ?? 0) + 1);
  }
  const offset = Math.min(...counts.keys());
  const length = Math.max(...counts.keys()) - offset + 1;
  return {
    layout: "exponential",
    unit: "s",
    scale: 4,
    zeroCount: 0,
    offset,
    counts: Array.from({ length }, (_, i) => counts.get(offset + i) ?? 0),
    sum: 0,
  };
}

function durationTiles(
  random: Random,
  instances: readonly [canary: number, baseline: number],
): DurationTile[] {
  const arm = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      instanceId: from + i,
      histogram: durations(random, 100),
    }));
  const [canary, baseline] = instances;
  return Array.from({ length: tiles }, (_, at) => ({
    at,
    canary: arm(0, canary),
    baseline: arm(canary, canary + baseline),
  }));
}

function shareTiles(random: Random): ShareTile[] {
  const arm = (instanceId: number, n: number) => [{ instanceId, n, x: random.binomial(n, 0.01) }];
  return Array.from({ length: tiles }, (_, at) => ({ at, canary: arm(0, 50), baseline: arm(1, 950) }));
}

interface Cost {
  readonly median: number;
  readonly least: number;
}

/** Microseconds of processor time of one fold, garbage included: over rounds of all tiles. The least is free of neighbours. */
function costOf<State, Tile>(
  start: State,
  folded: readonly Tile[],
  fold: (state: State, tile: Tile) => State,
): Cost {
  const costs = Array.from({ length: rounds }, () => {
    const from = process.cpuUsage();
    folded.reduce(fold, start);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / folded.length;
  }).sort((a, b) => a - b);
  return { median: costs[rounds >> 1] ?? NaN, least: costs[0] ?? NaN };
}

/** Prints what one bucket of evidence costs, beside its goal. */
export function evidenceBench(): Promise<void> {
  const random = seededRandom(20260801);
  const row = (name: string, { median, least }: Cost, goal: number): void => {
    const us = (value: number): string => `${value.toFixed(2).padStart(7)} us`;
    console.log(`${name.padEnd(44)} median ${us(median)}   least ${us(least)}   goal ${goal} us`);
  };
  row("share, 1 instance an arm", costOf(emptyShare(), shareTiles(random), foldShare), goals.share);
  for (const instances of [
    [1, 1],
    [3, 6],
  ] as const) {
    const opened = openDuration(durations(random, 2000), plan);
    if (!opened.ok) throw new Error(opened.error.message);
    const cost = costOf(opened.value, durationTiles(random, instances), foldDuration);
    row(`duration, ${instances.join(" v ")} instances of 100 requests`, cost, goals.duration);
  }
  return Promise.resolve();
}
