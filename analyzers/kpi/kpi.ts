import { concludeDifference, differenceGrid } from "#analyzers/stats/difference-evidence.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { logSpaced } from "#analyzers/stats/ratio-grid.ts";
import { twoByTwoLogE, type TwoByTwo } from "#analyzers/stats/two-by-two.ts";

/** Users (not requests) of both arms in one bucket of time, and how many of them did what is wanted. */
export interface KpiBucket extends TwoByTwo {
  /** Number of the bucket; late rows may come under a number of their own beyond all others. */
  readonly at: number;
}

/** All buckets so far, ascending: plain data, the same in any order of folding. */
export interface KpiEvidence {
  readonly buckets: readonly KpiBucket[];
}

/** Buckets kept; beyond it counts go to the newest one. */
export const kpiBucketsKept = 1440;

export function emptyKpi(): KpiEvidence {
  return { buckets: [] };
}

function together(a: KpiBucket, b: KpiBucket): KpiBucket {
  return {
    at: a.at,
    canaryN: a.canaryN + b.canaryN,
    canaryX: a.canaryX + b.canaryX,
    baselineN: a.baselineN + b.baselineN,
    baselineX: a.baselineX + b.baselineX,
  };
}

/** Adds one bucket; order does not matter, counts under one number are added. */
export function foldKpi({ buckets }: KpiEvidence, bucket: KpiBucket): KpiEvidence {
  const last = buckets[buckets.length - 1];
  const full = buckets.length >= kpiBucketsKept && last !== undefined;
  const known = buckets.findIndex(({ at }) => at === bucket.at);
  const place = known !== -1 ? known : full ? buckets.length - 1 : -1;
  if (place !== -1)
    return { buckets: buckets.map((each, i) => (i === place ? together(each, bucket) : each)) };
  return { buckets: [...buckets, bucket].sort((a, b) => a.at - b.at) };
}

/** How a share of which more is better is judged. Ratios are canary / baseline. */
export interface KpiPlan {
  readonly alphaUsed: number;
  readonly alpha: number;
  readonly beta: number;
  /** Ratio below 1 that is not yet harm, such as 1. */
  readonly tolerance: number;
  /** Ratio that promotion must exceed, such as 0.98; null where the share is not guarded. */
  readonly margin: number | null;
  /** Share before the first bucket (history), and the users that it weighs. */
  readonly priorShare: number;
  readonly priorUsers: number;
  /** Spread of the log ratio between equal deployments, and its degrees of freedom; 0 = users alone differ: the exact tier. */
  readonly tau: number;
  readonly tauDegrees: number;
}

export interface KpiConclusion {
  readonly logHarm: number;
  readonly logSafe: number | null;
  /** canary share / baseline share; null where either is 0. */
  readonly effect: number | null;
  /** Anytime-valid interval for the ratio; null in the exact tier and while nothing is excluded. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly canaryShare: number | null;
  readonly baselineShare: number | null;
  readonly bucketsUsed: number;
}

/** Odds ratios beyond the edge of the null that are looked for: 2 % to 3 times. */
const oddsRatios = logSpaced(0.02, 1.1, 16).map(Math.exp);
const sharesWithin = 1e-6;

function inside(share: number): number {
  return Math.min(1 - sharesWithin, Math.max(sharesWithin, share));
}

/**
 * ln E against "first share <= rho times the second", at every time: for each odds ratio the 2x2 e-variables of all buckets
 * multiply, the second arm's share foretold from earlier buckets only; then the mean over odds ratios.
 */
function logExact(buckets: readonly TwoByTwo[], rho: number, { priorShare, priorUsers }: KpiPlan): number {
  const sums = oddsRatios.map(() => 0);
  let users = priorUsers;
  let wanted = priorUsers * priorShare;
  for (const bucket of buckets) {
    const baseline = inside(wanted / users);
    const atEdge = inside(rho * baseline);
    oddsRatios.forEach((times, j) => {
      const odds = (times * atEdge) / (1 - atEdge);
      sums[j] = (sums[j] ?? 0) + twoByTwoLogE(bucket, { canary: odds / (1 + odds), baseline, rho });
    });
    users += bucket.baselineN;
    wanted += bucket.baselineX;
  }
  return logSumExp(sums) - Math.log(sums.length);
}

function swapped({ canaryN, canaryX, baselineN, baselineX }: TwoByTwo): TwoByTwo {
  return { canaryN: baselineN, canaryX: baselineX, baselineN: canaryN, baselineX: canaryX };
}

/**
 * Score and information of the log ratio, bucket by bucket given its total: x_c - k q over the variance of a common
 * outcome, (1 - p) times Poisson's, with p foretold from earlier buckets.
 */
function ratioScore(buckets: readonly TwoByTwo[], { priorShare, priorUsers }: KpiPlan) {
  let score = 0;
  let information = 0;
  let users = priorUsers;
  let wanted = priorUsers * priorShare;
  for (const { canaryN, canaryX, baselineN, baselineX } of buckets) {
    const rarer = 1 - inside(wanted / users);
    if (canaryN > 0 && baselineN > 0) {
      const total = canaryX + baselineX;
      const q = canaryN / (canaryN + baselineN);
      score += (canaryX - total * q) / rarer;
      information += (total * q * (1 - q)) / rarer;
    }
    users += canaryN + baselineN;
    wanted += canaryX + baselineX;
  }
  return { score, information };
}

const grid = differenceGrid(0.002);

/**
 * What the buckets say on a share of which more is better (conversion, check-outs). Without a spread between deployments the
 * exact 2x2 tier (E2), harm with the arms exchanged; with one, the Gaussian tier (E3) on the log ratio with a Student
 * null, valid on average over deployments and for many users. Outcomes that come late need one window of attribution in both arms.
 */
export function concludeKpi({ buckets }: KpiEvidence, plan: KpiPlan): KpiConclusion {
  let sum: TwoByTwo = { canaryN: 0, canaryX: 0, baselineN: 0, baselineX: 0 };
  for (const bucket of buckets) sum = together({ at: 0, ...sum }, bucket);
  const canaryShare = sum.canaryN > 0 ? sum.canaryX / sum.canaryN : null;
  const baselineShare = sum.baselineN > 0 ? sum.baselineX / sum.baselineN : null;
  const both = canaryShare !== null && baselineShare !== null && canaryShare > 0 && baselineShare > 0;
  const seen = {
    effect: both ? canaryShare / baselineShare : null,
    canaryShare,
    baselineShare,
    bucketsUsed: buckets.length,
  };
  const { tolerance, margin, tau, tauDegrees } = plan;
  if (tau === 0) {
    const exchanged = buckets.map(swapped);
    return {
      ...seen,
      logHarm: logExact(exchanged, 1 / tolerance, plan),
      logSafe: margin === null ? null : logExact(buckets, margin, plan),
      interval: null,
    };
  }
  const { score, information } = ratioScore(buckets, plan);
  const said = concludeDifference(
    grid,
    { score: -score, information },
    {
      ...plan,
      tolerance: -Math.log(tolerance),
      margin: margin === null ? null : -Math.log(margin),
      degrees: tauDegrees,
    },
  );
  const interval =
    said.interval === null ? null : ([Math.exp(-said.interval[1]), Math.exp(-said.interval[0])] as const);
  return { ...seen, logHarm: said.logHarm, logSafe: said.logSafe, interval };
}
