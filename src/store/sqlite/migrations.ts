import { createHash } from "node:crypto";
import type Database from "better-sqlite3";
import { err, ok, type Result } from "#model/result.ts";

/** One forward step of a schema. Never edited once released: its checksum is stored in every database that ran it. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrationError {
  readonly tag: "newerSchema" | "changedMigration";
  readonly message: string;
}

/** Kept beside the schema of both files: what ran, and whether the last writer closed the file. */
const bookkeeping = `
CREATE TABLE IF NOT EXISTS migration(
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS shutdown_mark(
  one INTEGER PRIMARY KEY CHECK(one = 1),
  clean INTEGER NOT NULL CHECK(clean IN (0, 1))
) STRICT;
INSERT INTO shutdown_mark(one, clean) VALUES(1, 1) ON CONFLICT DO NOTHING;
`;

function checksumOf(migration: Migration): string {
  return createHash("sha256").update(migration.sql).digest("hex");
}

function userVersion(db: Database.Database): number {
  return Number(db.pragma("user_version", { simple: true }));
}

/** Compares the file with the steps that this program knows; null where it may be used. */
export function checkMigrations(
  db: Database.Database,
  migrations: readonly Migration[],
  path: string,
): MigrationError | null {
  const version = userVersion(db);
  const newest = migrations.at(-1)?.version ?? 0;
  if (version > newest) {
    return {
      tag: "newerSchema",
      message:
        `${path} was written by a newer version of Haldane (schema ${version}; this program knows up to ${newest}): ` +
        `start that version again, or give another data folder`,
    };
  }
  const ran = db.prepare<[number], { checksum: string }>("SELECT checksum FROM migration WHERE version = ?");
  for (const migration of migrations.filter((one) => one.version <= version)) {
    if (ran.get(migration.version)?.checksum !== checksumOf(migration)) {
      return {
        tag: "changedMigration",
        message:
          `${path}: step ${migration.version} (${migration.name}) of its schema is not the one that this program knows; ` +
          `the file comes from another build`,
      };
    }
  }
  return null;
}

/** Brings a file to the newest schema in one transaction: all missing steps, their checksums and `user_version`, or nothing. */
export function applyMigrations(
  db: Database.Database,
  migrations: readonly Migration[],
  path: string,
): Result<null, MigrationError> {
  const run = db.transaction((): MigrationError | null => {
    if (userVersion(db) === 0) db.exec(bookkeeping);
    const error = checkMigrations(db, migrations, path);
    if (error !== null) return error;
    const record = db.prepare(
      "INSERT INTO migration(version, name, checksum, applied_at) VALUES(?, ?, ?, unixepoch() * 1000)",
    );
    for (const migration of migrations) {
      if (migration.version <= userVersion(db)) continue;
      db.exec(migration.sql);
      record.run(migration.version, migration.name, checksumOf(migration));
      db.pragma(`user_version = ${migration.version}`);
    }
    return null;
  });
  const error = run.immediate();
  return error === null ? ok(null) : err(error);
}
