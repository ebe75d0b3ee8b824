import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { controlMigrations } from "#store/sqlite/control-schema.ts";
import { closeDatabase, openDatabase } from "#store/sqlite/open-database.ts";
import { analysisOf, commitOf, concluded, openIn } from "#test/conformance/control-fixtures.ts";
import {
  noticeOf,
  notificationChecks,
  oneMessage,
  saidOnlyWhenSaved,
} from "#test/conformance/notification-store.ts";
import { value } from "#test/support/result-value.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haldane-notifications-"));
  path = join(folder, "control.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("notifications in control.db", () => {
  test.each(notificationChecks)("$title", ({ run }) => {
    const store = value(openControlStore(path));
    run(store);
    store.close();
  });

  test("what was committed with a verdict is due under the same id in the next process", () => {
    const first = value(openControlStore(path));
    openIn(first, analysisOf("a1"));
    first.commit(commitOf(concluded("a1", "rollback"), { notices: [noticeOf("a1")] }));
    const [written] = first.dueNotifications(Date.now(), new Set(), 9);
    // No close: the process ended between the verdict and the call.
    const second = value(openControlStore(path));
    expect(second.dueNotifications(Date.now(), new Set(), 9)).toStrictEqual([written]);
    second.close();
    first.close();
  });

  test("a file of the version before is brought to this one, with what it holds", () => {
    const old = value(openDatabase(path, controlMigrations.slice(0, 1)));
    old.exec(`INSERT INTO analysis VALUES('a0', 's', 'e', 'report', 1, 0, '{"id":"a0"}', '', '')`);
    closeDatabase(old);
    const store = value(openControlStore(path));
    expect(store.analysis("a0")?.analysis.id).toBe("a0");
    expect(store.countNotifications().waiting).toBe(0);
    store.close();
  });
});

describe("the checks can fail: planted bugs", () => {
  const planted = [
    { bug: "the unique index dropped", sql: "DROP INDEX one_notification", check: oneMessage },
    {
      bug: "the index of terminal verdicts dropped, so that a second verdict is not refused",
      sql: "DROP INDEX one_terminal",
      check: saidOnlyWhenSaved,
    },
  ];

  test.each(planted)("with $bug the check fails", ({ sql, check }) => {
    const store = value(openControlStore(path));
    const saboteur = new Database(path);
    saboteur.exec(sql);
    saboteur.close();
    expect(() => {
      check.run(store);
    }).toThrow(/expected/);
    store.close();
  });
});
