import type { Finding } from "#model/finding.ts";
import type { Judgement } from "./judge.ts";
import type { Policy } from "./policy.ts";
import { sayCount, sayShare } from "./wording.ts";

/** The traffic split as a finding, where a share is declared or commanded. It can block a promotion; it shows no harm. */
export function splitFinding(
  { split, state }: Judgement,
  { policy }: { readonly policy: Policy },
): readonly Finding[] {
  if (split === null) return [];
  const { canary, baseline, declaredShare, deviates, logE } = split;
  const share = canary / (canary + baseline);
  const facts = `the canary got ${sayShare(share)} of ${sayCount(canary + baseline, "request")} while ${sayShare(declaredShare)} was set`;
  return [
    {
      signal: "split",
      kind: "split",
      operation: "",
      conclusion: deviates ? "worse" : "open",
      why: deviates
        ? `${facts}: more than ${sayShare(policy.split.tolerance)} of it off, so nothing is promoted`
        : `${facts}: within ${sayShare(policy.split.tolerance)} of it as far as can be told`,
      canary: { n: canary, value: share, unit: "share of traffic", instances: 0 },
      baseline: { n: baseline, value: 1 - share, unit: "share of traffic", instances: 0 },
      effect: share,
      interval: null,
      tolerance: declaredShare * (1 + policy.split.tolerance),
      margin: null,
      marginWhy: null,
      guarded: false,
      weight: 0,
      evidence: {
        harm: logE,
        harmNeeded: Math.log(1000),
        safe: null,
        safeNeeded: null,
        tiles: 0,
        tileMs: state.counts?.tileMs ?? 0,
      },
    },
  ];
}
