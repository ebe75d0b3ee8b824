import type { ControlStore } from "#engine/ports.ts";
import type { Command, CommandRecord, CommandStatus } from "#model/command.ts";
import type { Instant } from "#model/time.ts";
import type { Connection } from "./open-database.ts";
import { commandFromJson } from "./stored-json.ts";

/** After so many read-backs in a row a promotion or rollback is no longer looked after. */
export const confirmationsNeeded = 3;

/** Rollbacks leave first. */
const rollbackPriority = 0;
const otherPriority = 1;

interface OutboxRow {
  readonly document: string;
  readonly status: CommandStatus;
  readonly attempts: number;
  readonly created_at: number;
  readonly next_at: number;
  readonly sent_at: number | null;
  readonly confirmed_at: number | null;
  readonly confirmations: number;
  readonly last_error: string | null;
}

function recordOf(row: OutboxRow): CommandRecord {
  return {
    command: commandFromJson(row.document),
    status: row.status,
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAt: row.next_at,
    sentAt: row.sent_at,
    confirmedAt: row.confirmed_at,
    confirmations: row.confirmations,
    lastError: row.last_error,
  };
}

const newerExists = `EXISTS (SELECT 1 FROM outbox AS newer WHERE newer.controller = outbox.controller
  AND newer.service = outbox.service AND newer.environment = outbox.environment
  AND newer.generation > outbox.generation)`;

/** Puts a command into the outbox, inside the transaction of the decision that gave it, due at once. */
export function createEnqueue(db: Connection): (command: Command, at: Instant) => void {
  const insert = db.prepare(
    `INSERT INTO outbox(id, analysis_id, controller, service, environment, generation, kind, priority, document,
       status, attempts, created_at, next_at, confirmations)
     VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, 0)`,
  );
  const raise = db.prepare(
    `INSERT INTO target(controller, service, environment, generation) VALUES(?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET generation = max(generation, excluded.generation)`,
  );
  return (command, at) => {
    const { controller, service, environment, generation, kind } = command;
    const priority = kind === "rollback" ? rollbackPriority : otherPriority;
    insert.run(
      command.id,
      command.analysisId,
      controller,
      service,
      environment,
      generation,
      kind,
      priority,
      JSON.stringify(command),
      at,
      at,
    );
    raise.run(controller, service, environment, generation);
  };
}

type Claims = Pick<
  ControlStore,
  "dueCommands" | "standingCommands" | "commands" | "command" | "nextGeneration"
>;

/** What the sender and the reconciler ask for. */
export function createClaims(db: Connection): Claims {
  const outdated = `status IN ('pending', 'sent') AND ${newerExists}`;
  const anyOutdated = db.prepare<[]>(`SELECT 1 FROM outbox WHERE ${outdated} LIMIT 1`);
  const supersede = db.prepare(`UPDATE outbox SET status = 'superseded' WHERE ${outdated}`);
  const due = db.prepare<[number, number], OutboxRow>(
    `SELECT * FROM outbox WHERE status IN ('pending', 'sent') AND next_at <= ?
     ORDER BY priority, next_at, generation LIMIT ?`,
  );
  const standing = db.prepare<[number], OutboxRow>(
    `SELECT * FROM outbox WHERE status IN ('acknowledged', 'confirmed') AND NOT ${newerExists}
     AND CASE WHEN kind IN ('rollback', 'promote') THEN confirmations < ?
       ELSE (SELECT ended FROM analysis WHERE id = analysis_id) = 0 END
     ORDER BY priority, generation`,
  );
  const ofAnalysis = db.prepare<[string], OutboxRow>(
    "SELECT * FROM outbox WHERE analysis_id = ? ORDER BY generation, created_at",
  );
  const one = db.prepare<[string], OutboxRow>("SELECT * FROM outbox WHERE id = ?");
  const next = db.prepare<[string, string, string], { generation: number }>(
    `INSERT INTO target(controller, service, environment, generation) VALUES(?, ?, ?, 1)
     ON CONFLICT DO UPDATE SET generation = generation + 1 RETURNING generation`,
  );
  return {
    dueCommands: (now, limit) => {
      // Looked for ten times a second: only what is outdated is worth a transaction that writes.
      if (anyOutdated.get() !== undefined) supersede.run();
      return due.all(now, limit).map(recordOf);
    },
    standingCommands: () => standing.all(confirmationsNeeded).map(recordOf),
    commands: (analysisId) => ofAnalysis.all(analysisId).map(recordOf),
    command: (id) => {
      const row = one.get(id);
      return row === undefined ? null : recordOf(row);
    },
    nextGeneration: (controller, service, environment) => {
      const row = next.get(controller, service, environment);
      if (row === undefined) throw new Error("the next generation was not returned");
      return row.generation;
    },
  };
}

