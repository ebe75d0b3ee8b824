import fc from "fast-check";
import { expect } from "vitest";
import type { ControlStore } from "#engine/ports.ts";
import type { IntervalPoint } from "#model/analysis.ts";
import type { VerdictWord } from "#model/verdict.ts";
import {
  analysisOf,
  commandOf,
  commitOf,
  concluded,
  ended,
  openIn,
  rollbackOf,
  t0,
} from "./control-fixtures.ts";

export interface ControlCheck {
  readonly title: string;
  readonly run: (store: ControlStore) => void;
}

const terminalWords: readonly VerdictWord[] = ["promote", "rollback", "inconclusive"];

/** Whatever is tried in whatever order, an analysis has one terminal verdict: the first. */
export const neverBoth: ControlCheck = {
  title: "an analysis has one terminal verdict, the first, whatever is tried after it",
  run: (store) => {
    let next = 0;
    const attempts = fc.array(fc.constantFrom(...terminalWords), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(attempts, (words) => {
        const id = `never-both-${next++}`;
        openIn(store, analysisOf(id, { mode: "report", service: id }));
        const first = words[0] ?? "promote";
        words.forEach((word, i) => {
          const result = store.commit(
            commitOf({ ...concluded(id, word, t0 + i), mode: "report", service: id }),
          );
          if (i === 0) expect(result.ok).toBe(true);
          else expect(result).toStrictEqual({ ok: false, error: { tag: "secondTerminal", stands: first } });
        });
        const given = store
          .history(id)
          .filter((entry) => (terminalWords as readonly string[]).includes(entry.word));
        expect(given.map((entry) => entry.word)).toStrictEqual([first]);
        expect(store.analysis(id)?.analysis.terminal).toStrictEqual({ word: first, at: t0 });
      }),
      { numRuns: 20 },
    );
  },
};

/** Decision 23. */
export const oneActing: ControlCheck = {
  title:
    "one analysis acts on a service and environment at a time; others may watch; the next may act when it has ended",
  run: (store) => {
    expect(openIn(store, analysisOf("a1")).ok).toBe(true);
    expect(openIn(store, analysisOf("a2"))).toStrictEqual({
      ok: false,
      error: { tag: "alreadyActing", analysisId: "a1" },
    });
    expect(store.analysis("a2")).toBeNull();
    expect(openIn(store, analysisOf("a3", { mode: "report" })).ok).toBe(true);
    expect(openIn(store, analysisOf("a4", { environment: "staging" })).ok).toBe(true);
    expect(store.commit(commitOf(analysisOf("a3", { mode: "act" }))).ok).toBe(false);
    store.commit(commitOf(ended("a1")));
    expect(openIn(store, analysisOf("a2")).ok).toBe(true);
  },
};

/** A lower generation of a target is never handed out once a higher one exists. */
export const superseding: ControlCheck = {
  title:
    "a command is never handed out once its target has a newer one, and stays superseded whatever its call says later",
  run: (store) => {
    openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 1), commandOf("c2", 2)] });
    expect(store.dueCommands(t0, 10).map((record) => record.command.id)).toStrictEqual(["c2"]);
    store.markSent("c2", t0);
    store.commit(commitOf(concluded("a1", "rollback"), { commands: [rollbackOf("c3", 3)] }));
    expect(store.dueCommands(t0, 10).map((record) => record.command.id)).toStrictEqual(["c3"]);
    store.markOutcome("c2", { status: "confirmed", at: t0, error: null });
    store.markOutcome("c2", { status: "retry", at: t0, nextAt: t0, error: "late" });
    expect(store.commands("a1").map((record) => record.status)).toStrictEqual([
      "superseded",
      "superseded",
      "pending",
    ]);
    expect(store.standingCommands()).toStrictEqual([]);
  },
};

