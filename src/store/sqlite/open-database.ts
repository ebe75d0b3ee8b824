import Database from "better-sqlite3";
import { err, ok, type Result } from "#model/result.ts";
import { applyMigrations, checkMigrations, type Migration } from "./migrations.ts";

export type Connection = Database.Database;

/** Why a database file was not opened. `message` names the file and what to do. */
export interface StoreOpenError {
  readonly tag: "cannotOpen" | "oldSqlite" | "newerSchema" | "changedMigration" | "damaged" | "missing";
  readonly message: string;
}

/** 3.51.3 is the first release without the WAL-reset race. */
const oldestSqlite = [3, 51, 3] as const;
/** A write-ahead log is cut to this after a checkpoint, bytes. */
const journalSizeLimitBytes = 67_108_864;
/** With one writer a busy file means a second process, which the lock refuses; this is the margin for a checkpoint. */
const busyTimeoutMs = 5000;
const cacheKibibytes = 65_536;

function sqliteIsOld(db: Connection): string | null {
  const version = db.prepare<[], { version: string }>("SELECT sqlite_version() AS version").get()?.version;
  const parts = (version ?? "0").split(".").map(Number);
  for (const [at, least] of oldestSqlite.entries()) {
    const part = parts[at] ?? 0;
    if (part > least) return null;
    if (part < least)
      return `SQLite ${version ?? "?"} is bundled; ${oldestSqlite.join(".")} or later is needed`;
  }
  return null;
}

function setPragmas(db: Connection, readOnly: boolean): void {
  if (!readOnly) db.pragma("journal_mode = WAL");
  // The driver is built with NORMAL for WAL, which may lose the last commits at a power cut.
  db.pragma("synchronous = FULL");
  db.pragma("foreign_keys = ON");
  db.pragma(`busy_timeout = ${busyTimeoutMs}`);
  db.pragma("trusted_schema = OFF");
  db.pragma("mmap_size = 0");
  db.pragma("temp_store = MEMORY");
  db.pragma(`cache_size = -${cacheKibibytes}`);
  db.pragma(`journal_size_limit = ${journalSizeLimitBytes}`);
  // The writer checkpoints on its own schedule: one owner of all checkpoints.
  db.pragma("wal_autocheckpoint = 0");
}

/** After an end without `closeDatabase` the pages are checked once; a clean end leaves a mark that is taken away here. */
function checkAfterCrash(db: Connection): string | null {
  const clean = db.prepare<[], { clean: number }>("SELECT clean FROM shutdown_mark").get()?.clean === 1;
  if (!clean) {
    const finding = db.pragma("quick_check(1)", { simple: true });
    if (finding !== "ok") return String(finding);
  }
  db.prepare("UPDATE shutdown_mark SET clean = 0").run();
  return null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function prepareDatabase(
  db: Connection,
  path: string,
  migrations: readonly Migration[],
): StoreOpenError | null {
  const old = sqliteIsOld(db);
  if (old !== null) return { tag: "oldSqlite", message: old };
  setPragmas(db, false);
  const migrated = applyMigrations(db, migrations, path);
  if (!migrated.ok) return migrated.error;
  const damage = checkAfterCrash(db);
  if (damage === null) return null;
  return {
    tag: "damaged",
    message: `${path} is damaged (${damage}); move it away or restore a copy, then start again`,
  };
}

/**
 * Opens a database file for its one writer, creating or migrating it. `:memory:` is a database of its own.
 * Durable on return of every transaction (`synchronous = FULL`); checkpoints are the caller's.
 */
export function openDatabase(
  path: string,
  migrations: readonly Migration[],
): Result<Connection, StoreOpenError> {
  let db: Connection | null = null;
  try {
    db = new Database(path);
    const error = prepareDatabase(db, path, migrations);
    if (error === null) return ok(db);
    db.close();
    return err(error);
  } catch (error) {
    db?.close();
    return err({ tag: "cannotOpen", message: `${path} cannot be opened: ${messageOf(error)}` });
  }
}

/** Opens a database file for reading beside its writer, from any thread. The writer must have opened it before. */
export function openDatabaseForReading(
  path: string,
  migrations: readonly Migration[],
): Result<Connection, StoreOpenError> {
  let db: Connection | null = null;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    setPragmas(db, true);
    const error = checkMigrations(db, migrations, path);
    if (error === null) return ok(db);
    db.close();
    return err(error);
  } catch (error) {
    db?.close();
    return err({
      tag: "missing",
      message: `${path} cannot be read: ${messageOf(error)}; open its writer first, which creates it`,
    });
  }
}

/** Leaves the mark of a clean end, empties the write-ahead log and closes. */
export function closeDatabase(db: Connection): void {
  db.prepare("UPDATE shutdown_mark SET clean = 1").run();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
}

/** `passive` never waits for readers; `truncate` waits for them and empties the log. */
export function checkpointDatabase(db: Connection, mode: "passive" | "truncate"): void {
  db.pragma(mode === "passive" ? "wal_checkpoint(PASSIVE)" : "wal_checkpoint(TRUNCATE)");
}
