import { chanceOf } from "./chance.ts";
import { playHaldane, policyOf, pollSeconds } from "./haldane.ts";
import { playRivals } from "./rivals.ts";
import type { Scenario } from "./scenario.ts";
import { drawStream, horizonSeconds, windows, type Stream } from "./stream.ts";

/** What a change would bring, read on the same streams. */
export interface WhatIf {
  readonly question: string;
  readonly scenario: string;
  readonly replicates: number;
  readonly rows: readonly { readonly what: string; readonly found: number; readonly ratio: number | null }[];
}

const settleSeconds = 10;

/** A reading of the evidence: the log e-value at a poll reaches what it needs. */
export type Reach = (sealed: number) => boolean;

/** Canary requests in sealed windows when a reading is reached, polled every ten seconds; the whole hour where it never is. */
function requestsUntil(stream: Stream, reach: Reach): { readonly found: boolean; readonly requests: number } {
  let requests = 0;
  let counted = 0;
  for (let second = pollSeconds; second <= horizonSeconds; second += pollSeconds) {
    const sealed = Math.min(windows, (second - settleSeconds) / 5);
    for (; counted < sealed; counted += 1) requests += stream.counts.canary.n[counted]!;
    if (reach(sealed)) return { found: true, requests };
  }
  return { found: false, requests };
}

export interface Step {
  readonly what: string;
  readonly reach: (stream: Stream) => Reach;
}

/** Plays replicates of one scenario: the oracle, the steps, and the engine itself. */
export function ladder(
  scenario: Scenario,
  question: string,
  steps: readonly Step[],
  replicates: number,
): WhatIf {
  const policy = policyOf(scenario.policy);
  const sums = ["the oracle", ...steps.map(({ what }) => what), "the engine as it is"].map((what) => ({
    what,
    found: 0,
    requests: 0,
  }));
  for (let replicate = 0; replicate < replicates; replicate += 1) {
    const stream = drawStream(scenario.world, chanceOf(scenario.id, replicate));
    const { sprt } = playRivals(stream, scenario, policy.alpha);
    const engine = playHaldane(stream, policy);
    const until = (second: number | null): Reach => {
      const sealed = second === null ? Infinity : (second - settleSeconds) / 5;
      return (at) => at >= sealed;
    };
    const reaches = [
      until(sprt),
      ...steps.map(({ reach }) => reach(stream)),
      until(engine.word === "rollback" ? engine.at : null),
    ];
    reaches.forEach((reach, i) => {
      const { found, requests } = requestsUntil(stream, reach);
      sums[i]!.found += found ? 1 : 0;
      sums[i]!.requests += requests;
    });
  }
  const oracle = sums[0]!.requests;
  return {
    question,
    scenario: scenario.name,
    replicates,
    rows: sums.map(({ what, found, requests }) => ({
      what,
      found: found / replicates,
      ratio: oracle > 0 ? requests / oracle : null,
    })),
  };
}
