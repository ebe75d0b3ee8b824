import { emptyShare, foldShare, concludeShare, type ShareTile } from "#analyzers/metrics/share.ts";
import {
  concludeDuration,
  foldDuration,
  openDuration,
  type DurationTile,
} from "#analyzers/metrics/duration.ts";
import type { Histogram } from "#model/histogram.ts";
import { believedChance } from "#engine/chance.ts";
import { durationPlan, sharePlan } from "#engine/fold.ts";
import type { Signal } from "#engine/signal.ts";
import { chanceOf, poisson } from "./chance.ts";
import { playHaldane, policyOf } from "./haldane.ts";
import { plainOperation, steadyWorld, type World } from "./scenario.ts";
import { drawStream } from "./stream.ts";

/** What one piece of work took, or one state weighs. */
export interface CostReading {
  readonly what: string;
  readonly amount: number;
  readonly unit: "µs" | "bytes";
  /** The goal; null for none. */
  readonly most: number | null;
}

const errors: Signal = {
  id: "errors",
  kind: "errors",
  operation: "",
  metric: "",
  guarded: true,
  weight: 0.25,
};
const latency: Signal = { ...errors, id: "latency", kind: "latency" };

/** Processor time of one call, the median of rounds. */
function microsOf(rounds: number, calls: number, work: (call: number) => void): number {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = process.cpuUsage();
    for (let call = 0; call < calls; call += 1) work(call);
    const { user, system } = process.cpuUsage(started);
    took.push((user + system) / calls);
  }
  return took.sort((a, b) => a - b)[rounds >> 1]!;
}

function bytesOf(evidence: unknown): number {
  return Buffer.byteLength(JSON.stringify(evidence));
}

function shareCosts(): readonly CostReading[] {
  const random = chanceOf(900, 0);
  const tiles = Array.from({ length: 720 }, (_, at): ShareTile => {
    const arm = (instanceId: number, n: number) => [{ instanceId, n, x: poisson(random, n * 0.005) }];
    return { at, canary: arm(1, 100), baseline: arm(2, 400) };
  });
  const plan = sharePlan(errors, policyOf({}), 1, believedChance(policyOf({}).errors.spread));
  let evidence = emptyShare();
  const fold = microsOf(9, 2160, (call) => {
    evidence = foldShare(call % 720 === 0 ? emptyShare() : evidence, tiles[call % 720]!);
  });
  const conclude = microsOf(9, 300, () => {
    concludeShare(evidence, null, plan);
  });
  return [
    { what: "a bucket of errors folded", amount: fold, unit: "µs", most: 1 },
    { what: "a conclusion on errors", amount: conclude, unit: "µs", most: null },
    { what: "the evidence on errors as stored", amount: bytesOf(evidence), unit: "bytes", most: 2048 },
  ];
}

function durationCosts(): readonly CostReading[] {
  const world: World = { ...steadyWorld, split: () => 0.2, instances: { canary: 1, baseline: 1 } };
  const { rows } = drawStream(world, chanceOf(901, 0), 600);
  const histograms = (side: "canary" | "baseline"): Histogram[] =>
    rows[side]
      .flat()
      .flatMap(({ sample }) =>
        sample.kind === "requests" && sample.duration !== null ? [sample.duration] : [],
      );
  const [canary, baseline] = [histograms("canary"), histograms("baseline")];
  const tiles = canary.map((histogram, i): DurationTile => ({
    at: i,
    canary: [{ instanceId: 1, histogram }],
    baseline: [{ instanceId: 2, histogram: baseline[60 + i]! }],
  }));
  const plan = durationPlan(latency, policyOf({}), 1, believedChance(policyOf({}).latency.spread));
  const opened = openDuration(baseline[0]!, plan);
  if (!opened.ok) throw new Error(opened.error.message);
  let evidence = opened.value;
  const fold = microsOf(9, 240, (call) => {
    evidence = foldDuration(evidence, tiles[call % tiles.length]!);
  });
  const conclude = microsOf(9, 120, () => {
    concludeDuration(evidence, null, plan);
  });
  return [
    { what: "a bucket of durations folded", amount: fold, unit: "µs", most: 20 },
    { what: "a conclusion on durations", amount: conclude, unit: "µs", most: null },
    { what: "the evidence on durations as stored", amount: bytesOf(evidence), unit: "bytes", most: 8192 },
  ];
}

/** Two signals each; a look works on one signal after the other, so ten times as many take ten times as long. */
const operations = 500;
const times = 10;

function manySignals(): CostReading {
  const world: World = {
    ...steadyWorld,
    rps: () => operations,
    split: () => 0.5,
    instances: { canary: 1, baseline: 1 },
    operations: Array.from({ length: operations }, (_, i) => ({
      ...plainOperation,
      name: `GET /${i}`,
      traffic: { canary: 1 / operations, baseline: 1 / operations },
    })),
  };
  const took: number[] = [];
  const stream = drawStream(world, chanceOf(902, 0), 120);
  playHaldane(stream, policyOf({ minimum: "60m" }), {
    signalCap: 10_000,
    untilSecond: 120,
    onLook: (tookMs) => took.push(tookMs),
  });
  const slowest = took.slice(2).sort((a, b) => a - b);
  return {
    what: "a look at 10,000 signals: ten times the slowest of ten at 1,000",
    amount: (slowest[slowest.length - 1] ?? Number.NaN) * 1000 * times,
    unit: "µs",
    most: 10_000,
  };
}

/** What folding, concluding and looking cost on this machine. */
export function costs(): readonly CostReading[] {
  const share = shareCosts();
  const fold = share[0]!.amount;
  return [
    ...share,
    ...durationCosts(),
    manySignals(),
    {
      what: "100,000 error signals folded, of every five seconds",
      amount: fold * 100_000,
      unit: "µs",
      most: 5_000_000,
    },
  ];
}
