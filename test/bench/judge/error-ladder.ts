import { shareRatios } from "#analyzers/metrics/share-harm.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { logRatioOf, relativeLikelihood } from "#analyzers/stats/random-effects.ts";
import { addRateLikelihood, rateLogIncrement, type RateBucket } from "#analyzers/stats/rate-likelihood.ts";
import { harmGrid, ratioGrid } from "#analyzers/stats/ratio-grid.ts";
import { policyOf } from "./haldane.ts";
import { errorChance } from "./known-chance.ts";
import { ladder, type Reach, type Step, type WhatIf } from "./ladder.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioOf } from "./scenarios.ts";
import type { Stream } from "./stream.ts";

const ratioTable = { logRatios: ratioGrid, ratios: ratioGrid.map((u) => Math.exp(u)) };

interface Reading {
  readonly what: string;
  readonly tolerance: number;
  /** Spread of ln error share between instances, 0 for none; degrees of freedom behind it. */
  readonly tau: number;
  readonly degrees: number;
  /** alpha that the signal may spend. */
  readonly alpha: number;
  /** Spread and degrees shrunk by the baseline's instances of the five minutes before. */
  readonly fromBaseline?: boolean;
  /** Exact ratios without a part for the extreme instance. */
  readonly plain?: boolean;
}

/** Errors by the engine's likelihood and priors, one assumption after the other. */
function errorReadings(alpha: number): readonly Reading[] {
  const exact = { tolerance: 1, tau: 0, degrees: Infinity, alpha };
  const tolerant = { ...exact, tolerance: 1.1 };
  const sequential = { ...tolerant, alpha: 0.65 * alpha };
  const weighted = { ...sequential, alpha: 0.65 * 0.25 * alpha };
  const differing = { tau: 0.25, degrees: 10 };
  const heavy = { ...sequential, alpha: 0.65 * 0.5 * alpha };
  return [
    { what: "the effect is not known: 24 ratios (E1)", ...exact, plain: true },
    { what: "half of it for extreme instances, on the grid", ...exact },
    { what: "+ 1.1x is tolerated", ...tolerant },
    { what: "+ 0.65 of alpha is spent while looking", ...sequential },
    { what: "+ the signal weighs 0.25", ...weighted },
    { what: "+ instances may differ by tau 0.25 (t, 10 degrees)", ...weighted, ...differing },
    { what: "  as before, with a weight of 0.5", ...heavy, ...differing },
    {
      what: "  as before, tau shrunk by the baseline's instances",
      ...weighted,
      ...differing,
      fromBaseline: true,
    },
    { what: "  as before, both", ...heavy, ...differing, fromBaseline: true },
    { what: "  as before, tau 0.10 known (t, 60 degrees)", ...weighted, tau: 0.1, degrees: 60 },
  ];
}

function errorReach(stream: Stream, reading: Reading, spread: number): Reach {
  const { tolerance, alpha } = reading;
  const likelihood = ratioGrid.map(() => 0);
  const logs = harmGrid(tolerance).map(() => 0);
  const known = reading.fromBaseline === true ? errorChance(stream, reading.tau) : reading;
  const priors = shareRatios.priors({
    centre: Math.log(tolerance),
    tau: known.tau * spread,
    degrees: known.degrees,
    sign: 1,
    tailShare: alpha / 4,
  });
  let folded = 0;
  return (sealed) => {
    for (; folded < sealed; folded += 1) {
      const bucket = bucketAt(stream, folded);
      addRateLikelihood(likelihood, ratioTable, bucket);
      if (reading.plain !== true) continue;
      for (const [i, theta] of harmGrid(tolerance).entries())
        logs[i]! += rateLogIncrement(bucket, { theta, theta0: tolerance, slack: 0 });
    }
    const logE =
      reading.plain === true
        ? logSumExp(logs) - Math.log(logs.length)
        : logRatioOf(relativeLikelihood(likelihood), priors);
    return logE >= -Math.log(alpha);
  };
}

function bucketAt({ counts: { canary, baseline } }: Stream, at: number): RateBucket {
  return {
    canaryN: canary.n[at]!,
    canaryX: canary.x[at]!,
    baselineN: baseline.n[at]!,
    baselineX: baseline.x[at]!,
  };
}

/** The oracle against a ratio that is tolerated. */
function oracleReach(stream: Stream, theta: number, alpha: number): Reach {
  let folded = 0;
  let logRatio = 0;
  return (sealed) => {
    for (; folded < sealed; folded += 1)
      logRatio += rateLogIncrement(bucketAt(stream, folded), { theta, theta0: 1.1, slack: 0 });
    return logRatio >= -Math.log(alpha);
  };
}

function spreadOf({ world }: Scenario): number {
  return Math.sqrt(1 / world.instances.canary + 1 / world.instances.baseline);
}

/** Errors: the oracle, then one assumption after the other, then the engine. */
export function errorLadder(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const { alpha } = policyOf(scenario.policy);
  const steps = errorReadings(alpha).map((reading): Step => ({
    what: reading.what,
    reach: (stream) => errorReach(stream, reading, spreadOf(scenario)),
  }));
  const tolerant: Step = {
    what: "the oracle, if 1.1x were tolerated",
    reach: (stream) => oracleReach(stream, scenario.theta ?? 1, alpha),
  };
  return ladder(scenario, "What costs an error verdict its time?", [tolerant, ...steps], replicates);
}
