import { concludeShare, emptyShare, foldShare, type ShareCount } from "#analyzers/metrics/share.ts";
import { sharePlan } from "#engine/fold.ts";
import { chanceOf } from "./chance.ts";
import { policyOf } from "./haldane.ts";
import type { WhatIf } from "./ladder.ts";
import type { Scenario, World } from "./scenario.ts";
import { scenarioOf } from "./scenarios.ts";
import { drawStream, type Stream } from "./stream.ts";

const historyWindows = 60;
const windowsPerMinute = 12;
const seconds = 900;

/** A rule about how and when evidence counts. */
interface Rule {
  readonly what: string;
  /** Evidence is divided by this. */
  readonly phi: (stream: Stream) => number;
  readonly notBefore: number;
}

/**
 * Dispersion of errors by instance and minute in the history of the baseline, raised by its own uncertainty: Pearson's
 * statistic over its degrees of freedom. Of a single instance its minutes alone tell, the shared load in them included.
 */
export function burstDispersion({ rows }: Stream): number {
  const cells = new Map<number, number[]>();
  rows.baseline.slice(0, historyWindows).forEach((inWindow, at) => {
    for (const { instanceId, sample } of inWindow) {
      if (sample.kind !== "requests") continue;
      const minutes = cells.get(instanceId) ?? [0, 0, 0, 0, 0];
      cells.set(instanceId, minutes);
      minutes[Math.floor(at / windowsPerMinute)]! += sample.errors;
    }
  });
  const table = [...cells.values()];
  const byMinute = [0, 1, 2, 3, 4].map((minute) => table.reduce((sum, row) => sum + row[minute]!, 0));
  const total = byMinute.reduce((sum, x) => sum + x, 0);
  if (total === 0) return 1;
  const alone = table.length < 2;
  const degrees = alone ? 4 : (table.length - 1) * 4;
  let pearson = 0;
  for (const row of table) {
    const own = row.reduce((sum, x) => sum + x, 0);
    row.forEach((x, minute) => {
      const expected = alone ? total / 5 : (own * byMinute[minute]!) / total;
      if (expected > 0) pearson += (x - expected) ** 2 / expected;
    });
  }
  return Math.max(1, (pearson / degrees) * (1 + Math.sqrt(2 / degrees)));
}

const rules: readonly Rule[] = [
  { what: "as it is: phi 1, no minimum", phi: () => 1, notBefore: 0 },
  { what: "not before minute 2", phi: () => 1, notBefore: 120 },
  { what: "not before minute 5", phi: () => 1, notBefore: 300 },
  { what: "phi from the baseline's minutes", phi: burstDispersion, notBefore: 0 },
  { what: "phi from the baseline's minutes, not before minute 2", phi: burstDispersion, notBefore: 120 },
];

const errors = {
  id: "errors",
  kind: "errors",
  operation: "",
  metric: "",
  guarded: true,
  weight: 0.25,
} as const;

/** Wrong verdicts in fifteen minutes on the errors of the whole service, under rules that differ. */
function earlyVerdicts(
  scenario: Scenario,
  { word, question }: { readonly word: "promote" | "rollback"; readonly question: string },
  replicates: number,
): WhatIf {
  const base = sharePlan(errors, policyOf(scenario.policy), 1);
  const counted = rules.map(() => 0);
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    const stream = drawStream(scenario.world, chanceOf(scenario.id, replicate), seconds);
    rules.forEach(({ phi, notBefore }, i) => {
      if (firstWord(stream, { ...base, phi: phi(stream) }, notBefore) === word) counted[i]! += 1;
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
