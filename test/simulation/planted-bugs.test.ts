import { afterEach, describe, expect, test, vi } from "vitest";
import { createOutbox, type OutboxTools } from "#control/outbox.ts";
import type * as concludeFile from "#engine/conclude-verdict.ts";
import type { VerdictInput, VerdictOutcome } from "#engine/conclude-verdict.ts";
import type * as decideFile from "#engine/decide.ts";
import type { DecideInput, Decision } from "#engine/decide.ts";
import type { Commit, ControlStore } from "#engine/ports.ts";
import type * as lookFile from "#engine/look.ts";
import type * as operateFile from "#engine/operate.ts";
import type { LookInput, LookOutcome } from "#engine/look.ts";
import type { Steps } from "#engine/steps.ts";
import { err, ok } from "#model/result.ts";
import type { Analysis } from "#model/analysis.ts";
import type { Command, CommandRecord } from "#model/command.ts";
import { noFaults } from "./faulty-router.ts";
import type { Plan } from "./plan.ts";
import { simulate, type Seams } from "./simulation.ts";

/** What stands in for a verb of the engine while a bug is planted; null is the real one. */
const planted = vi.hoisted(() => ({
  decide: null as null | ((real: (input: DecideInput) => Decision, input: DecideInput) => Decision),
  conclude: null as null | ((real: VerdictOutcome, input: VerdictInput) => VerdictOutcome),
  judged: null as null | ((input: VerdictInput) => VerdictInput),
  look: null as null | ((input: LookInput) => LookInput),
  operated: null as null | ((analysis: Analysis) => Analysis),
}));
vi.mock("#engine/decide.ts", async (original) => {
  const real = await original<typeof decideFile>();
  return {
    ...real,
    decide: (input: DecideInput) => planted.decide?.(real.decide, input) ?? real.decide(input),
  };
});
vi.mock("#engine/conclude-verdict.ts", async (original) => {
  const real = await original<typeof concludeFile>();
  return {
    ...real,
    concludeVerdict: (input: VerdictInput) => {
      const outcome = real.concludeVerdict(planted.judged?.(input) ?? input);
      return planted.conclude?.(outcome, input) ?? outcome;
    },
  };
});
vi.mock("#engine/look.ts", async (original) => {
  const real = await original<typeof lookFile>();
  return {
    ...real,
    lookInSteps: (input: LookInput): Steps<LookOutcome> => real.lookInSteps(planted.look?.(input) ?? input),
  };
});
vi.mock("#engine/operate.ts", async (original) => {
  const real = await original<typeof operateFile>();
  const operate: typeof real.operate = (analysis, ...rest) =>
    real.operate(planted.operated?.(analysis) ?? analysis, ...rest);
  return { ...real, operate };
});
/** A planted bug has to show within so many seeds. */
const seedsAtMost = 60;

afterEach(() => {
  Object.assign(planted, { decide: null, conclude: null, judged: null, look: null, operated: null });
});

/** The promise as it breaks in one of the first seeds; null where none of them shows the bug. */
async function caught(
  promise: string,
  given: { readonly seams?: Seams; readonly plan?: Partial<Plan> } = {},
): Promise<string | null> {
  for (let seed = 1; seed <= seedsAtMost; seed += 1) {
    const { violations } = await simulate(seed, given);
    if (violations.some((violation) => violation.promise === promise)) return promise;
  }
  return null;
}

function promoted({ verdict }: VerdictOutcome, code: "safe"): VerdictOutcome {
  return {
    verdict: { ...verdict, word: "promote", terminal: true, reasons: [{ code, text: "planted" }] },
    blocks: [],
    safe: true,
  };
}

/** A store that only some calls of differ. */
function storeWith(change: (store: ControlStore) => Partial<ControlStore>): Seams {
  return { control: (store) => ({ ...store, ...change(store) }) };
}

function asPending(command: Command, createdAt: number): CommandRecord {
  return {
    command,
    status: "pending",
    attempts: 0,
    createdAt,
    nextAt: createdAt,
    sentAt: null,
    confirmedAt: null,
    confirmations: 0,
    lastError: null,
  };
}

