import Database from "better-sqlite3";
import type { Commit, CommitError, ControlStore, HistoryEntry, StoredAnalysis } from "#engine/ports.ts";
import type { NotificationStore } from "#engine/notifying.ts";
import type { Analysis } from "#model/analysis.ts";
import { err, ok, type Result } from "#model/result.ts";
import { controlMigrations } from "./control-schema.ts";
import { createIntervalReader, createIntervalWriter } from "./interval-table.ts";
import { createNotifications, createNotify } from "./notification-table.ts";
import {
  checkpointDatabase,
  closeDatabase,
  openDatabase,
  type Connection,
  type StoreOpenError,
} from "./open-database.ts";
import { createClaims, createEnqueue, createMarks, createOutnumber } from "./outbox-table.ts";
import { analysisFromJson, analysisToJson } from "./stored-json.ts";

/** Actor of what Haldane itself concluded. */
const ownActor = "haldane";

interface StoredRow {
  readonly document: string;
  readonly engine_state: string;
  readonly policy: string;
}

function storedOf(row: StoredRow): StoredAnalysis {
  return {
    analysis: analysisFromJson(row.document),
    engineState: row.engine_state,
    policyText: row.policy,
  };
}

function textOf(analysis: Analysis): string {
  const reasons = analysis.verdict.reasons.map((reason) => reason.text).join("; ");
  return [reasons, analysis.action.text].filter((text) => text !== "").join(". ");
}

/** Writes the rest of a step after its analysis row: history (which may refuse a second terminal verdict), commands, notifications, intervals. */
function createFollowUp(db: Connection): (commit: Commit) => void {
  const insert = db.prepare(
    "INSERT INTO history(analysis_id, at, word, text, actor, terminal) VALUES(?, ?, ?, ?, ?, ?)",
  );
  const standing = db.prepare<[string, string, number], { seq: number }>(
    "SELECT seq FROM history WHERE analysis_id = ? AND terminal = 1 AND word = ? AND at = ?",
  );
  const enqueue = createEnqueue(db);
  const notify = createNotify(db);
  const addIntervals = createIntervalWriter(db);
  return (commit) => {
    const { analysis, note } = commit;
    if (note !== null) insert.run(analysis.id, commit.at, note.deed, note.reason, note.actor, 0);
    const terminal = analysis.terminal;
    if (terminal !== null && standing.get(analysis.id, terminal.word, terminal.at) === undefined) {
      insert.run(analysis.id, terminal.at, terminal.word, textOf(analysis), ownActor, 1);
    } else if (commit.changed) {
      insert.run(analysis.id, commit.at, analysis.verdict.word, textOf(analysis), ownActor, 0);
    }
    for (const command of commit.commands) enqueue(command, commit.at);
    for (const notice of commit.notices ?? []) notify(notice, commit.at);
    addIntervals(analysis.id, commit.intervals);
  };
}

/** Turns the refusal of one of the two unique indexes into its tagged error; anything else is a bug and is thrown on. */
function createRefusal(db: Connection): (error: unknown, analysis: Analysis) => CommitError {
  const terminal = db.prepare<[string], { word: string }>(
    "SELECT word FROM history WHERE analysis_id = ? AND terminal = 1",
  );
  const acting = db.prepare<[string, string, string], { id: string }>(
    "SELECT id FROM analysis WHERE service = ? AND environment = ? AND mode = 'act' AND ended = 0 AND id <> ?",
  );
  return (error, analysis) => {
    if (error instanceof Database.SqliteError && error.code === "SQLITE_CONSTRAINT_UNIQUE") {
      if (error.message.includes("history.analysis_id")) {
        return { tag: "secondTerminal", stands: terminal.get(analysis.id)?.word ?? "" };
      }
      const other = acting.get(analysis.service, analysis.environment, analysis.id);
      if (error.message.includes("analysis.service") && other !== undefined) {
        return { tag: "alreadyActing", analysisId: other.id };
      }
    }
    throw error;
  };
}