const steps: readonly ControlCheck[] = [
  {
    title: "what was opened is read back, infinities included",
    run: (store) => {
      const finding = {
        ...{ signal: "errors", kind: "errors" as const, operation: "", conclusion: "open" as const, why: "" },
        ...{ tolerance: 1, margin: 1.5, marginWhy: null, guarded: true, weight: 1, effect: NaN },
        canary: { n: 1, value: null, unit: "1", instances: 1 },
        baseline: { n: 1, value: 0, unit: "1", instances: 1 },
        interval: [0, Infinity] as const,
        evidence: { harm: -Infinity, harmNeeded: 4, safe: null, safeNeeded: 4, tiles: 1, tileMs: 5000 },
      };
      const analysis = analysisOf("a1", { findings: [finding] });
      openIn(store, analysis, { engineState: '{"cuts":[1]}' });
      expect(store.analysis("a1")).toStrictEqual({
        analysis,
        engineState: '{"cuts":[1]}',
        policyText: "policy",
      });
      expect(store.openAnalyses().map((one) => one.analysis)).toStrictEqual([analysis]);
      expect(store.analysis("unknown")).toBeNull();
    },
  },
  {
    title: "a step that cannot be committed whole leaves nothing behind: no state, no command, no history",
    run: (store) => {
      openIn(store, analysisOf("a1"));
      store.commit(commitOf(concluded("a1", "promote")));
      const before = store.analysis("a1");
      const second = commitOf(concluded("a1", "rollback", t0 + 9), {
        commands: [rollbackOf("c1", 1)],
        note: { actor: "ann", deed: "abort", reason: "fire" },
      });
      expect(store.commit(second).ok).toBe(false);
      expect(store.analysis("a1")).toStrictEqual(before);
      expect(store.commands("a1")).toStrictEqual([]);
      expect(store.history("a1").map((entry) => entry.word)).toStrictEqual(["promote"]);
    },
  },
  {
    title: "the history holds what changed and every deed of an operator, oldest first",
    run: (store) => {
      openIn(store, analysisOf("a1"), { changed: true });
      store.commit(commitOf(analysisOf("a1")));
      store.commit(
        commitOf(analysisOf("a1"), { at: t0 + 1, note: { actor: "ann", deed: "hold", reason: "lunch" } }),
      );
      store.commit(commitOf(concluded("a1", "rollback", t0 + 2), { at: t0 + 2, changed: true }));
      store.commit(commitOf(concluded("a1", "rollback", t0 + 2), { at: t0 + 3 }));
      expect(store.history("a1").map(({ at, word, actor }) => [at, word, actor])).toStrictEqual([
        [t0, "continue", "haldane"],
        [t0 + 1, "hold", "ann"],
        [t0 + 2, "rollback", "haldane"],
      ]);
      expect(store.history("a1")[1]?.text).toBe("lunch");
    },
  },
  {
    title: "analyses are listed newest first, by service, environment and whether they are open",
    run: (store) => {
      openIn(store, ended("a1", { opened: t0 }));
      openIn(store, analysisOf("a2", { opened: t0 + 1 }));
      openIn(store, analysisOf("a3", { opened: t0 + 2, environment: "staging" }));
      openIn(store, analysisOf("a4", { opened: t0 + 3, service: "shop/cart" }));
      const all = { service: null, environment: null, open: null, limit: 10 };
      const ids = (
        filter: Partial<typeof all> | { service: string } | { environment: string } | { open: boolean },
      ) => store.analyses({ ...all, ...filter }).map((one) => one.id);
      expect(ids({})).toStrictEqual(["a4", "a3", "a2", "a1"]);
      expect(ids({ limit: 2 })).toStrictEqual(["a4", "a3"]);
      expect(ids({ service: "shop/checkout" })).toStrictEqual(["a3", "a2", "a1"]);
      expect(ids({ environment: "prod" })).toStrictEqual(["a4", "a2", "a1"]);
      expect(ids({ open: true })).toStrictEqual(["a4", "a3", "a2"]);
      expect(ids({ open: false })).toStrictEqual(["a1"]);
    },
  },
  {
    title: "an idempotency key names the analysis of its first request for ever",
    run: (store) => {
      const analysis = analysisOf("a1");
      store.open({ analysis, engineState: "", policyText: "" }, commitOf(analysis), "key-1");
      expect(store.byIdempotencyKey("key-1")?.analysisId).toBe("a1");
      store.saveIdempotencyKey("key-1", "a1", "digest", t0);
      openIn(store, analysisOf("a2", { environment: "staging" }));
      store.saveIdempotencyKey("key-1", "a2", "other", t0);
      expect(store.byIdempotencyKey("key-1")).toStrictEqual({ analysisId: "a1", requestDigest: "digest" });
      expect(store.byIdempotencyKey("key-2")).toBeNull();
    },
  },
  {
    title: "the drawing keeps its first and newest point and a bounded number between them",
    run: (store) => {
      openIn(store, analysisOf("a1"));
      const point = (i: number, signal: string): IntervalPoint => ({
        ...{ at: t0 + i, signal, effect: 1, low: 0.5 },
        high: i === 0 ? Infinity : 2,
      });
      for (let i = 0; i < 1000; i++) {
        store.commit(commitOf(analysisOf("a1"), { intervals: [point(i, "errors"), point(i, "latency")] }));
      }
      const errors = store.intervals("a1").filter((one) => one.signal === "errors");
      expect(errors.length).toBeGreaterThanOrEqual(150);
      expect(errors.length).toBeLessThanOrEqual(300);
      expect(errors[0]).toStrictEqual(point(0, "errors"));
      expect(errors.at(-1)).toStrictEqual(point(999, "errors"));
      expect(errors.map((one) => one.at)).toStrictEqual(
        errors.map((one) => one.at).toSorted((a, b) => a - b),
      );
    },
  },
];