describe("the simulation catches a planted bug in what is concluded", () => {
  test("a promotion at the horizon", async () => {
    planted.conclude = (outcome) =>
      outcome.verdict.reasons.some(({ code }) => code === "deadline") ? promoted(outcome, "safe") : outcome;
    const promise = "no promotion without proof";
    expect(await caught(promise)).toBe(promise);
  });

  test("no harm seen taken for proof", async () => {
    planted.conclude = (outcome, { analysis }) =>
      outcome.verdict.word === "continue" &&
      outcome.blocks.length === 0 &&
      analysis.phase.phase === "watching"
        ? promoted(outcome, "safe")
        : outcome;
    const promise = "no promotion without proof";
    expect(await caught(promise)).toBe(promise);
  });

  test("silence taken for health, by both guards that know of it", async () => {
    planted.judged = (input) => {
      const { judgement, sealedTo } = input;
      const heard = { canaryLast: sealedTo, canaryServedTo: sealedTo };
      const integrity = { ...judgement.state.integrity, ...heard };
      return { ...input, judgement: { ...judgement, state: { ...judgement.state, integrity } } };
    };
    const promise = "silence is not health";
    expect(await caught(promise)).toBe(promise);
  });

  test("a verdict that is given again", async () => {
    planted.look = (input) => ({ ...input, analysis: { ...input.analysis, terminal: null } });
    const database: Seams["database"] = (db) => db.exec("DROP INDEX one_terminal");
    const promise = "never both";
    expect(await caught(promise, { seams: { database } })).toBe(promise);
  });
});

describe("the simulation catches a planted bug in what is decided", () => {
  test("a climb before the controller confirmed", async () => {
    planted.decide = (real, input) => {
      const { newest } = input;
      if (newest === null || newest.command.kind !== "step") return real(input);
      return real({ ...input, newest: { ...newest, status: "confirmed", confirmedAt: newest.createdAt } });
    };
    const promise = "a weight is judged only while in force";
    expect(await caught(promise)).toBe(promise);
  });

  test("a weight that drifted away and still counts", async () => {
    planted.decide = (real, input) => {
      const { newest } = input;
      if (newest === null || newest.confirmedAt === null) return real(input);
      return real({ ...input, newest: { ...newest, status: "confirmed" } });
    };
    const promise = "a weight is judged only while in force";
    expect(await caught(promise)).toBe(promise);
  });

  test("a step that is not served", async () => {
    planted.decide = (real, input) => {
      const steps = input.policy.steps.map((step) => ({ ...step, dwell: 0 }));
      return real({ ...input, policy: { ...input.policy, steps } });
    };
    const promise = "a weight is judged only while in force";
    expect(await caught(promise)).toBe(promise);
  });

  test("a step that is skipped", async () => {
    planted.decide = (real, input) => {
      const decision = real(input);
      const last = input.policy.steps.at(-1)!.weight;
      if (decision.wish?.kind !== "step") return decision;
      return { ...decision, wish: { ...decision.wish, canaryWeight: last, baselineWeight: 100 - last } };
    };
    const promise = "weights climb along the steps";
    expect(await caught(promise)).toBe(promise);
  });

  test("a rollback that leaves some traffic", async () => {
    planted.decide = (real, input) => {
      const decision = real(input);
      if (decision.wish?.kind !== "rollback") return decision;
      return { ...decision, wish: { ...decision.wish, canaryWeight: 5, baselineWeight: 95 } };
    };
    const promise = "rolled back means weight 0";
    expect(await caught(promise)).toBe(promise);
  });

  test("an end that nobody confirmed", async () => {
    planted.decide = (real, input) => {
      const decision = real(input);
      const { phase } = decision;
      return phase.phase === "ending" && input.analysis.phase.phase === "ending"
        ? { ...decision, phase: { ...phase, phase: "ended" } }
        : decision;
    };
    const promise = "ended means confirmed";
    expect(await caught(promise, { plan: { faults: { ...noFaults, unreachable: 0.5 } } })).toBe(promise);
  });

  test("a promotion that was refused and waits for ever", async () => {
    planted.decide = (real, input) => {
      const { newest } = input;
      if (newest?.status !== "rejected" || newest.command.kind !== "promote") return real(input);
      return real({ ...input, newest: { ...newest, status: "sent" } });
    };
    const promise = "every command is confirmed";
    expect(await caught(promise, { plan: { faults: { ...noFaults, refuse: 0.3 } } })).toBe(promise);
  });

  test("an operator's deed on what is over", async () => {
    planted.operated = (analysis) =>
      analysis.phase.phase === "ending"
        ? { ...analysis, phase: { phase: "watching", step: 0, since: analysis.opened } }
        : analysis;
    const deeds = (["promote", "abort", "promote", "abort"] as const).map((deed, at) => ({
      service: "svc1",
      atMs: 40_000 + 100 * at,
      deed,
    }));
    const promise = "never both";
    expect(await caught(promise, { plan: { deeds } })).toBe(promise);
  });
});

