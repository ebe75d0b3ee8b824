import { concludeDuration, foldDuration, openDuration } from "#analyzers/metrics/duration.ts";
import type { DurationEvidence, DurationPlan } from "#analyzers/metrics/duration-plan.ts";
import { shareRatios } from "#analyzers/metrics/share-harm.ts";
import { durationPlan } from "#engine/fold.ts";
import { mergeHistograms } from "#model/merge-histogram.ts";
import type { Histogram } from "#model/histogram.ts";
import type { SampleRow } from "#model/sample.ts";
import { logRatioOf, relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood } from "#analyzers/stats/rate-likelihood.ts";
import { ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { chanceOf } from "./chance.ts";
import { playHaldane, policyOf, pollSeconds } from "./haldane.ts";
import { playRivals } from "./rivals.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioOf } from "./scenarios.ts";
import { drawStream, horizonSeconds, windows, type Stream } from "./stream.ts";

/** What a change would bring, read on the same streams. */
export interface WhatIf {
  readonly question: string;
  readonly scenario: string;
  readonly replicates: number;
  readonly rows: readonly { readonly what: string; readonly found: number; readonly ratio: number | null }[];
}

const settleSeconds = 10;

/** A reading of the evidence: the log e-value at a poll reaches what it needs. */
type Reach = (sealed: number) => boolean;

/** Canary requests in sealed windows when a reading is reached, polled every ten seconds; the whole hour where it never is. */
function requestsUntil(stream: Stream, reach: Reach): { readonly found: boolean; readonly requests: number } {
  let requests = 0;
  let counted = 0;
  for (let second = pollSeconds; second <= horizonSeconds; second += pollSeconds) {
    const sealed = Math.min(windows, (second - settleSeconds) / 5);
    for (; counted < sealed; counted += 1) requests += stream.counts.canary.n[counted]!;
    if (reach(sealed)) return { found: true, requests };
  }
  return { found: false, requests };
}

const ratioTable = { logRatios: ratioGrid, ratios: ratioGrid.map((u) => Math.exp(u)) };

interface Reading {
  readonly what: string;
  readonly tolerance: number;
  /** Spread of ln error share between instances, 0 for none; degrees of freedom behind it. */
  readonly tau: number;
  readonly degrees: number;
  /** alpha that the signal may spend. */
  readonly alpha: number;
}

/** Errors by the engine's likelihood and priors, one assumption after the other. */
function errorReadings(alpha: number): readonly Reading[] {
  const exact = { tolerance: 1, tau: 0, degrees: Infinity, alpha };
  const tolerant = { ...exact, tolerance: 1.1 };
  const sequential = { ...tolerant, alpha: 0.65 * alpha };
  const weighted = { ...sequential, alpha: 0.65 * 0.25 * alpha };
  return [
    { what: "the effect is not known: a mixture of ratios", ...exact },
    { what: "+ 1.1x is tolerated", ...tolerant },
    { what: "+ 0.65 of alpha is spent while looking", ...sequential },
    { what: "+ the signal weighs 0.25", ...weighted },
    { what: "+ instances may differ by tau 0.25 (t, 10 degrees)", ...weighted, tau: 0.25, degrees: 10 },
    { what: "  as before, but tau 0.10 were known from history", ...weighted, tau: 0.1, degrees: 60 },
    {
      what: "  as before, but the signal weighed 0.5",
      ...sequential,
      alpha: 0.325 * alpha,
      tau: 0.25,
      degrees: 10,
    },
  ];
}

function errorReach(stream: Stream, { tolerance, tau, degrees, alpha }: Reading, spread: number): Reach {
  const likelihood = ratioGrid.map(() => 0);
  const { canary, baseline } = stream.counts;
  const priors = shareRatios.priors({
    centre: Math.log(tolerance),
    tau: tau * spread,
    degrees,
    sign: 1,
    tailShare: alpha / 4,
  });
  let folded = 0;
  return (sealed) => {
    for (; folded < sealed; folded += 1)
      addRateLikelihood(likelihood, ratioTable, {
        canaryN: canary.n[folded]!,
        canaryX: canary.x[folded]!,
        baselineN: baseline.n[folded]!,
        baselineX: baseline.x[folded]!,
      });
    return logRatioOf(relativeLikelihood(likelihood), priors) >= -Math.log(alpha);
  };
}

interface Step {
  readonly what: string;
  readonly reach: (stream: Stream) => Reach;
}

/** Plays replicates of one scenario: the oracle, the steps, and the engine itself. */
function ladder(scenario: Scenario, question: string, steps: readonly Step[], replicates: number): WhatIf {
  const policy = policyOf(scenario.policy);
  const sums = ["the oracle", ...steps.map(({ what }) => what), "the engine as it is"].map((what) => ({
    what,
    found: 0,
    requests: 0,
  }));
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    const stream = drawStream(scenario.world, chanceOf(scenario.id, replicate));
    const { sprt } = playRivals(stream, scenario, policy.alpha);
    const engine = playHaldane(stream, policy);
    const until = (second: number | null): Reach => {
      const sealed = second === null ? Infinity : (second - settleSeconds) / 5;
      return (at) => at >= sealed;
    };
    const reaches = [
      until(sprt),
      ...steps.map(({ reach }) => reach(stream)),
      until(engine.word === "rollback" ? engine.at : null),
    ];
    reaches.forEach((reach, i) => {
      const { found, requests } = requestsUntil(stream, reach);
      sums[i]!.found += found ? 1 : 0;
      sums[i]!.requests += requests;
    });
  }
  const oracle = sums[0]!.requests;
  return {
    question,
    scenario: scenario.name,
    replicates,
    rows: sums.map(({ what, found, requests }) => ({
      what,
      found: found / replicates,
      ratio: oracle > 0 ? requests / oracle : null,
    })),
  };
}

