import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";

/** The right to write one data folder. Held until `release` or until the process ends, however it ends. */
export interface DataLock {
  release(): void;
}

export interface DataLockError {
  readonly tag: "held" | "cannotLock";
  readonly message: string;
}

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly started: number;
}

const lockFile = "haldane.lock";
/** Patience with another process that is just reading who holds the folder. */
const lockWaitMs = 250;

function readHolder(db: Database.Database): Holder | undefined {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'holder'").get();
  if (known === undefined) return undefined;
  return db.prepare<[], Holder>("SELECT pid, host, started FROM holder").get();
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
}

function writeHolder(db: Database.Database, holder: Holder): void {
  db.exec(`CREATE TABLE IF NOT EXISTS holder(one INTEGER PRIMARY KEY CHECK(one = 1), pid INTEGER NOT NULL,
    host TEXT NOT NULL, started INTEGER NOT NULL) STRICT`);
  db.prepare("INSERT OR REPLACE INTO holder(one, pid, host, started) VALUES(1, ?, ?, ?)").run(
    holder.pid,
    holder.host,
    holder.started,
  );
}

function isSame(a: Holder | undefined, b: Holder): boolean {
  return a?.pid === b.pid && a.host === b.host && a.started === b.started;
}

/** Writes the name of the holder where others can read it, then holds the write lock of the file in an open transaction. */
function hold(db: Database.Database, holder: Holder): boolean {
  db.exec("BEGIN IMMEDIATE");
  writeHolder(db, holder);
  db.exec("COMMIT");
  db.exec("BEGIN IMMEDIATE");
  // Between the two transactions another process may have come first, written its name and died.
  return isSame(readHolder(db), holder);
}

function refusal(db: Database.Database, folder: string): DataLockError {
  const holder = readHolder(db);
  const who =
    holder === undefined
      ? "another process"
      : `process ${holder.pid} on ${holder.host}, started ${new Date(holder.started).toISOString()}`;
  return {
    tag: "held",
    message: `the data folder ${folder} is in use by ${who}: stop that process, or give this one another folder`,
  };
}

/**
 * Takes a data folder for this process, creating it where it is missing. A second process, or a second call, is refused
 * with the pid of the first.
 *
 * The lock is a write transaction left open on a tiny SQLite file: the operating system's own file lock, which ends with
 * the process even at kill -9, so there is no stale lock and no guessing whether a pid was given to another process. In
 * this journal mode readers may still read the holder's name. Nothing else in the process may open that file: closing
 * any other handle of it would drop the lock (a rule of POSIX).
 */
export function takeDataLock(folder: string, startedAt: Instant): Result<DataLock, DataLockError> {
  let db: Database.Database | null = null;
  const holder = { pid: process.pid, host: hostname(), started: Math.floor(startedAt) };
  try {
    mkdirSync(folder, { recursive: true });
    const open = new Database(join(folder, lockFile), { timeout: lockWaitMs });
    db = open;
    if (hold(open, holder)) return ok({ release: () => open.close() });
    open.close();
    return err({
      tag: "held",
      message: `the data folder ${folder} was taken by another process at the same instant`,
    });
  } catch (error) {
    const answer: DataLockError =
      db !== null && isBusy(error)
        ? refusal(db, folder)
        : {
            tag: "cannotLock",
            message: `the data folder ${folder} cannot be locked: ${error instanceof Error ? error.message : String(error)}`,
          };
    db?.close();
    return err(answer);
  }
}