describe("the simulation catches a planted bug in what is done", () => {
  test("a router that obeys lower generations", async () => {
    const router: Seams["router"] = (planting) => {
      planting.obeysLowerGenerations = true;
    };
    const plan = { faults: { ...noFaults, late: 0.5 } };
    const promise = "a generation never goes down";
    expect(await caught(promise, { seams: { router }, plan })).toBe(promise);
  });

  test("a sender that does not drop older commands", async () => {
    const seams = storeWith((store) => {
      const known = new Set<string>();
      const sent = new Set<string>();
      return {
        commit: (commit) => {
          for (const { id } of commit.commands) known.add(id);
          return store.commit(commit);
        },
        open: (stored, commit, key) => {
          for (const { id } of commit.commands) known.add(id);
          return store.open(stored, commit, key);
        },
        dueCommands: (now, limit) => [
          ...[...known].flatMap((id) => {
            const record = store.command(id);
            if (record?.status !== "superseded" || sent.has(id)) return [];
            sent.add(id);
            return [record];
          }),
          ...store.dueCommands(now, limit),
        ],
      };
    });
    const promise = "a newer command takes the place of an older one";
    expect(await caught(promise, { seams })).toBe(promise);
  });

  test("an action before it is saved", async () => {
    const seams = storeWith((store) => {
      const unsaved: Commit[] = [];
      return {
        commit: (commit) => {
          unsaved.push(commit);
          return ok(null);
        },
        dueCommands: (now, limit) => {
          const early = unsaved.flatMap(({ commands, at }) =>
            commands.map((command) => asPending(command, at)),
          );
          return early.length > 0 ? early : store.dueCommands(now, limit);
        },
        standingCommands: () => {
          for (const commit of unsaved.splice(0)) store.commit(commit);
          return store.standingCommands();
        },
      };
    });
    const promise = "saved before acted";
    expect(await caught(promise, { seams })).toBe(promise);
  });

  test("a call that is not written down before it is made", async () => {
    const seams = storeWith(() => ({ markSent: () => undefined }));
    const promise = "saved before acted";
    expect(await caught(promise, { seams })).toBe(promise);
  });

  test("generations that start again with the process", async () => {
    const seams = storeWith(() => {
      const generations = new Map<string, number>();
      return {
        nextGeneration: (_controller, service) => {
          const next = (generations.get(service) ?? 0) + 1;
          generations.set(service, next);
          return next;
        },
      };
    });
    // The index over generations refuses it, and the process cannot go on.
    const promise = "nothing throws";
    expect(await caught(promise, { seams, plan: { kills: [35_000, 60_000] } })).toBe(promise);
  });

  test("a rollback that is given up", async () => {
    const seams = storeWith((store) => ({
      markOutcome: (id, outcome) => {
        const tries = store.command(id)?.attempts ?? 0;
        const given = outcome.status === "retry" && tries >= 3;
        store.markOutcome(id, given ? { status: "rejected", at: outcome.at, error: outcome.error } : outcome);
      },
    }));
    const promise = "every command is confirmed";
    expect(await caught(promise, { seams, plan: { faults: { ...noFaults, unreachable: 0.8 } } })).toBe(
      promise,
    );
  });

  test("a sender that does not start again with the process", async () => {
    let processes = 0;
    const outbox = (tools: OutboxTools): ReturnType<typeof createOutbox> => {
      processes += 1;
      const real = createOutbox(tools);
      return processes === 1 ? real : { ...real, start: () => undefined };
    };
    const promise = "every command is confirmed";
    expect(await caught(promise, { seams: { outbox }, plan: { kills: [35_000] } })).toBe(promise);
  });

  test("a lost answer taken for success", async () => {
    const controller: Seams["controller"] = (real) => {
      const asked = new Map<string, Command>();
      return {
        ...real,
        apply: async (command, signal) => {
          asked.set(command.service, command);
          await real.apply(command, signal);
          return ok(null);
        },
        read: (target) => {
          const command = asked.get(target.service);
          return Promise.resolve(
            command === undefined
              ? err({ tag: "unreachable", message: "unknown", retryAfterMs: null })
              : ok(command),
          );
        },
      };
    };
    const plan = { faults: { ...noFaults, unreachable: 0.5 } };
    const promise = "a weight is judged only while in force";
    expect(await caught(promise, { seams: { controller }, plan })).toBe(promise);
  });
});
