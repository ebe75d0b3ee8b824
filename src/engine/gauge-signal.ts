import { emptyGauge, foldGauge, type GaugeBlock, type GaugePoint } from "#analyzers/gauges/gauge-blocks.ts";
import { concludeGauge, type GaugeConclusion, type GaugePlan } from "#analyzers/gauges/gauge.ts";
import { gaugeSpread } from "#analyzers/gauges/gauge-spread.ts";
import { shrunken } from "#analyzers/stats/dispersion.ts";
import { sequentialPart } from "#analyzers/metrics/share-plan.ts";
import type { Conclusion, Finding } from "#model/finding.ts";
import type { Instant } from "#model/time.ts";
import { believedChance, type Minutes } from "./chance.ts";
import { concludes, evidenceOf, frame, type Concluded } from "./findings.ts";
import { attemptFactor, type FoldContext } from "./fold.ts";
import type { Policy } from "./policy.ts";
import type { Chance, Signal, SignalState } from "./signal.ts";
import { tilesEnd, tilesOf, type ArmName, type ArmRow, type IsWarm } from "./tiles.ts";
import { sayCount, sayInterval, sayRatio, sayValue } from "./wording.ts";

type GaugeState = Extract<SignalState, { test: "gauge" }>;
type GaugeLimits = Extract<Policy["metrics"][number], { kind: "gauge" }>;

const minuteMs = 60_000;

/** Whole tiles that make a minute, or one tile where it is longer: the noise of a gauge has a memory, shorter blocks tell little more. */
function blockMsOf(tileMs: number): number {
  return Math.ceil(minuteMs / tileMs) * tileMs;
}

function limitsOf(signal: Signal, policy: Policy): GaugeLimits | null {
  const found = policy.metrics.find(({ name, kind }) => kind === "gauge" && name === signal.metric);
  return found?.kind === "gauge" ? found : null;
}

/** ln of the mean level of each instance in some rows. */
function pointsOf(
  rows: readonly ArmRow[],
  arm: ArmName,
  signal: Signal,
  isWarm: IsWarm,
): readonly GaugePoint[] {
  const levels = new Map<number, { sum: number; count: number }>();
  for (const { arm: rowArm, row } of rows) {
    const { measure, sample } = row;
    if (rowArm !== arm || measure.kind !== "gauge" || measure.metric !== signal.metric) continue;
    if (sample.kind !== "gauge" || !isWarm(row, arm)) continue;
    const known = levels.get(row.instanceId) ?? { sum: 0, count: 0 };
    levels.set(row.instanceId, { sum: known.sum + sample.sum, count: known.count + sample.count });
  }
  return [...levels].map(([instanceId, { sum, count }]) => ({ instanceId, value: Math.log(sum / count) }));
}

/** A gauge before its first block. */
export function openGauge(signal: Signal, { policy, minutesBefore, evidenceFrom }: FoldContext): GaugeState {
  const chance = chanceOfGauge(minutesBefore, signal, policy);
  return { signal, test: "gauge", foldedTo: evidenceFrom, chance, evidence: emptyGauge() };
}

/** Chance in the level of a gauge: the policy's spread, and the baseline's own instances before the canary came. */
function chanceOfGauge(before: Minutes, signal: Signal, policy: Policy): Chance {
  const believed = believedChance(limitsOf(signal, policy)?.spread ?? 0);
  const blocks = before
    .map((rows) => pointsOf(rows, "baseline", signal, () => true))
    .filter((points) => points.length > 0);
  const seen = gaugeSpread(blocks);
  if (seen === null) return believed;
  const prior = { tau0: believed.tau, degrees: believed.degrees };
  return { ...shrunken(prior, seen.variance, seen.instances), phi: 1 };
}

/** Adds every whole block that is sealed. Rows that come late are left out: a block is compared once. */
export function foldGaugeSignal(
  state: GaugeState,
  rows: readonly ArmRow[],
  context: FoldContext,
): GaugeState {
  const { counts, evidenceFrom, sealedTo, isWarm } = context;
  const blockMs = blockMsOf(counts.tileMs);
  const blockOf = (start: Instant): number => Math.round((start - evidenceFrom) / blockMs);
  const evidence = tilesOf(rows, state.foldedTo, sealedTo, blockMs).reduce((folded, tile) => {
    const block: GaugeBlock = {
      at: blockOf(tile.start),
      canary: pointsOf(tile.rows, "canary", state.signal, isWarm),
      baseline: pointsOf(tile.rows, "baseline", state.signal, isWarm),
    };
    return foldGauge(folded, block);
  }, state.evidence);
  return { ...state, foldedTo: tilesEnd(state.foldedTo, sealedTo, blockMs), evidence };
}