/** Generations that the controller has from elsewhere are left behind, for the target and, where wanted, for the command at hand. */
export function createOutnumber(db: Connection): ControlStore["outnumber"] {
  const raise = db.prepare<[number, string], { generation: number }>(
    `UPDATE target SET generation = max(generation, ?)
     WHERE (controller, service, environment) = (SELECT controller, service, environment FROM outbox WHERE id = ?)
     RETURNING generation`,
  );
  const current = db.prepare<[string], { document: string }>(
    `SELECT document FROM outbox WHERE id = ? AND status <> 'superseded' AND NOT ${newerExists}`,
  );
  const renumber = db.prepare(
    `UPDATE outbox SET generation = ?, document = ?, status = 'pending', confirmations = 0, next_at = ? WHERE id = ?`,
  );
  const outnumber = db.transaction((id: string, held: number, resend: boolean, now: Instant) => {
    const reached = raise.get(held, id)?.generation ?? held;
    const row = current.get(id);
    if (!resend || row === undefined) return;
    const command: Command = { ...commandFromJson(row.document), generation: reached + 1 };
    renumber.run(command.generation, JSON.stringify(command), now, id);
    raise.get(command.generation, id);
  });
  return (id, held, resend, now) => {
    outnumber.immediate(id, held, resend, now);
  };
}

/** What became of a command. Nothing is written over a command that a newer one has superseded. */
export function createMarks(db: Connection): Pick<ControlStore, "markSent" | "markOutcome"> {
  const sent = db.prepare(
    `UPDATE outbox SET status = 'sent', sent_at = ?, attempts = attempts + 1 WHERE id = ? AND status IN ('pending', 'sent')`,
  );
  const acknowledged = db.prepare(
    `UPDATE outbox SET status = 'acknowledged', confirmations = 0, last_error = ? WHERE id = ? AND status <> 'superseded'`,
  );
  const confirmed = db.prepare(
    `UPDATE outbox SET status = 'confirmed', confirmations = confirmations + 1, confirmed_at = coalesce(confirmed_at, ?),
       last_error = ? WHERE id = ? AND status <> 'superseded'`,
  );
  const rejected = db.prepare(
    `UPDATE outbox SET status = 'rejected', last_error = ? WHERE id = ? AND status <> 'superseded'`,
  );
  const retry = db.prepare(
    `UPDATE outbox SET status = 'pending', confirmations = 0, next_at = ?, last_error = ? WHERE id = ? AND status <> 'superseded'`,
  );
  return {
    markSent: (id, now) => {
      sent.run(now, id);
    },
    markOutcome: (id, outcome) => {
      switch (outcome.status) {
        case "acknowledged":
          acknowledged.run(outcome.error, id);
          break;
        case "confirmed":
          confirmed.run(outcome.at, outcome.error, id);
          break;
        case "rejected":
          rejected.run(outcome.error, id);
          break;
        case "retry":
          retry.run(outcome.nextAt, outcome.error, id);
          break;
      }
    },
  };
}
