import { clopperPearson } from "./clopper-pearson.ts";
import type { CostReading } from "./cost.ts";
import type { BenchRecord } from "./record.ts";
import { missedOf, type Summary } from "./summary.ts";
import { sayCost, sayCount, sayPart, saySeconds } from "./wording.ts";

/** A goal, what was measured, and whether it is reached; null where these replicates cannot tell. */
export interface GoalReading {
  readonly goal: string;
  readonly measured: string;
  readonly reached: boolean | null;
}

function quantileOf(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

function sums(summaries: readonly Summary[], of: (summary: Summary) => number): number {
  return summaries.reduce((sum, summary) => sum + of(summary), 0);
}

/** All goals on the measured record. */
export function goalReadings({ summaries, costs }: BenchRecord): readonly GoalReading[] {
  const played = summaries.filter(({ replicates }) => replicates > 0);
  const between = (from: number, to: number): readonly Summary[] =>
    played.filter(({ id }) => id >= from && id <= to);
  return [
    falseRollbackGoal(
      "false rollback at most 1 % in every A scenario",
      [...between(1, 23), ...between(25, 25)],
      0.01,
    ),
    falseRollbackGoal("false rollback of many signals at most 2 %", between(24, 24), 0.02),
    oracleGoal("errors, alpha 0.1 %: 1.20x the oracle, p90 1.35x", between(170, 178), 1.2, 1.35),
    oracleGoal("errors, alpha 1 %: 1.25x the oracle, p90 1.45x", cells(between(101, 127)), 1.25, 1.45),
    oracleGoal(
      "latency, everything slower: 1.5x the oracle",
      cells(between(201, 224)).filter(({ name }) => name.includes("all +")),
      1.5,
    ),
    oracleGoal(
      "latency, tails: 2.0x the oracle",
      cells(between(201, 224)).filter(({ name }) => name.includes("tail +")),
      2,
    ),
    timeGoal("x5 from the start: median at most 40 s", between(160, 160), 40, "haldane"),
    timeGoal("x5 from minute 5 on: median at most 40 s", between(161, 161), 40, "haldane"),
    missedGoal("missed although resolvable, instances alike: at most 1 %", [
      ...between(101, 127),
      ...between(201, 230),
    ]),
    missedGoal("missed although resolvable, instances differ: at most 1 %", [
      ...between(128, 154),
      ...between(231, 260),
    ]),
    ...[
      [1, 0.05],
      [1.2, 0.01],
      [2, 0.001],
    ].map(([times, limit]) =>
      promotionGoal(
        `wrong promotion at ${times}x the margin: at most ${sayPart(limit!)}`,
        between(601, 649).filter(({ name }) => name.includes(` at ${times}x `)),
        limit!,
      ),
    ),
    coverageGoal(between(1, 23)),
    timeGoal("healthy 2 v 3 at 300 rps: promoted in 10 min", between(650, 651), 600, "proofs"),
    timeGoal("healthy 50 % of 1000 rps: promoted in 3 min", between(652, 653), 180, "proofs"),
    ...culpritGoals(played.filter(({ culprits }) => culprits !== null)),
    ...costGoals(costs),
  ].filter((reading) => reading !== null);
}

/** Cells in which the poll of ten seconds does not decide. */
function cells(summaries: readonly Summary[]): readonly Summary[] {
  return summaries.filter(({ rivals }) => (rivals.sprt.median ?? 0) >= 60);
}

function falseRollbackGoal(goal: string, found: readonly Summary[], limit: number): GoalReading | null {
  if (found.length === 0) return null;
  const worst = found.reduce((most, one) =>
    one.haldane.count / one.replicates > most.haldane.count / most.replicates ? one : most,
  );
  const limits = found.map(({ haldane, replicates }) => clopperPearson(haldane.count, replicates));
  const [broken, shown] = [limits.some(([low]) => low > limit), limits.every(([, high]) => high <= limit)];
  const others = found.filter(({ id }) => id !== worst.id);
  const pooled =
    others.length === 0
      ? ""
      : `; all others together ${sayCount(
          sums(others, ({ haldane }) => haldane.count),
          sums(others, ({ replicates }) => replicates),
        )}`;
  return {
    goal,
    measured: `worst: ${worst.name}: ${sayCount(worst.haldane.count, worst.replicates)}${pooled}`,
    reached: broken ? false : shown ? true : null,
  };
}

function oracleGoal(
  goal: string,
  found: readonly Summary[],
  median: number,
  p90?: number,
): GoalReading | null {
  const ratios = found.flatMap(({ overOracle }) => (overOracle === null ? [] : [overOracle]));
  if (ratios.length === 0) return null;
  const [half, most] = [quantileOf(ratios, 0.5), quantileOf(ratios, 0.9)];
  return {
    goal,
    measured: `median ${half.toFixed(2)}x, p90 ${most.toFixed(2)}x over ${ratios.length} cells; misses count the whole hour`,
    reached: half <= median && (p90 === undefined || most <= p90),
  };
}

function timeGoal(
  goal: string,
  found: readonly Summary[],
  limit: number,
  of: "haldane" | "proofs",
): GoalReading | null {
  if (found.length === 0) return null;
  const medians = found.map((summary) => summary[of].median);
  return {
    goal,
    measured: found
      .map(
        (summary, i) =>
          `${summary.name}: ${medians[i] === null ? "fewer than half" : saySeconds(medians[i]!)}`,
      )
      .join("; "),
    reached: medians.every((median) => median !== null && median <= limit),
  };
}

function missedGoal(goal: string, found: readonly Summary[]): GoalReading | null {
  const resolvable = found.filter((summary) => missedOf(summary) !== null);
  if (resolvable.length === 0) return null;
  const n = sums(resolvable, ({ replicates }) => replicates);
  const missed = sums(resolvable, (summary) => missedOf(summary) ?? 0);
  const most = resolvable.filter((summary) => (missedOf(summary) ?? 0) > 0.01 * summary.replicates);
  return {
    goal,
    measured: `${sayCount(missed, n)}; ${most.length} of ${resolvable.length} cells above 1 %`,
    reached: most.length === 0,
  };
}

/** Intervals hold at 1 - alpha over all looks together. */
function coverageGoal(found: readonly Summary[]): GoalReading | null {
  if (found.length === 0) return null;
  const n = sums(found, ({ replicates }) => replicates);
  const missed = sums(found, ({ uncovered }) => uncovered ?? 0);
  return {
    goal: "intervals of errors leave out the truth at any look: at most 1 %",
    measured: `${sayCount(missed, n)} of healthy canaries`,
    reached:
      clopperPearson(missed, n)[0] <= 0.01 ? (clopperPearson(missed, n)[1] <= 0.01 ? true : null) : false,
  };
}

function promotionGoal(goal: string, found: readonly Summary[], limit: number): GoalReading | null {
  if (found.length === 0) return null;
  const worst = found.reduce((most, one) =>
    one.proofs.count / one.replicates > most.proofs.count / most.replicates ? one : most,
  );
  const limits = found.map(({ proofs, replicates }) => clopperPearson(proofs.count, replicates));
  const [broken, shown] = [limits.some(([low]) => low > limit), limits.every(([, high]) => high <= limit)];
  return {
    goal,
    measured: `worst: ${worst.name}: ${sayCount(worst.proofs.count, worst.replicates)}`,
    reached: broken ? false : shown ? true : null,
  };
}

function culpritGoals(found: readonly Summary[]): readonly GoalReading[] {
  return found.flatMap(({ name, culprits, replicates, haldane }): readonly GoalReading[] => {
    if (culprits === null || haldane.count === 0)
      return [{ goal: "culprits", measured: `${name}: no rollback in ${replicates}`, reached: false }];
    const { right, wrong, missed } = culprits;
    const falseShare = wrong / Math.max(1, right + wrong);
    const found90 = right / Math.max(1, right + missed);
    return [
      {
        goal: "culprits: at most 5 % wrong, at least 90 % named",
        measured: `${name}: ${sayPart(falseShare)} wrong, ${sayPart(found90)} named in ${haldane.count} rollbacks of ${replicates}`,
        reached: falseShare <= 0.05 && found90 >= 0.9,
      },
    ];
  });
}

function costGoals(costs: readonly CostReading[]): readonly GoalReading[] {
  return costs.flatMap(({ what, amount, unit, most }) =>
    most === null
      ? []
      : [
          {
            goal: `${what}: at most ${sayCost(most, unit)}`,
            measured: sayCost(amount, unit),
            reached: amount <= most,
          },
        ],
  );
}