function planOf(
  signal: Signal,
  limits: GaugeLimits,
  { policy, attempt }: FoldContext,
  chance: Chance,
): GaugePlan {
  return {
    alphaUsed: sequentialPart * policy.alpha * attemptFactor(attempt) * signal.weight,
    alpha: policy.alpha,
    beta: policy.beta,
    worse: limits.worse,
    tolerance: Math.log(limits.tolerance),
    margin: null,
    tau0: chance.tau,
    tauDegrees: chance.degrees,
  };
}

/** Geometric mean over all that an arm showed, as it is compared. */
function readingOf({ evidence }: GaugeState, arm: ArmName, instances: number): Finding["canary"] {
  const values = evidence.blocks.flatMap((block) => block[arm].map(({ value }) => value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { n: values.length, value: values.length === 0 ? null : Math.exp(mean), unit: "", instances };
}

/** The ratio that is not yet harm, in the direction that is worse. */
function toleratedOf({ worse, tolerance }: GaugeLimits): number {
  return worse === "higher" ? tolerance : 1 / tolerance;
}

function ratiosOf(interval: GaugeConclusion["interval"]): Finding["interval"] {
  return interval === null ? null : [Math.exp(interval[0]), Math.exp(interval[1])];
}

/** The conclusion on a gauge: it can show harm, and is never needed for a promotion. */
export function concludeGaugeSignal(state: GaugeState, context: FoldContext): Concluded {
  const { signal, evidence, chance } = state;
  const limits = limitsOf(signal, context.policy);
  if (limits === null) throw new Error(`the policy names no gauge ${signal.metric}`);
  const said = concludeGauge(evidence, planOf(signal, limits, context, chance));
  const hasEvidence = said.effect !== null;
  const conclusion = concludes({ hasEvidence, logHarm: said.logHarm, logSafe: null, signal, context });
  const harm = hasEvidence ? said.logHarm : null;
  const canary = readingOf(state, "canary", said.canaryInstances);
  const baseline = readingOf(state, "baseline", said.baselineInstances);
  return {
    signal,
    logHarm: harm,
    logSafe: null,
    deadlineP: null,
    overLimit: null,
    unprovable: null,
    finding: {
      ...frame(signal),
      conclusion,
      why: sentence(state, { conclusion, canary, baseline, said, tolerated: toleratedOf(limits) }),
      canary,
      baseline,
      effect: said.effect === null ? null : Math.exp(said.effect),
      interval: ratiosOf(said.interval),
      tolerance: toleratedOf(limits),
      margin: null,
      marginWhy: null,
      evidence: {
        ...evidenceOf(signal, context, { harm, safe: null, tiles: evidence.blocks.length }),
        tileMs: blockMsOf(context.counts.tileMs),
      },
    },
  };
}

function sentence(
  { signal, evidence }: GaugeState,
  given: {
    readonly conclusion: Conclusion;
    readonly canary: Finding["canary"];
    readonly baseline: Finding["canary"];
    readonly said: GaugeConclusion;
    readonly tolerated: number;
  },
): string {
  const { conclusion, canary, baseline, said } = given;
  if (said.effect === null) {
    return evidence.blocks.length === 0 && evidence.blocksSkipped > 0
      ? `${signal.metric} unknown: no minute in which both versions sent a value above zero`
      : `${signal.metric} unknown: its noise is known after five minutes of both versions; there are ${evidence.blocks.length}`;
  }
  const shown = ({ value }: Finding["canary"]): string => (value === null ? "unknown" : sayValue(value, ""));
  const facts = `${signal.metric}: ${shown(canary)} in ${sayCount(canary.instances, "canary instance")} against ${shown(baseline)} in ${sayCount(baseline.instances, "baseline instance")}`;
  const interval = ratiosOf(said.interval);
  const ratio = `${sayRatio(Math.exp(said.effect))}${interval === null ? "" : ` (interval ${sayInterval(interval)})`}`;
  const tolerated = `${sayRatio(given.tolerated)} is tolerated`;
  return conclusion === "worse"
    ? `${facts}, ${ratio}; up to ${tolerated}`
    : `${facts}, ${ratio}; harm is not shown (${tolerated})`;
}