function createSteps(db: Connection): Pick<ControlStore, "open" | "commit"> {
  const insert = db.prepare(
    `INSERT INTO analysis(id, service, environment, mode, ended, opened, document, engine_state, policy)
     VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare(
    "UPDATE analysis SET mode = ?, ended = ?, document = ?, engine_state = ? WHERE id = ?",
  );
  const key = db.prepare(
    "INSERT INTO idempotency(key, analysis_id, request_digest, at) VALUES(?, ?, '', ?) ON CONFLICT DO NOTHING",
  );
  const followUp = createFollowUp(db);
  const refusal = createRefusal(db);
  const ended = (analysis: Analysis): number => (analysis.phase.phase === "ended" ? 1 : 0);
  const first = db.transaction((stored: StoredAnalysis, commit: Commit, idempotencyKey: string | null) => {
    const { analysis } = commit;
    const document = analysisToJson(analysis);
    const { id, service, environment, mode, opened } = analysis;
    insert.run(
      id,
      service,
      environment,
      mode,
      ended(analysis),
      opened,
      document,
      commit.engineState,
      stored.policyText,
    );
    if (idempotencyKey !== null) key.run(idempotencyKey, id, commit.at);
    followUp(commit);
  });
  const next = db.transaction((commit: Commit) => {
    const { analysis } = commit;
    const document = analysisToJson(analysis);
    const written = update.run(analysis.mode, ended(analysis), document, commit.engineState, analysis.id);
    if (written.changes === 0) throw new Error(`analysis ${analysis.id} was never opened`);
    followUp(commit);
  });
  const attempt = (analysis: Analysis, write: () => void): Result<null, CommitError> => {
    try {
      write();
      return ok(null);
    } catch (error) {
      return err(refusal(error, analysis));
    }
  };
  return {
    open: (stored, commit, idempotencyKey) =>
      attempt(commit.analysis, () => {
        first.immediate(stored, commit, idempotencyKey);
      }),
    commit: (commit) =>
      attempt(commit.analysis, () => {
        next.immediate(commit);
      }),
  };
}

type Lookups = Pick<
  ControlStore,
  "analysis" | "analyses" | "openAnalyses" | "byIdempotencyKey" | "saveIdempotencyKey" | "history"
>;

function createLookups(db: Connection): Lookups {
  const one = db.prepare<[string], StoredRow>(
    "SELECT document, engine_state, policy FROM analysis WHERE id = ?",
  );
  const list = db.prepare<
    { service: string | null; environment: string | null; ended: number | null; limit: number },
    { document: string }
  >(
    `SELECT document FROM analysis WHERE (@service IS NULL OR service = @service)
     AND (@environment IS NULL OR environment = @environment) AND (@ended IS NULL OR ended = @ended)
     ORDER BY opened DESC, rowid DESC LIMIT @limit`,
  );
  const open = db.prepare<[], StoredRow>(
    "SELECT document, engine_state, policy FROM analysis WHERE ended = 0 ORDER BY opened, rowid",
  );
  const byKey = db.prepare<[string], { analysisId: string; requestDigest: string }>(
    `SELECT analysis_id AS "analysisId", request_digest AS "requestDigest" FROM idempotency WHERE key = ?`,
  );
  const saveKey = db.prepare(
    `INSERT INTO idempotency(key, analysis_id, request_digest, at) VALUES(?, ?, ?, ?)
     ON CONFLICT(key) DO UPDATE SET request_digest = excluded.request_digest
     WHERE request_digest = '' AND analysis_id = excluded.analysis_id`,
  );
  const history = db.prepare<[string], HistoryEntry>(
    "SELECT at, word, text, actor FROM history WHERE analysis_id = ? ORDER BY seq",
  );
  return {
    analysis: (id) => {
      const row = one.get(id);
      return row === undefined ? null : storedOf(row);
    },
    analyses: ({ open: isOpen, ...filter }) =>
      list
        .all({ ...filter, ended: isOpen === null ? null : isOpen ? 0 : 1 })
        .map((row) => analysisFromJson(row.document)),
    openAnalyses: () => open.all().map(storedOf),
    byIdempotencyKey: (key) => byKey.get(key) ?? null,
    saveIdempotencyKey: (key, analysisId, requestDigest, at) => {
      saveKey.run(key, analysisId, requestDigest, at);
    },
    history: (id) => history.all(id),
  };
}

/** The store on an open connection; `openControlStore` is the usual way to get one. */
export function createControlStore(db: Connection): ControlStore & NotificationStore {
  return {
    ...createSteps(db),
    ...createLookups(db),
    ...createClaims(db),
    ...createMarks(db),
    ...createNotifications(db),
    outnumber: createOutnumber(db),
    intervals: createIntervalReader(db),
    checkpoint: (mode) => {
      checkpointDatabase(db, mode);
    },
    close: () => {
      closeDatabase(db);
    },
  };
}

/** Opens control.db for its one writer, creating or migrating it. A step is on disk when `open` or `commit` returns. */
export function openControlStore(path: string): Result<ControlStore & NotificationStore, StoreOpenError> {
  const opened = openDatabase(path, controlMigrations);
  return opened.ok ? ok(createControlStore(opened.value)) : err(opened.error);
}
