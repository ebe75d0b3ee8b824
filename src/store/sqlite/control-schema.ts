import type { Migration } from "./migrations.ts";

/** control.db: analyses, what was concluded, and what was commanded. The unique indexes are the law; the code only explains their refusals. */
export const controlMigrations: readonly Migration[] = [
  {
    version: 1,
    name: "analyses, history and outbox",
    sql: `
CREATE TABLE analysis(
  id TEXT PRIMARY KEY,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  mode TEXT NOT NULL CHECK(mode IN ('act', 'report')),
  ended INTEGER NOT NULL CHECK(ended IN (0, 1)),
  opened REAL NOT NULL,
  document TEXT NOT NULL,
  engine_state TEXT NOT NULL,
  policy TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_acting ON analysis(service, environment) WHERE mode = 'act' AND ended = 0;
CREATE INDEX analysis_by_time ON analysis(opened);
CREATE INDEX analysis_open ON analysis(opened) WHERE ended = 0;
CREATE TABLE history(
  seq INTEGER PRIMARY KEY,
  analysis_id TEXT NOT NULL REFERENCES analysis(id),
  at REAL NOT NULL,
  word TEXT NOT NULL,
  text TEXT NOT NULL,
  actor TEXT NOT NULL,
  terminal INTEGER NOT NULL CHECK(terminal = 0 OR (terminal = 1 AND word IN ('promote', 'rollback', 'inconclusive')))
) STRICT;
CREATE INDEX history_by_analysis ON history(analysis_id, seq);
CREATE UNIQUE INDEX one_terminal ON history(analysis_id) WHERE terminal = 1;
CREATE TABLE interval(
  analysis_id TEXT NOT NULL REFERENCES analysis(id),
  signal TEXT NOT NULL,
  at REAL NOT NULL,
  effect REAL NOT NULL,
  low REAL NOT NULL,
  high REAL NOT NULL,
  PRIMARY KEY(analysis_id, signal, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency(
  key TEXT PRIMARY KEY,
  analysis_id TEXT NOT NULL REFERENCES analysis(id),
  request_digest TEXT NOT NULL,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE target(
  controller TEXT NOT NULL,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  generation INTEGER NOT NULL,
  PRIMARY KEY(controller, service, environment)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox(
  id TEXT PRIMARY KEY,
  analysis_id TEXT NOT NULL REFERENCES analysis(id),
  controller TEXT NOT NULL,
  service TEXT NOT NULL,
  environment TEXT NOT NULL,
  generation INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK(kind IN ('step', 'rollback', 'promote', 'hold')),
  priority INTEGER NOT NULL,
  document TEXT NOT NULL,
  status TEXT NOT NULL CHECK(status IN ('pending', 'sent', 'acknowledged', 'confirmed', 'superseded', 'rejected')),
  attempts INTEGER NOT NULL,
  created_at REAL NOT NULL,
  next_at REAL NOT NULL,
  sent_at REAL,
  confirmed_at REAL,
  confirmations INTEGER NOT NULL,
  last_error TEXT,
  UNIQUE(controller, service, environment, generation)
) STRICT;
CREATE INDEX outbox_due ON outbox(priority, next_at) WHERE status IN ('pending', 'sent');
CREATE INDEX outbox_standing ON outbox(status) WHERE status IN ('acknowledged', 'confirmed');
CREATE INDEX outbox_by_analysis ON outbox(analysis_id, generation);
`,
  },
  {
    version: 2,
    name: "notifications",
    sql: `
CREATE TABLE notification(
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  analysis_id TEXT NOT NULL REFERENCES analysis(id),
  event TEXT NOT NULL CHECK(event IN ('promote', 'rollback', 'inconclusive', 'stalled')),
  subject TEXT NOT NULL,
  receiver TEXT NOT NULL,
  document TEXT NOT NULL,
  state TEXT NOT NULL CHECK(state IN ('waiting', 'delivered', 'failed', 'disabled')),
  tries INTEGER NOT NULL,
  created_at REAL NOT NULL,
  next_at REAL NOT NULL,
  delivered_at REAL
) STRICT;
CREATE UNIQUE INDEX one_notification ON notification(analysis_id, event, subject, receiver);
CREATE INDEX notification_due ON notification(receiver, seq) WHERE state = 'waiting';
CREATE INDEX notification_by_state ON notification(state, seq);
CREATE TABLE notification_attempt(
  seq INTEGER PRIMARY KEY,
  notification TEXT NOT NULL REFERENCES notification(id),
  at REAL NOT NULL,
  status INTEGER,
  error TEXT
) STRICT;
CREATE INDEX attempt_by_notification ON notification_attempt(notification, seq);
CREATE TABLE disabled_receiver(
  receiver TEXT PRIMARY KEY,
  target TEXT NOT NULL,
  at REAL NOT NULL
) STRICT, WITHOUT ROWID;
`,
  },
];
