import type { Migration } from "./migrations.ts";

/**
 * telemetry.db. Ids are given by the writer of the batches. `sample.tier` is the length of the row's window:
 * 0 = 5 s, 1 = 1 min, 2 = 10 min; it is part of the key so that a row that comes after its window was thinned never
 * replaces the thinned one. `requests` repeats the count of a requests sample, for sums that need no unpacking.
 * `cumulative_page` holds the states of many streams in a row (`cumulative-pages.ts`); `cumulative` was for one in a row each.
 * `pattern` has one row for each form of log line, in the order in which they came (rowid); `stands_for` is the id of its
 * pattern now. `log_example` holds redacted lines.
 * `source_offset.next` is the first offset of a partition that is not in the samples.
 */
export const telemetryMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "deployments, series and samples",
    sql: `
CREATE TABLE deployment(
  id INTEGER PRIMARY KEY,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  aliases TEXT NOT NULL,
  first_seen REAL NOT NULL,
  last_seen REAL NOT NULL,
  earliest_start REAL
) STRICT;
CREATE TABLE deployment_merge(
  from_id INTEGER PRIMARY KEY,
  into_id INTEGER NOT NULL,
  CHECK(from_id <> into_id)
) STRICT;
CREATE TABLE instance(
  id INTEGER PRIMARY KEY,
  deployment_id INTEGER NOT NULL REFERENCES deployment(id),
  name TEXT NOT NULL,
  identified INTEGER NOT NULL CHECK(identified IN (0, 1)),
  started REAL,
  first_seen REAL NOT NULL,
  last_seen REAL NOT NULL
) STRICT;
CREATE INDEX instance_by_deployment ON instance(deployment_id);
CREATE TABLE series(
  id INTEGER PRIMARY KEY,
  instance_id INTEGER NOT NULL REFERENCES instance(id),
  measure TEXT NOT NULL
) STRICT;
CREATE INDEX series_by_instance ON series(instance_id);
CREATE TABLE sample(
  series_id INTEGER NOT NULL REFERENCES series(id),
  late INTEGER NOT NULL CHECK(late IN (0, 1)),
  tier INTEGER NOT NULL CHECK(tier IN (0, 1, 2)),
  window INTEGER NOT NULL,
  requests REAL NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY(series_id, late, tier, window)
) STRICT, WITHOUT ROWID;
CREATE INDEX sample_by_window ON sample(tier, window);
CREATE TABLE cumulative(
  key TEXT PRIMARY KEY,
  time REAL NOT NULL,
  state BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE tally(
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  name TEXT NOT NULL,
  count REAL NOT NULL,
  PRIMARY KEY(service, environment, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE digest(
  digest TEXT PRIMARY KEY,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX digest_by_time ON digest(at);
`,
  },
  {
    version: 2,
    name: "how far sources were taken",
    sql: `
CREATE TABLE source_offset(
  source TEXT NOT NULL,
  topic TEXT NOT NULL,
  partition INTEGER NOT NULL,
  next INTEGER NOT NULL,
  PRIMARY KEY(source, topic, partition)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    version: 3,
    name: "cumulative states on pages",
    sql: `
CREATE TABLE cumulative_page(
  page INTEGER PRIMARY KEY,
  body BLOB NOT NULL
) STRICT;
`,
  },
  {
    version: 4,
    name: "log patterns and examples",
    sql: `
CREATE TABLE pattern(
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  id TEXT NOT NULL,
  stands_for TEXT NOT NULL,
  source TEXT NOT NULL,
  tokens TEXT NOT NULL,
  template TEXT NOT NULL,
  severity INTEGER NOT NULL,
  signatures TEXT NOT NULL,
  exception TEXT,
  first_seen REAL NOT NULL,
  UNIQUE(service, environment, id)
) STRICT;
CREATE TABLE log_example(
  instance_id INTEGER NOT NULL REFERENCES instance(id),
  pattern TEXT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY(instance_id, pattern)
) STRICT, WITHOUT ROWID;
`,
  },
  {
    version: 5,
    name: "where instances run",
    sql: `
ALTER TABLE instance ADD COLUMN traits TEXT NOT NULL DEFAULT '{}';
`,
  },
];
