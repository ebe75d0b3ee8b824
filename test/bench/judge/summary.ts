import { proofBound } from "./bounds.ts";
import { policyOf } from "./haldane.ts";
import type { Outcome } from "./replicate.ts";
import { rivalNames, type RivalName } from "./rivals.ts";
import type { Family, Scenario } from "./scenario.ts";

/** How often a method rolled back, and the median second of all replicates, misses counted as never; null where that is never. */
export interface Fired {
  readonly count: number;
  readonly median: number | null;
}

/** What the replicates of one scenario told, small enough to be kept. */
export interface Summary {
  readonly id: number;
  readonly family: Family;
  readonly name: string;
  readonly truth: Scenario["truth"];
  readonly unjudged: string | null;
  readonly replicates: number;
  /** Rollbacks, seconds counted from the difference on. */
  readonly haldane: Fired & { readonly p90: number | null };
  /** Rollbacks by their first reason. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly rivals: Readonly<Record<RivalName, Fired>>;
  /** Proofs of safety before any rollback: promotions, or what would have been promoted. */
  readonly proofs: Fired;
  readonly inconclusive: number;
  /** Replicates whose e-value against "no harm" ever reached 10: at most a tenth of healthy ones. */
  readonly suspected: number;
  /** Replicates whose interval for the ratio of errors left out the truth at any look; null where the ratio changes. */
  readonly uncovered: number | null;
  /** Mean canary requests to the verdict over the oracle's; null where the oracle finds less than 99 %. */
  readonly overOracle: number | null;
  /** Median canary requests to the proof over the bound; null where there is none. */
  readonly overBound: number | null;
  readonly failedServed: number;
  readonly margins: Readonly<Record<string, number>>;
  /** Signals named at a rollback: rightly, wrongly, and those truly worse that were not named. */
  readonly culprits: { readonly right: number; readonly wrong: number; readonly missed: number } | null;
  readonly drawMs: number;
  readonly engineMs: number;
}

function quantileOf(values: readonly (number | null)[], q: number): number | null {
  const sorted = values.map((value) => value ?? Infinity).sort((a, b) => a - b);
  const at = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  return at === undefined || at === Infinity ? null : at;
}

function fired(seconds: readonly (number | null)[]): Fired {
  return { count: seconds.filter((second) => second !== null).length, median: quantileOf(seconds, 0.5) };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function rolledBackAt({ haldane }: Outcome): number | null {
  return haldane.word === "rollback" ? haldane.at : null;
}

function provenAt(outcome: Outcome): number | null {
  const { provenAt: proven } = outcome.haldane;
  return proven !== null && proven < (rolledBackAt(outcome) ?? Infinity) ? proven : null;
}

export function summaryOf(scenario: Scenario, outcomes: readonly Outcome[]): Summary {
  const { id, family, name, truth, unjudged, differsFrom } = scenario;
  // An alarm from before the difference finds nothing.
  const since = (second: number | null): number | null =>
    second === null || second < differsFrom ? null : second - differsFrom;
  const rollbacks = outcomes.map((outcome) => since(rolledBackAt(outcome)));
  const rivals = Object.fromEntries(
    rivalNames.map((rival) => [rival, fired(outcomes.map((outcome) => since(outcome.rivals[rival])))]),
  ) as Record<RivalName, Fired>;
  const reasons: Record<string, number> = {};
  for (const { haldane } of outcomes) {
    if (haldane.word !== "rollback") continue;
    const code = haldane.codes[0] ?? "";
    reasons[code] = (reasons[code] ?? 0) + 1;
  }
  const isResolvable = outcomes.length > 0 && rivals.sprt.count >= 0.99 * outcomes.length;
  return {
    id,
    family,
    name,
    truth,
    unjudged,
    replicates: outcomes.length,
    haldane: { ...fired(rollbacks), p90: quantileOf(rollbacks, 0.9) },
    reasons,
    rivals,
    proofs: fired(outcomes.map(provenAt)),
    inconclusive: outcomes.filter(({ haldane }) => haldane.word === "inconclusive").length,
    suspected: outcomes.filter(({ haldane }) => haldane.peakLogHarm >= Math.log(10)).length,
    uncovered: uncoveredOf(scenario, outcomes),
    overOracle: isResolvable
      ? mean(outcomes.map(({ requests }) => requests.verdict)) /
        mean(outcomes.map(({ requests }) => requests.oracle))
      : null,
    overBound: overBound(scenario, outcomes),
    failedServed: mean(outcomes.map(({ failedServed }) => failedServed)),
    margins: outcomes[0]?.haldane.margins ?? {},
    culprits: culpritsOf(scenario, outcomes),
    drawMs: mean(outcomes.map(({ drawMs }) => drawMs)),
    engineMs: mean(outcomes.map(({ engineMs }) => engineMs)),
  };
}

function uncoveredOf({ theta, truth }: Scenario, outcomes: readonly Outcome[]): number | null {
  const ratio = theta ?? (truth === "healthy" ? 1 : null);
  if (ratio === null) return null;
  return outcomes.filter(({ haldane: { interval } }) => interval[0] > ratio || interval[1] < ratio).length;
}

function overBound(scenario: Scenario, outcomes: readonly Outcome[]): number | null {
  const margin = outcomes[0]?.haldane.margins["errors"];
  const median = quantileOf(
    outcomes.map(({ requests }) => requests.proof),
    0.5,
  );
  if (margin === undefined || median === null) return null;
  const bound = proofBound(scenario, margin, policyOf(scenario.policy).errors.ceiling);
  return bound === null ? null : median / bound;
}

function culpritsOf({ culprits }: Scenario, outcomes: readonly Outcome[]): Summary["culprits"] {
  if (culprits === null) return null;
  const sums = { right: 0, wrong: 0, missed: 0 };
  for (const { haldane } of outcomes) {
    if (haldane.word !== "rollback") continue;
    // The whole service may or may not be named beside the operations that make it worse.
    const operations = culprits.filter((id) => id.includes(" "));
    const right = haldane.culprits.filter((id) => operations.includes(id)).length;
    sums.right += right;
    sums.wrong += haldane.culprits.filter((id) => !culprits.includes(id) && id.includes(" ")).length;
    sums.missed += operations.length - right;
  }
  return sums;
}

/** Replicates without a rollback by the end of the hour although an oracle finds at least 99 % of them; null where it does not. */
export function missedOf({ truth, rivals, replicates, haldane }: Summary): number | null {
  const isResolvable = truth === "harmful" && replicates > 0 && rivals.sprt.count >= 0.99 * replicates;
  return isResolvable ? replicates - haldane.count : null;
}