function spreadOf({ world }: Scenario): number {
  return Math.sqrt(1 / world.instances.canary + 1 / world.instances.baseline);
}

function errorLadder(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const { alpha } = policyOf(scenario.policy);
  const steps = errorReadings(alpha).map((reading): Step => ({
    what: reading.what,
    reach: (stream) => errorReach(stream, reading, spreadOf(scenario)),
  }));
  return ladder(scenario, "What costs an error verdict its time?", steps, replicates);
}

/** Durations by the engine's own evidence under other plans. */
function speedReadings(
  policyAlpha: number,
): readonly { readonly what: string; readonly plan: Partial<DurationPlan> }[] {
  const exact = { tolerance: 1.000001, tau0: 1e-9, alpha: policyAlpha / 0.65, weight: 1 };
  const tolerant = { ...exact, tolerance: 1.03 };
  const weighted = { ...tolerant, alpha: policyAlpha, weight: 0.25 };
  return [
    { what: "the effect is not known: a mixture of slow-downs (and 3/4 of alpha)", plan: exact },
    { what: "+ 1.03x is tolerated", plan: tolerant },
    { what: "+ 0.65 of alpha, and the signal weighs 0.25", plan: weighted },
    { what: "+ instances may differ by tau 0.06 (t, 10 degrees)", plan: { ...weighted, tau0: 0.06 } },
    {
      what: "  as before, but tau 0.03 were known from history",
      plan: { ...weighted, tau0: 0.03, tauDegrees: 60 },
    },
  ];
}

function wholeArm(rows: readonly SampleRow[]): { instanceId: number; histogram: Histogram }[] {
  return rows.flatMap(({ instanceId, sample }) =>
    sample.kind === "requests" && sample.duration !== null
      ? [{ instanceId, histogram: sample.duration }]
      : [],
  );
}

function merged(arms: readonly { readonly histogram: Histogram }[]): Histogram | null {
  return arms.reduce<Histogram | null>((whole, { histogram }) => {
    if (whole === null) return histogram;
    const both = mergeHistograms(whole, histogram);
    return both.ok ? both.value : whole;
  }, null);
}

function speedReach(stream: Stream, plan: DurationPlan): Reach {
  const history = 60;
  const frozen = merged(stream.rows.baseline.slice(0, history).flatMap(wholeArm));
  const opened = frozen === null ? null : openDuration(frozen, plan);
  if (opened?.ok !== true) return () => false;
  let evidence: DurationEvidence = opened.value;
  let folded = 0;
  const needed = -Math.log(0.65 * plan.alpha * plan.weight);
  return (sealed) => {
    for (; folded < sealed; folded += 1)
      evidence = foldDuration(evidence, {
        canary: wholeArm(stream.rows.canary[history + folded]!),
        baseline: wholeArm(stream.rows.baseline[history + folded]!),
      });
    return evidence.tilesUsed > 0 && concludeDuration(evidence, null, plan).logHarm >= needed;
  };
}

function speedLadder(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const policy = policyOf(scenario.policy);
  const signal = {
    id: "latency",
    kind: "latency",
    operation: "",
    metric: "",
    guarded: false,
    weight: 0.25,
  } as const;
  const base = durationPlan(signal, policy, 1);
  const steps = speedReadings(policy.alpha).map(({ what, plan }): Step => ({
    what,
    reach: (stream) => speedReach(stream, { ...base, ...plan }),
  }));
  return ladder(scenario, "What costs a latency verdict its time?", steps, replicates);
}

/** Median seconds from the difference to the verdict of the engine itself, with other allowances. */
function pace(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const streams = Array.from({ length: replicates }, (_, replicate) =>
    drawStream(scenario.world, chanceOf(scenario.id, replicate), 1200),
  );
  const ways = [
    { what: "as it is: settle 10 s, looked at every 10 s", settle: "10s", everySeconds: 10 },
    { what: "looked at every 5 s", settle: "10s", everySeconds: 5 },
    { what: "settle 5 s, every 5 s", settle: "5s", everySeconds: 5 },
    { what: "settle 0 s, every 5 s", settle: "0s", everySeconds: 5 },
  ];
  return {
    question: "How much of the time is the settle allowance? (median seconds from the difference on)",
    scenario: scenario.name,
    replicates,
    rows: ways.map(({ what, settle, everySeconds }) => {
      const policy = policyOf({ ...scenario.policy, settle });
      const at = streams.map((stream) => {
        const { word, at: second } = playHaldane(stream, policy, { everySeconds, untilSecond: 1200 });
        return word === "rollback" ? second - scenario.differsFrom : Infinity;
      });
      return {
        what,
        found: at.filter((second) => second !== Infinity).length / replicates,
        ratio: at.sort((a, b) => a - b)[replicates >> 1]!,
      };
    }),
  };
}

/** The questions, each with the scenarios that it is asked of. */
export function whatIfs(replicates: number): readonly WhatIf[] {
  return [
    ...[172, 175, 113, 119, 150].map((id) => errorLadder(id, replicates)),
    ...[213, 217, 225, 255].map((id) => speedLadder(id, Math.ceil(replicates / 4))),
    ...[160, 161].map((id) => pace(id, replicates)),
  ];
}
