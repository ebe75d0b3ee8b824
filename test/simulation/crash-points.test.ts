import { describe, expect, test } from "vitest";
import type { Analysis } from "#model/analysis.ts";
import { quiet, type Plan } from "./plan.ts";
import { simulate, type Outcome } from "./simulation.ts";

/** Seeds whose plans hold canaries that are promoted, rolled back for harm and for silence, and never seen. */
const seeds = [3, 4, 7, 12];
const calm: Partial<Plan> = { ...quiet, restartMs: 0 };
/** HALDANE_PROOF=full ends each seed at every one of its saves, on both sides of the transaction. */
const full = process.env["HALDANE_PROOF"] === "full";
/** Otherwise at so many, spread over all of them, the sides in turn. */
const ends = 40;

/** Where a run of so many saves is ended. */
function crashPoints(saves: number): readonly { readonly save: number; readonly side: "before" | "after" }[] {
  if (!full) {
    return Array.from({ length: ends }, (_, at) => ({
      save: 1 + Math.floor((at / ends) * saves),
      side: at % 2 === 0 ? "before" : "after",
    }));
  }
  return Array.from({ length: 2 * saves }, (_, at) => ({
    save: 1 + Math.floor(at / 2),
    side: at % 2 === 0 ? "before" : "after",
  }));
}

/** All that telemetry decides: the verdict, when it was given, the weights and the evidence. */
function concluded({ analyses }: Outcome): unknown {
  return analyses.map(({ service, attempt, terminal, phase, weights, findings }: Analysis) => ({
    service,
    attempt,
    terminal,
    phase: "as" in phase ? phase.as : phase.phase,
    weights: weights.map(({ canaryWeight }) => canaryWeight),
    evidence: findings.map(({ signal, conclusion, evidence, effect }) => ({
      signal,
      conclusion,
      evidence,
      effect,
    })),
  }));
}

describe("the same telemetry gives the same verdict", () => {
  test.each(seeds)(
    "wherever the process ends and starts again (seed %i)",
    async (seed) => {
      const whole = await simulate(seed, { plan: calm });
      expect(whole.violations).toEqual([]);
      for (const { save, side } of crashPoints(whole.saves)) {
        const outcome = await simulate(seed, { plan: { ...calm, crashAt: { save, side } } });
        expect(outcome.violations, `${side} save ${save}`).toEqual([]);
        expect(outcome.crashes, `${side} save ${save}`).toBe(1);
        expect(concluded(outcome), `${side} save ${save}`).toEqual(concluded(whole));
      }
    },
    1_200_000,
  );

  test.each(seeds)("however often each export comes (seed %i)", async (seed) => {
    const once = await simulate(seed, { plan: calm });
    const often = await simulate(seed, { plan: { ...calm, twice: 0.7 } });
    expect(often.violations).toEqual([]);
    expect(concluded(often)).toEqual(concluded(once));
  });
});
