import { rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import { normalQuantile } from "#analyzers/stats/normal.ts";
import { bins, binShares, binWidth, firstBin } from "./duration-shape.ts";
import { kayentaLoop } from "./kayenta-loop.ts";
import { minutePoints } from "./minutes.ts";
import type { Scenario } from "./scenario.ts";
import { horizonSeconds, windows, type Stream } from "./stream.ts";

export const rivalNames = ["kayenta", "flagger", "argo", "z", "asympcs", "sprt"] as const;
export type RivalName = (typeof rivalNames)[number];

/** Second at which each would have rolled back, null where it did not. */
export type RivalVerdicts = Readonly<Record<RivalName, number | null>>;

/** Sealing takes the rivals as long as the engine: they read the same windows at the same polls. */
const settleSeconds = 10;
const pollSeconds = 10;

/** Running sums of one arm over the windows sealed at a poll. */
interface Totals {
  n: number;
  x: number;
  logSum: number;
  logSquares: number;
}

/** What a test sees at a poll. */
interface Poll {
  readonly second: number;
  readonly canary: Totals;
  readonly baseline: Totals;
  /** Log-likelihood ratio of the oracle, which knows the effect. */
  readonly logRatio: number;
}

const logCentres = Float64Array.from({ length: bins }, (_, bin) => (firstBin + bin + 0.5) * binWidth);

/** Every rival on one stream, at one level for those that have one. */
export function playRivals(stream: Stream, scenario: Scenario, alpha: number): RivalVerdicts {
  const canary = minutePoints(stream, "canary");
  const baseline = minutePoints(stream, "baseline");
  const zNeeded = normalQuantile(1 - alpha);
  const rho = asympCsRho(alpha);
  const first: Record<"z" | "asympcs" | "sprt", number | null> = { z: null, asympcs: null, sprt: null };
  const oracle = oracleOf(scenario);
  eachPoll(stream, oracle, (poll) => {
    const errors = errorDifference(poll);
    const speed = stream.histograms === null ? null : speedDifference(poll);
    const isFar = ({ difference, pooledError }: Difference): boolean => difference > zNeeded * pooledError;
    const isOut = ({ difference, error, n }: Difference): boolean =>
      difference > asympCsHalfWidth(error * Math.sqrt(n), n, rho, alpha);
    const found = [errors, speed].filter((one) => one !== null);
    if (found.some(isFar)) first.z ??= poll.second;
    if (found.some(isOut)) first.asympcs ??= poll.second;
    if (oracle !== null && poll.logRatio >= -Math.log(alpha)) first.sprt ??= poll.second;
  });
  const kayenta = [
    kayentaLoop(canary.errorShare, baseline.errorShare),
    canary.p99 === null || baseline.p99 === null ? null : kayentaLoop(canary.p99, baseline.p99),
  ];
  const flagger = [
    checksFailed(canary.errorShare, 0.01, 5),
    canary.p99 === null ? null : checksFailed(canary.p99, 0.5, 5),
  ];
  return {
    kayenta: earliest(kayenta),
    flagger: earliest(flagger),
    argo: earliest([checksFailed(canary.errorShare, 0.05, 4)]),
    ...first,
  };
}

function earliest(found: readonly (number | null)[]): number | null {
  const known = found.filter((minute) => minute !== null);
  return known.length === 0 ? null : Math.min(...known) * 60 + settleSeconds;
}

/** The minute at which so many minutes, not in a row, were above the limit. */
function checksFailed(points: Float64Array, limit: number, failures: number): number | null {
  let failed = 0;
  for (const [at, point] of points.entries()) {
    if (point > limit) failed += 1;
    if (failed === failures) return at + 1;
  }
  return null;
}

interface Difference {
  readonly difference: number;
  readonly error: number;
  readonly pooledError: number;
  readonly n: number;
}

/** Nothing can be said of an arm without requests, nor of a canary without an error. */
function errorDifference({ canary, baseline }: Poll): Difference | null {
  if (canary.x < 1 || baseline.n === 0) return null;
  const pc = canary.x / canary.n;
  const pb = baseline.x / baseline.n;
  const pooled = (canary.x + baseline.x) / (canary.n + baseline.n);
  return {
    difference: pc - pb,
    error: Math.sqrt((pc * (1 - pc)) / canary.n + (pb * (1 - pb)) / baseline.n),
    pooledError: Math.sqrt(pooled * (1 - pooled) * (1 / canary.n + 1 / baseline.n)),
    n: canary.n + baseline.n,
  };
}

/** Of the means of the logarithms of durations. */
function speedDifference({ canary, baseline }: Poll): Difference | null {
  if (canary.n < 30 || baseline.n < 30) return null;
  const meanOf = ({ n, logSum }: Totals): number => logSum / n;
  const varianceOf = (arm: Totals): number => arm.logSquares / arm.n - meanOf(arm) ** 2;
  const error = Math.sqrt(varianceOf(canary) / canary.n + varianceOf(baseline) / baseline.n);
  return {
    difference: meanOf(canary) - meanOf(baseline),
    error,
    pooledError: error,
    n: canary.n + baseline.n,
  };
}

/** Requests at which A/B services tune the sequence. */
const tunedFor = 5000;

function asympCsRho(alpha: number): number {
  const a = -2 * Math.log(2 * alpha);
  return Math.sqrt((a + Math.log(a + 1)) / tunedFor);
}

/** One-sided half width of the asymptotic confidence sequence (Waudby-Smith and others, arXiv 2103.06476). */
function asympCsHalfWidth(deviation: number, n: number, rho: number, alpha: number): number {
  const grown = n * rho * rho + 1;
  return deviation * Math.sqrt(((2 * grown) / (n * rho) ** 2) * Math.log(1 + Math.sqrt(grown) / (2 * alpha)));
}

/** What the oracle knows: the ratio of error shares, or the two distributions of durations; null where nothing differs. */
type Oracle = { readonly theta: number } | { readonly logRatios: Float64Array } | null;

function oracleOf({ theta, world, truth }: Scenario): Oracle {
  if (theta !== null) return theta > 1 && truth !== "pastMargin" ? { theta } : null;
  const [operation] = world.operations;
  if (operation === undefined || world.operations.length > 1 || operation.slowness.kind === "none")
    return null;
  const slow = binShares(operation.slowness, 0);
  const plain = binShares({ kind: "none" }, 0);
  return {
    logRatios: slow.map((share, bin) =>
      share > 1e-12 && plain[bin]! > 1e-12 ? Math.log(share / plain[bin]!) : share > 1e-12 ? 20 : 0,
    ),
  };
}

function eachPoll(stream: Stream, oracle: Oracle, visit: (poll: Poll) => void): void {
  const canary = { n: 0, x: 0, logSum: 0, logSquares: 0 };
  const baseline = { n: 0, x: 0, logSum: 0, logSquares: 0 };
  let logRatio = 0;
  let sealed = 0;
  for (let second = pollSeconds; second <= horizonSeconds; second += pollSeconds) {
    for (const upTo = Math.min(windows, (second - settleSeconds) / 5); sealed < upTo; sealed += 1) {
      add(canary, stream, "canary", sealed);
      add(baseline, stream, "baseline", sealed);
      if (oracle !== null) logRatio += oracleIncrement(stream, oracle, sealed);
    }
    visit({ second, canary, baseline, logRatio });
  }
}

function add(totals: Totals, stream: Stream, side: "canary" | "baseline", at: number): void {
  totals.n += stream.counts[side].n[at]!;
  totals.x += stream.counts[side].x[at]!;
  if (stream.histograms === null) return;
  const histogram = stream.histograms[side];
  for (let bin = 0; bin < bins; bin += 1) {
    const count = histogram[at * bins + bin]!;
    if (count === 0) continue;
    totals.logSum += count * logCentres[bin]!;
    totals.logSquares += count * logCentres[bin]! ** 2;
  }
}

function oracleIncrement({ counts, histograms }: Stream, oracle: NonNullable<Oracle>, at: number): number {
  if ("theta" in oracle) {
    const bucket = {
      canaryN: counts.canary.n[at]!,
      canaryX: counts.canary.x[at]!,
      baselineN: counts.baseline.n[at]!,
      baselineX: counts.baseline.x[at]!,
    };
    return bucket.canaryN > 0 && bucket.baselineN > 0
      ? rateLogIncrement(bucket, { theta: oracle.theta, theta0: 1, slack: 0 })
      : 0;
  }
  let sum = 0;
  for (let bin = 0; bin < bins; bin += 1)
    sum += (histograms?.canary[at * bins + bin] ?? 0) * oracle.logRatios[bin]!;
  return sum;
}
