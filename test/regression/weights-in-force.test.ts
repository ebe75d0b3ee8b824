import { describe, expect, test } from "vitest";
import { decide, type Decision } from "#engine/decide.ts";
import type { VerdictOutcome } from "#engine/conclude-verdict.ts";
import { operate } from "#engine/operate.ts";
import { defaultPolicy } from "#engine/policy.ts";
import type { Analysis, Phase } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import { analysisOf, commandOf, t0 } from "#test/conformance/control-fixtures.ts";

const [first, second] = defaultPolicy.steps;
const served = t0 + 10 * first!.dwell;

function record(changes: Partial<CommandRecord> = {}): CommandRecord {
  return {
    command: commandOf("a1-1", 1, { canaryWeight: first!.weight, baselineWeight: 100 - first!.weight }),
    status: "confirmed",
    attempts: 1,
    createdAt: t0,
    nextAt: t0,
    sentAt: t0,
    confirmedAt: t0 + 50,
    confirmations: 3,
    lastError: null,
    ...changes,
  };
}

const watching: Partial<Analysis> = {
  phase: { phase: "watching", step: 0, since: t0 + 50 },
  weights: [{ canaryWeight: first!.weight, from: t0 + 50, to: null }],
};

const free: VerdictOutcome = {
  verdict: { word: "continue", terminal: false, at: served, validUntil: served, reasons: [] },
  blocks: [],
  safe: true,
};

function look(analysis: Analysis, newest: CommandRecord, now: number): Decision {
  return decide({ analysis, policy: defaultPolicy, outcome: free, newest, now });
}

function phaseAfter(decision: Decision): Phase["phase"] {
  return decision.phase.phase;
}

describe("a weight that a read-back no longer finds", () => {
  const drifted = record({ status: "pending", lastError: "drift: the controller has canary 0" });

  test("is not in force any more, and nothing climbs from it, however long its step was served before", () => {
    const decision = look(analysisOf("a1", watching), drifted, served);
    expect(decision.wish).toBeNull();
    expect(phaseAfter(decision)).toBe("moving");
    expect(decision.weights).toEqual([{ canaryWeight: first!.weight, from: t0 + 50, to: served }]);
  });

  test("serves its step anew once it is confirmed again", () => {
    const lost = look(analysisOf("a1", watching), drifted, served);
    const again = look(analysisOf("a1", { ...watching, ...lost }), record(), served + 5000);
    expect(again.wish).toBeNull();
    expect(again.phase).toEqual({ phase: "watching", step: 0, since: served + 5000 });
    const later = look(analysisOf("a1", { ...watching, ...again }), record(), served + 5000 + first!.dwell);
    expect(later.wish?.canaryWeight).toBe(second!.weight);
  });

  test("holds the analysis where the controller then refuses it", () => {
    const decision = look(analysisOf("a1", watching), record({ status: "rejected" }), served);
    expect(phaseAfter(decision)).toBe("held");
    expect(decision.weights.every(({ to }) => to !== null)).toBe(true);
  });
});

describe("a weight after which another is asked for", () => {
  test("ends with the wish, whenever the command is sent and however often", () => {
    const decision = look(analysisOf("a1", watching), record(), served);
    expect(decision.wish?.canaryWeight).toBe(second!.weight);
    expect(decision.weights).toEqual([{ canaryWeight: first!.weight, from: t0 + 50, to: served }]);
  });

  test("ends with an operator's wish too", () => {
    const done = operate(
      analysisOf("a1", watching),
      { deed: "abort", actor: "ann", reason: "enough" },
      t0 + 700,
    );
    expect(done.ok && done.value.analysis.weights[0]?.to).toBe(t0 + 700);
  });

  test("is not what a climb that was held before its confirmation resumes to", () => {
    const asked = look(analysisOf("a1", watching), record(), served);
    const analysis = analysisOf("a1", { ...watching, ...asked });
    const held = operate(analysis, { deed: "hold", actor: "ann", reason: "wait" }, served + 1);
    if (!held.ok) throw new Error(held.error.message);
    const resumed = operate(
      held.value.analysis,
      { deed: "resume", actor: "ann", reason: "go on" },
      served + 2,
    );
    expect(resumed.ok && resumed.value.analysis.phase).toMatchObject({ phase: "moving", step: 1 });
  });
});
