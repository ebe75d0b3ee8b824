import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openControlStore } from "#store/sqlite/control-store.ts";
import type { ControlStore } from "#engine/ports.ts";
import { analysisOf, commandOf, openIn, t0 } from "#test/conformance/control-fixtures.ts";
import { controlChecks, neverBoth, oneActing, superseding } from "#test/conformance/control-store.ts";
import { value } from "#test/support/result-value.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haldane-control-"));
  path = join(folder, "control.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("control store in memory", () => {
  test.each(controlChecks)("$title", ({ run }) => {
    const store = value(openControlStore(":memory:"));
    run(store);
    store.close();
  });
});

describe("control.db", () => {
  test.each(controlChecks)("$title", ({ run }) => {
    const store = value(openControlStore(path));
    run(store);
    store.close();
  });

  test("everything is there after a restart, and what was sent without an answer is due at once", () => {
    const first = value(openControlStore(path));
    openIn(first, analysisOf("a1"), { commands: [commandOf("c1", 1)], changed: true });
    first.markSent("c1", 5);
    first.close();
    const second = value(openControlStore(path));
    expect(second.openAnalyses().map((one) => one.analysis)).toStrictEqual([analysisOf("a1")]);
    expect(second.dueCommands(Date.now(), 9)).toMatchObject([{ status: "sent", attempts: 1 }]);
    expect(second.nextGeneration("router", "shop/checkout", "prod")).toBe(2);
    second.close();
  });
});

describe("looking for due commands", () => {
  /** What a look costs while somebody else holds the file for writing: refused at once where it wants to write too. */
  function lookBeside(store: ControlStore): readonly string[] {
    const other = new Database(path);
    other.prepare("BEGIN IMMEDIATE").run();
    try {
      return store.dueCommands(t0, 9).map(({ command }) => command.id);
    } finally {
      other.prepare("ROLLBACK").run();
      other.close();
    }
  }

  test("a look that finds nothing outdated does not write", () => {
    const store = value(openControlStore(path));
    openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 1)] });
    expect(lookBeside(store)).toEqual(["c1"]);
    store.markOutcome("c1", { status: "acknowledged", at: t0, error: null });
    expect(lookBeside(store)).toEqual([]);
    store.close();
  });

  test(
    "the check can fail: a look that has to supersede wants to write, and does so once it may",
    { timeout: 20_000 },
    () => {
      const store = value(openControlStore(path));
      openIn(store, analysisOf("a1"), { commands: [commandOf("c1", 1), commandOf("c2", 2)] });
      expect(() => lookBeside(store)).toThrow("database is locked");
      expect(store.dueCommands(t0, 9).map(({ command }) => command.id)).toEqual(["c2"]);
      expect(lookBeside(store)).toEqual(["c2"]);
      store.close();
    },
  );
});

describe("the checks can fail: planted bugs", () => {
  const planted = [
    { bug: "the index of terminal verdicts dropped", sql: "DROP INDEX one_terminal", check: neverBoth },
    { bug: "the index of acting analyses dropped", sql: "DROP INDEX one_acting", check: oneActing },
    {
      bug: "superseding undone",
      sql: `CREATE TRIGGER planted AFTER UPDATE OF status ON outbox WHEN new.status = 'superseded'
            BEGIN UPDATE outbox SET status = 'pending' WHERE id = new.id; END`,
      check: superseding,
    },
  ];

  test.each(planted)("with $bug the check fails", ({ sql, check }) => {
    const store = value(openControlStore(path));
    const saboteur = new Database(path);
    saboteur.exec(sql);
    saboteur.close();
    expect(() => {
      check.run(store);
    }).toThrow(/expected|Property failed/);
    store.close();
  });
});
