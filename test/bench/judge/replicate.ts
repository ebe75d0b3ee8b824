import { chanceOf } from "./chance.ts";
import { playHaldane, policyOf, type HaldaneVerdict } from "./haldane.ts";
import { playRivals, type RivalVerdicts } from "./rivals.ts";
import type { Scenario } from "./scenario.ts";
import { drawStream, horizonSeconds, type Stream } from "./stream.ts";

/** All that one stream told. */
export interface Outcome {
  readonly haldane: HaldaneVerdict;
  readonly rivals: RivalVerdicts;
  /** Canary requests in sealed windows at the end, at the oracle's end, and at the proof. */
  readonly requests: { readonly verdict: number; readonly oracle: number; readonly proof: number | null };
  /** Failed canary requests until the end. */
  readonly failedServed: number;
  readonly drawMs: number;
  readonly engineMs: number;
}

const settleSeconds = 10;

function sumTo(values: Float64Array, second: number): number {
  const end = Math.min(values.length, Math.max(0, Math.floor((second - settleSeconds) / 5)));
  let sum = 0;
  for (let at = 0; at < end; at += 1) sum += values[at]!;
  return sum;
}

/** Draws one replicate and plays every method on the same stream. */
export function playReplicate(scenario: Scenario, replicate: number): Outcome {
  const started = performance.now();
  const stream: Stream = drawStream(scenario.world, chanceOf(scenario.id, replicate));
  const drawn = performance.now();
  const policy = policyOf(scenario.policy);
  const haldane = playHaldane(stream, policy);
  const judged = performance.now();
  const rivals = playRivals(stream, scenario, policy.alpha);
  const { n, x } = stream.counts.canary;
  return {
    haldane,
    rivals,
    requests: {
      verdict: sumTo(n, haldane.at),
      oracle: sumTo(n, rivals.sprt ?? horizonSeconds),
      proof: haldane.provenAt === null ? null : sumTo(n, haldane.provenAt),
    },
    failedServed: sumTo(x, haldane.at + settleSeconds),
    drawMs: drawn - started,
    engineMs: judged - drawn,
  };
}
