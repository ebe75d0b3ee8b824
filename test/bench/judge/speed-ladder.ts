import { concludeDuration, foldDuration, openDuration } from "#analyzers/metrics/duration.ts";
import type { DurationEvidence, DurationPlan } from "#analyzers/metrics/duration-plan.ts";
import { believedChance } from "#engine/chance.ts";
import { durationPlan } from "#engine/fold.ts";
import { mergeHistograms } from "#model/merge-histogram.ts";
import type { Histogram } from "#model/histogram.ts";
import type { SampleRow } from "#model/sample.ts";
import { bins, binShares, type Slowness } from "./duration-shape.ts";
import { policyOf } from "./haldane.ts";
import { serviceLatency, speedChance } from "./known-chance.ts";
import { ladder, type Reach, type Step, type WhatIf } from "./ladder.ts";
import { scenarioOf } from "./scenarios.ts";
import type { Stream } from "./stream.ts";

interface SpeedReading {
  readonly what: string;
  readonly plan: Partial<DurationPlan>;
  readonly fromBaseline?: boolean;
}

/** Durations by the engine's own evidence under other plans. */
function speedReadings(policyAlpha: number): readonly SpeedReading[] {
  const exact = { tolerance: 1.000001, tau0: 1e-9, alpha: policyAlpha / 0.65, weight: 1 };
  const tolerant = { ...exact, tolerance: 1.03 };
  const weighted = { ...tolerant, alpha: policyAlpha, weight: 0.25 };
  const differing = { ...weighted, tau0: 0.06 };
  return [
    { what: "the effect is not known: 45 slow-downs (and 3/4 of alpha)", plan: exact },
    { what: "+ 1.03x is tolerated", plan: tolerant },
    { what: "+ 0.65 of alpha, and the signal weighs 0.25", plan: weighted },
    { what: "+ instances may differ by tau 0.06 (t, 10 degrees)", plan: differing },
    { what: "  as before, with a weight of 0.5", plan: { ...differing, weight: 0.5 } },
    { what: "  as before, tau shrunk by the baseline's instances", plan: differing, fromBaseline: true },
    { what: "  as before, both", plan: { ...differing, weight: 0.5 }, fromBaseline: true },
    {
      what: "  as before, tau 0.03 known (t, 60 degrees)",
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

function speedReach(stream: Stream, asked: DurationPlan, fromBaseline: boolean): Reach {
  const history = 60;
  const known = fromBaseline ? speedChance(stream, asked.tau0) : null;
  const plan = known === null ? asked : { ...asked, tau0: known.tau, tauDegrees: known.degrees };
  const frozen = merged(stream.rows.baseline.slice(0, history).flatMap(wholeArm));
  const opened = frozen === null ? null : openDuration(frozen, plan);
  if (opened?.ok !== true) return () => false;
  let evidence: DurationEvidence = opened.value;
  let folded = 0;
  const needed = -Math.log(0.65 * plan.alpha * plan.weight);
  return (sealed) => {
    for (; folded < sealed; folded += 1)
      evidence = foldDuration(evidence, {
        at: folded,
        canary: wholeArm(stream.rows.canary[history + folded]!),
        baseline: wholeArm(stream.rows.baseline[history + folded]!),
      });
    return evidence.tilesUsed > 0 && concludeDuration(evidence, null, plan).logHarm >= needed;
  };
}

/** The oracle against durations that are slower by what is tolerated. */
function oracleReach(slowness: Slowness, alpha: number): Step["reach"] {
  const slow = binShares(slowness, 0);
  const tolerated = binShares({ kind: "none" }, Math.log(1.03));
  const logRatios = slow.map((share, bin) =>
    Math.log(Math.max(share, 1e-12) / Math.max(tolerated[bin]!, 1e-12)),
  );
  return (stream) => {
    let folded = 0;
    let logRatio = 0;
    return (sealed) => {
      for (; folded < sealed; folded += 1) {
        for (let bin = 0; bin < bins; bin += 1)
          logRatio += (stream.histograms?.canary[folded * bins + bin] ?? 0) * logRatios[bin]!;
      }
      return logRatio >= -Math.log(alpha);
    };
  };
}

/** Latency: the oracle, then one assumption after the other, then the engine. */
export function speedLadder(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const policy = policyOf(scenario.policy);
  const base = durationPlan(serviceLatency, policy, 1, believedChance(policy.latency.spread));
  const steps = speedReadings(policy.alpha).map(({ what, plan, fromBaseline }): Step => ({
    what,
    reach: (stream) => speedReach(stream, { ...base, ...plan }, fromBaseline === true),
  }));
  const [operation] = scenario.world.operations;
  const tolerant: Step[] =
    operation?.slowness.kind === "scale"
      ? [
          {
            what: "the oracle, if 1.03x were tolerated",
            reach: oracleReach(operation.slowness, policy.alpha),
          },
        ]
      : [];
  return ladder(scenario, "What costs a latency verdict its time?", [...tolerant, ...steps], replicates);
}
