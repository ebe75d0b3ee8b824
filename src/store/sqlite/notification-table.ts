import { randomUUID } from "node:crypto";
import type {
  AttemptOutcome,
  NotificationAttempt,
  NotificationFilter,
  NotificationRecord,
  NotificationState,
  NotificationStore,
} from "#engine/notifying.ts";
import type { Notice, NoticeEvent } from "#model/notice.ts";
import type { Instant } from "#model/time.ts";
import type { Connection } from "./open-database.ts";
import { toldFromJson } from "./stored-json.ts";

interface NotificationRow {
  readonly id: string;
  readonly event: NoticeEvent;
  readonly subject: string;
  readonly receiver: string;
  readonly document: string;
  readonly state: NotificationState;
  readonly tries: number;
  readonly created_at: number;
  readonly next_at: number;
  readonly delivered_at: number | null;
}

/** Writes one notice, inside the transaction of what it tells; the unique index lets a second one of the same fall. */
export function createNotify(db: Connection): (notice: Notice, at: Instant) => void {
  const insert = db.prepare(
    `INSERT INTO notification(id, analysis_id, event, subject, receiver, document, state, tries, created_at, next_at)
     VALUES(?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return ({ event, subject, receiver, told }, at) => {
    const id = `msg_${randomUUID()}`;
    insert.run(id, told.analysisId, event, subject, receiver, JSON.stringify(told), at, at);
  };
}

function createRecords(db: Connection): (row: NotificationRow) => NotificationRecord {
  const log = db.prepare<[string], NotificationAttempt>(
    "SELECT at, status, error FROM notification_attempt WHERE notification = ? ORDER BY seq",
  );
  return (row) => ({
    id: row.id,
    event: row.event,
    subject: row.subject,
    receiver: row.receiver,
    told: toldFromJson(row.document),
    state: row.state,
    tries: row.tries,
    createdAt: row.created_at,
    nextAt: row.next_at,
    deliveredAt: row.delivered_at,
    log: log.all(row.id),
  });
}

type Reads = Pick<
  NotificationStore,
  "dueNotifications" | "notification" | "notifications" | "countNotifications"
>;

function createReads(db: Connection): Reads {
  // With one bare min() SQLite takes the other columns from the row that holds the minimum.
  const due = db.prepare<[number], NotificationRow>(
    `SELECT *, min(seq) FROM notification WHERE state = 'waiting' AND next_at <= ?
     GROUP BY receiver ORDER BY min(seq)`,
  );
  const one = db.prepare<[string], NotificationRow>("SELECT * FROM notification WHERE id = ?");
  const list = db.prepare<NotificationFilter, NotificationRow>(
    `SELECT * FROM notification WHERE (@analysis IS NULL OR analysis_id = @analysis)
     AND (@state IS NULL OR state = @state) ORDER BY seq DESC LIMIT @limit`,
  );
  const count = db.prepare<[], { state: NotificationState; count: number }>(
    "SELECT state, count(*) AS count FROM notification GROUP BY state",
  );
  const recordOf = createRecords(db);
  return {
    dueNotifications: (now, busy, limit) =>
      due
        .all(now)
        .filter(({ receiver }) => !busy.has(receiver))
        .slice(0, limit)
        .map(recordOf),
    notification: (id) => {
      const row = one.get(id);
      return row === undefined ? null : recordOf(row);
    },
    notifications: (filter) => list.all(filter).map(recordOf),
    countNotifications: () => {
      const counts = { waiting: 0, delivered: 0, failed: 0, disabled: 0 };
      for (const row of count.all()) counts[row.state] = row.count;
      return counts;
    },
  };
}

function createOutcomes(db: Connection): Pick<NotificationStore, "recordAttempt"> {
  const attempt = db.prepare(
    "INSERT INTO notification_attempt(notification, at, status, error) VALUES(?, ?, ?, ?)",
  );
  const update = db.prepare(
    `UPDATE notification SET state = @state, next_at = @nextAt, tries = tries + 1,
       delivered_at = CASE WHEN @state = 'delivered' THEN @at ELSE delivered_at END WHERE id = @id`,
  );
  const record = db.transaction((id: string, { attempt: made, state, nextAt }: AttemptOutcome) => {
    attempt.run(id, made.at, made.status, made.error);
    update.run({ id, state, nextAt, at: made.at });
  });
  return {
    recordAttempt: (id, outcome) => {
      record.immediate(id, outcome);
    },
  };
}

type Disabling = Pick<NotificationStore, "disableReceiver" | "isDisabled" | "replayNotification">;

function createDisabling(db: Connection): Disabling {
  const add = db.prepare(
    `INSERT INTO disabled_receiver(receiver, target, at) VALUES(?, ?, ?)
     ON CONFLICT DO UPDATE SET target = excluded.target, at = excluded.at`,
  );
  const park = db.prepare(
    "UPDATE notification SET state = 'disabled' WHERE receiver = ? AND state = 'waiting'",
  );
  const known = db.prepare("SELECT 1 FROM disabled_receiver WHERE receiver = ? AND target = ?");
  const forget = db.prepare(
    "DELETE FROM disabled_receiver WHERE receiver = (SELECT receiver FROM notification WHERE id = ?)",
  );
  const again = db.prepare("UPDATE notification SET state = 'waiting', tries = 0, next_at = ? WHERE id = ?");
  const disable = db.transaction((receiver: string, target: string, at: Instant) => {
    add.run(receiver, target, at);
    park.run(receiver);
  });
  const replay = db.transaction((id: string, now: Instant) => {
    forget.run(id);
    again.run(now, id);
  });
  return {
    disableReceiver: (receiver, target, at) => {
      disable.immediate(receiver, target, at);
    },
    isDisabled: (receiver, target) => known.get(receiver, target) !== undefined,
    replayNotification: (id, now) => {
      replay.immediate(id, now);
    },
  };
}

/** The outbox of notifications: what is due, what became of it, and the log of attempts. */
export function createNotifications(db: Connection): NotificationStore {
  const write = createNotify(db);
  const writeAll = db.transaction((notices: readonly Notice[], at: Instant) => {
    for (const notice of notices) write(notice, at);
  });
  return {
    ...createReads(db),
    ...createOutcomes(db),
    ...createDisabling(db),
    notify: (notices, at) => {
      writeAll.immediate(notices, at);
    },
  };
}
