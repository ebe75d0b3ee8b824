import { compareTexts, foldPatterns, type PatternExample } from "#model/fold-patterns.ts";
import type { ExampleRow, PatternRow } from "#model/pattern-row.ts";
import type { TelemetryReader } from "#engine/ports.ts";
import type { MergedDeployments } from "./merged-deployments.ts";
import type { Connection } from "./open-database.ts";
import { examplesFromJson, textsFromJson } from "./stored-json.ts";

interface StoredPattern {
  readonly service: string;
  readonly environment: string;
  readonly id: string;
  readonly stands_for: string;
  readonly source: string;
  readonly tokens: string;
  readonly template: string;
  readonly severity: number;
  readonly signatures: string;
  readonly exception: string | null;
  readonly first_seen: number;
}

interface StoredExamples {
  readonly instance_id: number;
  readonly pattern: string;
  readonly body: string;
}

/** Every series of one form of line begins so, as `JSON.stringify` writes its measure. */
const patternMeasures = `{"kind":"pattern"%`;

function patternOf(row: StoredPattern): PatternRow {
  const { stands_for: standsFor, first_seen: firstSeen, source, signatures, ...rest } = row;
  const texts = { source: textsFromJson(source), signatures: textsFromJson(signatures) };
  return { ...rest, standsFor, firstSeen, ...texts };
}

/** Writes the rows of a batch, inside its transaction. */
export function createPatternTables(db: Connection): {
  readonly patterns: (row: PatternRow) => void;
  readonly examples: (row: ExampleRow) => void;
} {
  const pattern = db.prepare(
    `INSERT INTO pattern(service, environment, id, stands_for, source, tokens, template, severity, signatures,
       exception, first_seen) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT(service, environment, id) DO UPDATE SET stands_for = excluded.stands_for,
     template = excluded.template, severity = excluded.severity, signatures = excluded.signatures,
     exception = excluded.exception, first_seen = excluded.first_seen`,
  );
  const example = db.prepare(
    `INSERT INTO log_example(instance_id, pattern, body) VALUES(?, ?, ?)
     ON CONFLICT(instance_id, pattern) DO UPDATE SET body = excluded.body`,
  );
  const forget = db.prepare("DELETE FROM log_example WHERE instance_id = ? AND pattern = ?");
  return {
    patterns: (p) =>
      pattern.run(
        ...[
          p.service,
          p.environment,
          p.id,
          p.standsFor,
          JSON.stringify(p.source),
          p.tokens,
          p.template,
          p.severity,
        ],
        ...[JSON.stringify(p.signatures), p.exception, p.firstSeen],
      ),
    examples: (e) =>
      e.examples.length === 0
        ? forget.run(e.instanceId, e.pattern)
        : example.run(e.instanceId, e.pattern, JSON.stringify(e.examples)),
  };
}

/** All that was kept, for the one writer to go on from. */
export function createPatternLookups(db: Connection): {
  readonly patterns: () => readonly PatternRow[];
  readonly examples: () => readonly ExampleRow[];
} {
  const patterns = db.prepare<[], StoredPattern>("SELECT * FROM pattern ORDER BY rowid");
  const examples = db.prepare<[], StoredExamples>("SELECT * FROM log_example ORDER BY instance_id, pattern");
  return {
    patterns: () => patterns.all().map(patternOf),
    examples: () =>
      examples.all().map((row) => ({
        instanceId: row.instance_id,
        pattern: row.pattern,
        examples: examplesFromJson(row.body),
      })),
  };
}

/** The read of `TelemetryReader.patterns`, to be called inside a transaction. */
export function createPatternRead(
  db: Connection,
  readMerges: () => MergedDeployments,
): TelemetryReader["patterns"] {
  const services = db.prepare<[string], { service: string; environment: string; ids: string }>(
    `SELECT service, environment, json_group_array(id) AS ids FROM deployment
     WHERE id IN (SELECT value FROM json_each(?)) GROUP BY service, environment ORDER BY service, environment`,
  );
  const shown = db.prepare<[string], { pattern: string }>(
    `SELECT DISTINCT json_extract(s.measure, '$.pattern') AS pattern
     FROM json_each(?) AS d CROSS JOIN instance AS i ON i.deployment_id = d.value
     CROSS JOIN series AS s ON s.instance_id = i.id WHERE s.measure LIKE '${patternMeasures}'`,
  );
  const patterns = db.prepare<[string, string], StoredPattern>(
    "SELECT * FROM pattern WHERE service = ? AND environment = ? ORDER BY id",
  );
  const examples = db.prepare<[string], StoredExamples & { deployment_id: number }>(
    `SELECT e.*, i.deployment_id FROM json_each(?) AS d CROSS JOIN instance AS i ON i.deployment_id = d.value
     CROSS JOIN log_example AS e ON e.instance_id = i.id`,
  );
  return (deploymentIds) => {
    const { canonical, members } = readMerges();
    const found = services
      .all(JSON.stringify(members(deploymentIds)))
      .flatMap(({ service, environment, ids }) => {
        const kept = examples.all(ids).flatMap((row): readonly PatternExample[] => {
          const { pattern, instance_id: instanceId } = row;
          const deploymentId = canonical(row.deployment_id);
          return examplesFromJson(row.body).map((one) => ({ ...one, pattern, instanceId, deploymentId }));
        });
        const asked = new Set(shown.all(ids).map(({ pattern }) => pattern));
        return foldPatterns(patterns.all(service, environment).map(patternOf), asked, kept);
      });
    return found.sort((a, b) => compareTexts(a.id, b.id));
  };
}

/** Forgets patterns of which no form of line is counted any more, and examples of instances that are about to go. */
export function forgetIdlePatterns(db: Connection, idleBefore: number): void {
  db.prepare(
    `DELETE FROM log_example WHERE instance_id IN (SELECT id FROM instance WHERE last_seen < ?)
     AND NOT EXISTS (SELECT 1 FROM series AS s WHERE s.instance_id = log_example.instance_id)`,
  ).run(idleBefore);
  // A pattern stays whole: what made its lines one is the lines themselves.
  db.prepare(
    `WITH counted(service, environment, id) AS MATERIALIZED (
       SELECT DISTINCT d.service, d.environment, json_extract(s.measure, '$.pattern') FROM series AS s
       JOIN instance AS i ON i.id = s.instance_id JOIN deployment AS d ON d.id = i.deployment_id
       WHERE s.measure LIKE '${patternMeasures}')
     DELETE FROM pattern WHERE (service, environment, stands_for) NOT IN (
       SELECT p.service, p.environment, p.stands_for FROM counted AS c JOIN pattern AS p
       ON p.service = c.service AND p.environment = c.environment AND p.id = c.id)`,
  ).run();
}
