import { mkdtempSync, rmSync, truncateSync, writeFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Migration } from "#store/sqlite/migrations.ts";
import { closeDatabase, openDatabase, openDatabaseForReading } from "#store/sqlite/open-database.ts";
import { value } from "#test/support/result-value.ts";

const first: Migration = { version: 1, name: "one", sql: "CREATE TABLE one(x INTEGER) STRICT;" };
const second: Migration = { version: 2, name: "two", sql: "CREATE TABLE two(x INTEGER) STRICT;" };

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haldane-open-"));
  path = join(folder, "some.db");
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("opening", () => {
  test("every pragma that carries a promise is in force, FULL first of all", () => {
    const db = value(openDatabase(path, [first]));
    const of = (name: string) => db.pragma(name, { simple: true });
    expect({
      journal_mode: of("journal_mode"),
      synchronous: of("synchronous"),
      foreign_keys: of("foreign_keys"),
      busy_timeout: of("busy_timeout"),
      trusted_schema: of("trusted_schema"),
      mmap_size: of("mmap_size"),
      temp_store: of("temp_store"),
      cache_size: of("cache_size"),
      journal_size_limit: of("journal_size_limit"),
      wal_autocheckpoint: of("wal_autocheckpoint"),
    }).toStrictEqual({
      journal_mode: "wal",
      synchronous: 2,
      foreign_keys: 1,
      busy_timeout: 5000,
      trusted_schema: 0,
      mmap_size: 0,
      temp_store: 2,
      cache_size: -65_536,
      journal_size_limit: 67_108_864,
      wal_autocheckpoint: 0,
    });
    closeDatabase(db);
  });

  test("a file that is no database is refused by name", () => {
    writeFileSync(path, "not a database, but long enough to be looked at as one".repeat(40));
    expect(openDatabase(path, [first])).toMatchObject({
      error: { tag: "cannotOpen", message: expect.stringContaining(path) as string },
    });
  });

  test("reading a file that is not there says what to do", () => {
    expect(openDatabaseForReading(path, [first])).toMatchObject({
      error: { tag: "missing", message: expect.stringContaining("open its writer first") as string },
    });
  });

  test("after an unclean end a damaged file is refused; after a clean end the check is left out", () => {
    const db = value(openDatabase(path, [first]));
    const insert = db.prepare("INSERT INTO one(x) VALUES(?)");
    db.transaction(() => {
      for (let i = 0; i < 20_000; i++) insert.run(i);
    }).immediate();
    db.pragma("wal_checkpoint(TRUNCATE)");
    db.close();
    truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096);
    const reopened = openDatabase(path, [first]);
    expect(reopened.ok ? "opened" : reopened.error.tag).toMatch(/damaged|cannotOpen/);
  });
});

describe("migrations", () => {
  test("missing steps run once, in order, and reopening changes nothing", () => {
    closeDatabase(value(openDatabase(path, [first])));
    const db = value(openDatabase(path, [first, second]));
    expect(db.pragma("user_version", { simple: true })).toBe(2);
    expect(db.prepare("SELECT version, name FROM migration").all()).toStrictEqual([
      { version: 1, name: "one" },
      { version: 2, name: "two" },
    ]);
    closeDatabase(db);
    closeDatabase(value(openDatabase(path, [first, second])));
  });

  test("a file of a newer version is refused, for writing and for reading", () => {
    closeDatabase(value(openDatabase(path, [first, second])));
    const refused = { ok: false, error: { tag: "newerSchema" } };
    expect(openDatabase(path, [first])).toMatchObject(refused);
    expect(openDatabaseForReading(path, [first])).toMatchObject(refused);
    const answer = openDatabase(path, [first]);
    expect(answer.ok ? "" : answer.error.message).toContain(
      `${path} was written by a newer version of Haldane`,
    );
  });

  test("a step that was edited after it ran is refused", () => {
    closeDatabase(value(openDatabase(path, [first])));
    const edited = { ...first, sql: "CREATE TABLE one(y INTEGER) STRICT;" };
    expect(openDatabase(path, [edited])).toMatchObject({ ok: false, error: { tag: "changedMigration" } });
  });

  test("steps that fail half-way leave the file as it was", () => {
    closeDatabase(value(openDatabase(path, [first])));
    const broken = { version: 3, name: "broken", sql: "CREATE TABLE three(x INTEGER); SELECT nonsense;" };
    expect(openDatabase(path, [first, second, broken])).toMatchObject({
      ok: false,
      error: { tag: "cannotOpen" },
    });
    const db = new Database(path);
    expect(db.pragma("user_version", { simple: true })).toBe(1);
    expect(db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('two', 'three')").all()).toStrictEqual(
      [],
    );
    db.close();
    closeDatabase(value(openDatabase(path, [first, second])));
  });
});
