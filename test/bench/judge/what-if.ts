import { concludeShare, emptyShare, foldShare } from "#analyzers/metrics/share.ts";
import type { SharePlan } from "#analyzers/metrics/share-plan.ts";
import { believedChance } from "#engine/chance.ts";
import { sharePlan } from "#engine/fold.ts";
import { chanceOf } from "./chance.ts";
import { earlyPromotion, earlyRollback } from "./early-verdicts.ts";
import { errorLadder } from "./error-ladder.ts";
import { playHaldane, policyOf } from "./haldane.ts";
import { errorChance, serviceErrors } from "./known-chance.ts";
import type { WhatIf } from "./ladder.ts";
import { scenarioOf } from "./scenarios.ts";
import { speedLadder } from "./speed-ladder.ts";
import { drawStream, type Stream } from "./stream.ts";

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

/** Errors of the whole service alone under other plans: median seconds from a late difference on. */
function lateHarm(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const policy = policyOf(scenario.policy);
  const base = sharePlan(serviceErrors, policy, 1, believedChance(policy.errors.spread));
  const ways: readonly { readonly what: string; readonly plan: (stream: Stream) => Partial<SharePlan> }[] = [
    { what: "the service's errors alone, weight 0.25, tau 0.25 (t, 10 degrees)", plan: () => ({}) },
    { what: "with a weight of 0.5", plan: () => ({ weight: 0.5 }) },
    {
      what: "tau and phi from the baseline's history",
      plan: (stream) => {
        const { tau, degrees, phi } = errorChance(stream, base.tau0);
        return { tau0: tau, tauDegrees: degrees, phi };
      },
    },
    { what: "tau 0.10 known (t, 60 degrees)", plan: () => ({ tau0: 0.1, tauDegrees: 60 }) },
    {
      what: "tau 0.10 known, with a weight of 0.5",
      plan: () => ({ tau0: 0.1, tauDegrees: 60, weight: 0.5 }),
    },
  ];
  const streams = Array.from({ length: replicates }, (_, replicate) =>
    drawStream(scenario.world, chanceOf(scenario.id, replicate), 900),
  );
  return {
    question: "What costs a late harm its time? (median seconds from the difference on)",
    scenario: scenario.name,
    replicates,
    rows: ways.map(({ what, plan }) => {
      const at = streams.map(
        (stream) => shownAt(stream, { ...base, ...plan(stream) }) - scenario.differsFrom,
      );
      return {
        what,
        found: at.filter((second) => second !== Infinity).length / replicates,
        ratio: at.sort((a, b) => a - b)[replicates >> 1]!,
      };
    }),
  };
}

/** Second of the poll at which one signal alone would be shown worse. */
function shownAt({ rows }: Stream, plan: SharePlan): number {
  const counts = (side: "canary" | "baseline", at: number) =>
    rows[side][60 + at]!.flatMap(({ instanceId, sample }) =>
      sample.kind === "requests" ? [{ instanceId, n: sample.count, x: sample.errors }] : [],
    );
  const needed = -Math.log(0.65 * plan.alpha * plan.weight);
  let evidence = emptyShare();
  for (let at = 0; at < 180; at += 1) {
    evidence = foldShare(evidence, { at, canary: counts("canary", at), baseline: counts("baseline", at) });
    const sealedSecond = (at + 1) * 5;
    if (sealedSecond % 10 === 0 && concludeShare(evidence, null, plan).logHarm >= needed)
      return sealedSecond + 10;
  }
  return Infinity;
}

/** The questions, each with the scenarios that it is asked of. */
export function whatIfs(replicates: number): readonly WhatIf[] {
  return [
    ...[172, 175, 119, 120, 150].map((id) => errorLadder(id, replicates)),
    ...[214, 217, 225, 255, 229].map((id) => speedLadder(id, Math.ceil(replicates / 4))),
    ...[160, 161].map((id) => pace(id, replicates)),
    lateHarm(161, replicates),
    ...[603, 613, 623, 633].map((id) => earlyPromotion(id, "differing", 5 * replicates)),
    earlyPromotion(603, "alike", 5 * replicates),
    ...[603, 613, 633].map((id) => earlyRollback(id, 5 * replicates)),
  ];
}
