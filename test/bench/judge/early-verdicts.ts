import { concludeShare, emptyShare, foldShare, type ShareCount } from "#analyzers/metrics/share.ts";
import { believedChance } from "#engine/chance.ts";
import { sharePlan } from "#engine/fold.ts";
import type { Chance } from "#engine/signal.ts";
import { chanceOf } from "./chance.ts";
import { policyOf } from "./haldane.ts";
import { errorChance, serviceErrors } from "./known-chance.ts";
import type { WhatIf } from "./ladder.ts";
import type { Scenario, World } from "./scenario.ts";
import { scenarioOf } from "./scenarios.ts";
import { drawStream, type Stream } from "./stream.ts";

const historyWindows = 60;
const seconds = 900;

/** A rule about how and when evidence counts. */
interface Rule {
  readonly what: string;
  /** What instances and bursts are taken to do. */
  readonly chance: (stream: Stream, tau0: number) => Chance;
  readonly notBefore: number;
}

const prior: Rule["chance"] = (_, tau0) => believedChance(tau0);

const rules: readonly Rule[] = [
  { what: "nothing learnt: phi 1, the prior's tau", chance: prior, notBefore: 0 },
  { what: "nothing learnt, not before minute 2", chance: prior, notBefore: 120 },
  { what: "nothing learnt, not before minute 5", chance: prior, notBefore: 300 },
  { what: "as it is: phi and tau from the baseline's history", chance: errorChance, notBefore: 0 },
  { what: "as it is, not before minute 2", chance: errorChance, notBefore: 120 },
];

/** Wrong verdicts in fifteen minutes on the errors of the whole service, under rules that differ. */
function earlyVerdicts(
  scenario: Scenario,
  { word, question }: { readonly word: "promote" | "rollback"; readonly question: string },
  replicates: number,
): WhatIf {
  const policy = policyOf(scenario.policy);
  const counted = rules.map(() => 0);
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    const stream = drawStream(scenario.world, chanceOf(scenario.id, replicate), seconds);
    rules.forEach(({ chance, notBefore }, i) => {
      const plan = sharePlan(serviceErrors, policy, 1, chance(stream, policy.errors.spread));
      if (firstWord(stream, plan, notBefore) === word) counted[i]! += 1;
    });
  }
  return {
    question,
    scenario: scenario.name,
    replicates,
    rows: rules.map(({ what }, i) => ({ what, found: counted[i]! / replicates, ratio: null })),
  };
}

/** Canaries past their margin, by what their noise is. */
export function earlyPromotion(id: number, noise: World["noise"], replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  return earlyVerdicts(
    { ...scenario, name: `${scenario.name}, ${noise}`, world: { ...scenario.world, noise } },
    { word: "promote", question: "How many are promoted wrongly in the first quarter of an hour?" },
    replicates,
  );
}

/** The same worlds without any difference between the versions. */
export function earlyRollback(id: number, replicates: number): WhatIf {
  const scenario = scenarioOf(id);
  const { canary, baseline } = scenario.world.instances;
  const operations = scenario.world.operations.map((operation) => ({ ...operation, theta: 1 }));
  return earlyVerdicts(
    {
      ...scenario,
      name: `healthy and differing, ${canary} v ${baseline}, 1000 rps`,
      world: { ...scenario.world, operations },
    },
    { word: "rollback", question: "How many are rolled back falsely in the first quarter of an hour?" },
    replicates,
  );
}

function firstWord(
  { rows }: Stream,
  plan: Parameters<typeof concludeShare>[2],
  notBefore: number,
): "promote" | "rollback" | null {
  const counts = (side: "canary" | "baseline", at: number): ShareCount[] =>
    rows[side][historyWindows + at]!.flatMap(({ instanceId, sample }) =>
      sample.kind === "requests" ? [{ instanceId, n: sample.count, x: sample.errors }] : [],
    );
  let evidence = emptyShare();
  for (let at = 0; at < seconds / 5; at += 1) {
    evidence = foldShare(evidence, { at, canary: counts("canary", at), baseline: counts("baseline", at) });
    const second = (at + 1) * 5 + 10;
    if (second % 10 !== 0 || second < notBefore) continue;
    const { logHarm, logSafe } = concludeShare(evidence, null, plan);
    if (logHarm >= -Math.log(0.65 * plan.alpha * plan.weight)) return "rollback";
    if ((logSafe ?? 0) >= -Math.log(plan.beta) && logHarm < Math.log(10)) return "promote";
  }
  return null;
}
