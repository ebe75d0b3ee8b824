import { eBenjaminiHochberg } from "#analyzers/stats/e-benjamini-hochberg.ts";
import { logSumExp } from "#analyzers/stats/log-sum-exp.ts";
import { rateLogIncrement } from "#analyzers/stats/rate-likelihood.ts";
import type { Conclusion } from "#model/finding.ts";

/** What a structured log record carries; each is counted for itself. */
export const hygieneParts = ["severity", "trace", "serviceIdentity", "parseableBody"] as const;
export type HygienePart = (typeof hygieneParts)[number];

/** Log records of one arm, and how many of them carry each part. */
export interface HygieneCounts {
  readonly records: number;
  readonly withSeverity: number;
  readonly withTrace: number;
  readonly withServiceIdentity: number;
  readonly parseableBody: number;
}

export const noHygieneCounts: HygieneCounts = {
  records: 0,
  withSeverity: 0,
  withTrace: 0,
  withServiceIdentity: 0,
  parseableBody: 0,
};

/** Shares of the records of one arm that carry each part, 0 to 1; null where there are no records. */
export type HygieneShares = Readonly<Record<HygienePart, number | null>>;

/** What became of one part in the canary. */
export interface HygieneFinding {
  readonly part: HygienePart;
  readonly baseline: number | null;
  readonly canary: number | null;
  /** `worse`: the share dropped; `open`: nothing that the counts show; `unknown`: too few records to tell. */
  readonly conclusion: Exclude<Conclusion, "notWorse">;
  /** ln of the e-value against "no drop beyond the tolerance"; null where it is unknown. */
  readonly logEvidence: number | null;
  readonly why: string;
}

export const hygieneRules = {
  /** Records that an arm must have. */
  leastRecords: 100,
  /** A drop of the share by no more than this is none. */
  tolerance: 0.02,
  /** Chance of a wrong one among the parts that are called worse. */
  falseShare: 0.05,
} as const;

/** One statement writes many records, all with a part or all without it: counts vary at least three times as much as independent ones. */
const dispersion = 3;
const ratios = [1.1, 1.25, 1.5, 2, 4, 16, 64];

const countOf: Readonly<Record<HygienePart, (counts: HygieneCounts) => number>> = {
  severity: (counts) => counts.withSeverity,
  trace: (counts) => counts.withTrace,
  serviceIdentity: (counts) => counts.withServiceIdentity,
  parseableBody: (counts) => counts.parseableBody,
};

interface Arm {
  readonly records: number;
  readonly count: number;
}

/** ln of the mean of the e-values, one a ratio, against "the first arm counts no more of its records than the second, and the tolerance". */
function logMore(first: Arm, second: Arm): number {
  const bucket = {
    canaryN: first.records / dispersion,
    canaryX: first.count / dispersion,
    baselineN: second.records / dispersion,
    baselineX: second.count / dispersion,
  };
  const each = ratios.map((theta) =>
    rateLogIncrement(bucket, { theta, theta0: 1, slack: hygieneRules.tolerance }),
  );
  return logSumExp(each) - Math.log(ratios.length);
}

/** A drop shows as records with the part that are fewer, or as records without it that are more: the mean of both e-values is one. */
function logDrop(baseline: Arm, canary: Arm): number {
  const without = ({ records, count }: Arm): Arm => ({ records, count: records - count });
  const both = [logMore(baseline, canary), logMore(without(canary), without(baseline))];
  return logSumExp(both) - Math.log(2);
}

/** The share of one arm's records that carries each part. */
export function hygieneShares(counts: HygieneCounts): HygieneShares {
  const share = (part: HygienePart): number | null =>
    counts.records === 0 ? null : countOf[part](counts) / counts.records;
  return {
    severity: share("severity"),
    trace: share("trace"),
    serviceIdentity: share("serviceIdentity"),
    parseableBody: share("parseableBody"),
  };
}

const percent = (share: number | null): string => (share === null ? "none" : `${(100 * share).toFixed(1)} %`);

/**
 * How well the records of both arms of one service follow structured logging, and where the canary's share dropped. Counts
 * are of one settled span of time, up to one stopping time; E1 of counts over the dispersion, and e-BH over the parts (Wang and
 * Ramdas 2022). Too few records of an arm leave every part unknown, never fine.
 */
export function compareHygiene(baseline: HygieneCounts, canary: HygieneCounts): readonly HygieneFinding[] {
  const shares = { baseline: hygieneShares(baseline), canary: hygieneShares(canary) };
  const few = (
    [
      ["baseline", baseline],
      ["canary", canary],
    ] as const
  ).find(([, counts]) => counts.records < hygieneRules.leastRecords);
  const arm = (counts: HygieneCounts, part: HygienePart): Arm => ({
    records: counts.records,
    count: countOf[part](counts),
  });
  const logs = hygieneParts.map((part) => logDrop(arm(baseline, part), arm(canary, part)));
  const worse = new Set(few === undefined ? eBenjaminiHochberg(logs, hygieneRules.falseShare) : []);
  return hygieneParts.map((part, at): HygieneFinding => {
    const said = { part, baseline: shares.baseline[part], canary: shares.canary[part] };
    if (few !== undefined) {
      const why = `the ${few[0]} has ${few[1].records} log records; ${hygieneRules.leastRecords} are needed`;
      return { ...said, conclusion: "unknown", logEvidence: null, why };
    }
    const conclusion = worse.has(at) ? "worse" : "open";
    const change = `from ${percent(said.baseline)} to ${percent(said.canary)} of the log records`;
    const why = conclusion === "worse" ? `dropped ${change}` : `no drop is shown ${change}`;
    return { ...said, conclusion, logEvidence: logs[at] ?? null, why };
  });
}
