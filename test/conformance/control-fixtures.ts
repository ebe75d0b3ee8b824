import type { Commit, ControlStore, StoredAnalysis } from "#engine/ports.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Command } from "#model/command.ts";
import type { VerdictWord } from "#model/verdict.ts";

export const t0 = 1_700_000_000_000;

export function analysisOf(id: string, changes: Partial<Analysis> = {}): Analysis {
  return {
    id,
    service: "shop/checkout",
    environment: "prod",
    canary: { asked: "1.1.0", deploymentIds: [2], label: "1.1.0" },
    baseline: { asked: "1.0.0", deploymentIds: [1], label: "1.0.0" },
    attempt: 1,
    mode: "act",
    policy: "default",
    policyVersion: 1,
    controller: "router",
    opened: t0,
    openedBy: "api",
    phase: { phase: "moving", step: 0, since: t0 },
    weights: [],
    terminal: null,
    verdict: {
      word: "continue",
      terminal: false,
      at: t0,
      validUntil: t0 + 10_000,
      reasons: [{ code: "collecting", text: "evidence is being collected" }],
    },
    action: { kind: "climb", text: "the canary takes 25 %" },
    findings: [],
    ...changes,
  };
}

export function ended(id: string, changes: Partial<Analysis> = {}): Analysis {
  return analysisOf(id, { phase: { phase: "ended", as: "rolledBack", since: t0 }, ...changes });
}

export function concluded(id: string, word: VerdictWord, at = t0 + 1): Analysis {
  return analysisOf(id, { terminal: { word, at } });
}

export function commandOf(id: string, generation: number, changes: Partial<Command> = {}): Command {
  return {
    id,
    analysisId: "a1",
    controller: "router",
    service: "shop/checkout",
    environment: "prod",
    canary: "1.1.0",
    baseline: "1.0.0",
    canaryWeight: 25,
    baselineWeight: 75,
    generation,
    kind: "step",
    reason: "the first step",
    ...changes,
  };
}

export function rollbackOf(id: string, generation: number, changes: Partial<Command> = {}): Command {
  return commandOf(id, generation, { kind: "rollback", canaryWeight: 0, baselineWeight: 100, ...changes });
}

export function commitOf(analysis: Analysis, changes: Partial<Commit> = {}): Commit {
  return {
    analysis,
    engineState: "{}",
    at: t0,
    changed: false,
    commands: [],
    intervals: [],
    note: null,
    ...changes,
  };
}

/** Opens an analysis with a first step of its own; returns what the store answered. */
export function openIn(
  store: ControlStore,
  analysis: Analysis,
  changes: Partial<Commit> = {},
): ReturnType<ControlStore["open"]> {
  const stored: StoredAnalysis = { analysis, engineState: "{}", policyText: "policy" };
  return store.open(stored, commitOf(analysis, changes), null);
}