const commanding: readonly ControlCheck[] = [
  {
    title: "generations of a target only count up, across analyses, and start again for no one",
    run: (store) => {
      const next = () => store.nextGeneration("router", "shop/checkout", "prod");
      expect([next(), next()]).toStrictEqual([1, 2]);
      openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 2)] });
      expect(next()).toBe(3);
      expect(store.nextGeneration("router", "shop/checkout", "staging")).toBe(1);
      expect(() => {
        store.commit(commitOf(analysisOf("a1"), { commands: [commandOf("other", 2)] }));
      }).toThrow(/UNIQUE/);
      expect(() => {
        store.commit(commitOf(analysisOf("a1"), { commands: [commandOf("c1", 9)] }));
      }).toThrow(/UNIQUE/);
    },
  },
  {
    title: "rollbacks leave first, then what has waited longest",
    run: (store) => {
      ["s1", "s2", "s3"].forEach((service, i) => {
        const make = service === "s3" ? rollbackOf : commandOf;
        const command = make(`c-${service}`, 1, { service, analysisId: service });
        openIn(store, analysisOf(service, { service }), { at: t0 + i, commands: [command] });
      });
      const due = (now: number, limit: number) =>
        store.dueCommands(now, limit).map((record) => record.command.service);
      expect(due(t0 + 5, 10)).toStrictEqual(["s3", "s1", "s2"]);
      expect(due(t0 + 5, 1)).toStrictEqual(["s3"]);
      expect(due(t0, 10)).toStrictEqual(["s1"]);
    },
  },
  {
    title:
      "a command goes pending, sent, retried, acknowledged, confirmed; what was sent and not answered is due again",
    run: (store) => {
      openIn(store, analysisOf("a1"), { commands: [rollbackOf("c1", 1)] });
      store.markSent("c1", t0 + 1);
      expect(store.dueCommands(t0 + 1, 1)[0]).toMatchObject({ status: "sent", attempts: 1, sentAt: t0 + 1 });
      store.markOutcome("c1", { status: "retry", at: t0 + 2, nextAt: t0 + 500, error: "refused" });
      expect(store.dueCommands(t0 + 499, 1)).toStrictEqual([]);
      expect(store.dueCommands(t0 + 500, 1)[0]).toMatchObject({ status: "pending", lastError: "refused" });
      store.markSent("c1", t0 + 500);
      store.markOutcome("c1", { status: "acknowledged", at: t0 + 600, error: null });
      expect(store.standingCommands().map((one) => one.status)).toStrictEqual(["acknowledged"]);
      for (let i = 1; i <= 3; i++) {
        expect(store.standingCommands()).toHaveLength(1);
        store.markOutcome("c1", { status: "confirmed", at: t0 + 700 + i, error: null });
      }
      expect(store.standingCommands()).toStrictEqual([]);
      expect(store.command("c1")).toMatchObject({
        ...{ status: "confirmed", attempts: 2, confirmations: 3, confirmedAt: t0 + 701, lastError: null },
      });
    },
  },
  {
    title: "drift starts the count of confirmations again",
    run: (store) => {
      openIn(store, analysisOf("a1"), { commands: [rollbackOf("c1", 1)] });
      store.markOutcome("c1", { status: "confirmed", at: t0, error: null });
      store.markOutcome("c1", { status: "confirmed", at: t0, error: null });
      store.markOutcome("c1", { status: "retry", at: t0, nextAt: t0, error: "drift" });
      expect(store.command("c1")).toMatchObject({ status: "pending", confirmations: 0 });
    },
  },
  {
    title: "a step stands as long as its analysis is open, a newer command takes its place",
    run: (store) => {
      openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 1)] });
      for (let i = 0; i < 5; i++) store.markOutcome("c1", { status: "confirmed", at: t0, error: null });
      expect(store.standingCommands().map((one) => one.command.id)).toStrictEqual(["c1"]);
      store.commit(commitOf(analysisOf("a1"), { commands: [commandOf("c2", 2)] }));
      expect(store.standingCommands()).toStrictEqual([]);
      store.markOutcome("c2", { status: "confirmed", at: t0, error: null });
      store.commit(commitOf(ended("a1")));
      expect(store.standingCommands()).toStrictEqual([]);
    },
  },
  {
    title: "a rollback goes past a generation given elsewhere, and so does every later command",
    run: (store) => {
      openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 1)] });
      store.outnumber("c1", 57, false, t0);
      expect(store.command("c1")).toMatchObject({ command: { generation: 1 } });
      const generation = store.nextGeneration("router", "shop/checkout", "prod");
      expect(generation).toBe(58);
      store.commit(commitOf(concluded("a1", "rollback"), { commands: [rollbackOf("c2", generation)] }));
      store.outnumber("c2", 90, true, t0 + 5);
      expect(
        store.dueCommands(t0 + 5, 9).map((one) => [one.command.id, one.command.generation]),
      ).toStrictEqual([["c2", 91]]);
      store.outnumber("c1", 200, true, t0 + 5);
      expect(store.command("c1")?.status).toBe("superseded");
    },
  },
];

/** What every control store must do; each check is given an empty store. */
export const controlChecks: readonly ControlCheck[] = [
  neverBoth,
  oneActing,
  superseding,
  ...steps,
  ...commanding,
];
