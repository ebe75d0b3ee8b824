import { expect, test } from "vitest";
import { decide } from "#engine/decide.ts";
import { operate } from "#engine/operate.ts";
import { defaultPolicy } from "#engine/policy.ts";
import { analysisOf, commandOf, t0 } from "#test/conformance/control-fixtures.ts";

const analysis = analysisOf("a1", {
  phase: { phase: "ending", as: "promoted", since: t0 },
  terminal: { word: "promote", at: t0 },
});

function afterRefusalOf(kind: "promote" | "rollback"): typeof analysis {
  const newest = {
    command: commandOf("a1-2", 2, { kind }),
    status: "rejected",
    attempts: 1,
    createdAt: t0,
    nextAt: t0,
    sentAt: t0,
    confirmedAt: null,
    confirmations: 0,
    lastError: "answered 400",
  } as const;
  const decision = decide({ analysis, policy: defaultPolicy, outcome: null, newest, now: t0 + 5000 });
  return { ...analysis, phase: decision.phase, action: decision.action };
}

test("a promotion that the controller refuses is held and says why; the verdict stands", () => {
  const held = afterRefusalOf("promote");
  expect(held.phase).toMatchObject({ phase: "held", step: defaultPolicy.steps.length - 1 });
  expect(held.action.kind).toBe("hold");
  expect(held.action.text).toContain("answered 400");
  expect(held.terminal?.word).toBe("promote");
});

test.each([
  { deed: "promote", canaryWeight: 100 },
  { deed: "abort", canaryWeight: 0 },
] as const)(
  "an operator ends it by $deed, and the verdict stays the one it had",
  ({ deed, canaryWeight }) => {
    const done = operate(
      afterRefusalOf("promote"),
      { deed, actor: "ann", reason: "router repaired" },
      t0 + 9000,
    );
    if (!done.ok) throw new Error(done.error.message);
    expect(done.value.wish?.canaryWeight).toBe(canaryWeight);
    expect(done.value.analysis.terminal).toEqual({ word: "promote", at: t0 });
  },
);

test("a rollback is never held", () => {
  expect(afterRefusalOf("rollback").phase.phase).toBe("ending");
});
