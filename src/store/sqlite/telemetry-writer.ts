import type { SourceOffset, TelemetryBatch, TelemetryWriter } from "#engine/ports.ts";
import type { Result } from "#model/result.ts";
import { err, ok } from "#model/result.ts";
import type { Sample } from "#model/sample.ts";
import { createCumulativePages, type CumulativePages } from "./cumulative-pages.ts";
import {
  checkpointDatabase,
  closeDatabase,
  openDatabase,
  type Connection,
  type StoreOpenError,
} from "./open-database.ts";
import { createPatternLookups, createPatternTables } from "./pattern-tables.ts";
import { forgetIdleSeries, retainSamples, retentionDefaults, type Retention } from "./retention.ts";
import { decodeSample, encodeSample } from "./sample-codec.ts";
import { measureFromJson } from "./stored-json.ts";
import { deploymentOf, instanceOf, type DeploymentRow, type InstanceRow } from "./telemetry-rows.ts";
import { telemetryMigrations } from "./telemetry-schema.ts";

type Whole = Required<Omit<TelemetryBatch, "cumulative">>;
type TableWriters = {
  readonly [Part in keyof Whole]: (row: Whole[Part][number]) => void;
};

function describeTables(
  db: Connection,
): Pick<TableWriters, "deployments" | "merges" | "instances" | "series"> {
  const deployment = db.prepare(
    `INSERT INTO deployment(id, service, environment, aliases, first_seen, last_seen, earliest_start)
     VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET service = excluded.service,
     environment = excluded.environment, aliases = excluded.aliases, first_seen = excluded.first_seen,
     last_seen = excluded.last_seen, earliest_start = excluded.earliest_start`,
  );
  const merge = db.prepare(
    `INSERT INTO deployment_merge(from_id, into_id) VALUES(?, ?)
     ON CONFLICT(from_id) DO UPDATE SET into_id = excluded.into_id`,
  );
  const instance = db.prepare(
    `INSERT INTO instance(id, deployment_id, name, identified, started, traits, first_seen, last_seen)
     VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE SET deployment_id = excluded.deployment_id,
     name = excluded.name, identified = excluded.identified, started = excluded.started,
     traits = excluded.traits, first_seen = excluded.first_seen, last_seen = excluded.last_seen`,
  );
  const series = db.prepare(
    `INSERT INTO series(id, instance_id, measure) VALUES(?, ?, ?)
     ON CONFLICT(id) DO UPDATE SET instance_id = excluded.instance_id, measure = excluded.measure`,
  );
  return {
    deployments: (d) =>
      deployment.run(
        d.id,
        d.service,
        d.environment,
        JSON.stringify(d.aliases),
        d.firstSeen,
        d.lastSeen,
        d.earliestStart,
      ),
    merges: (m) => merge.run(m.from, m.into),
    instances: (i) =>
      instance.run(
        i.id,
        i.deploymentId,
        i.name,
        i.identified ? 1 : 0,
        i.started,
        JSON.stringify(i.traits),
        i.firstSeen,
        i.lastSeen,
      ),
    series: (s) => series.run(s.id, s.instanceId, JSON.stringify(s.measure)),
  };
}

function countTables(db: Connection): Pick<TableWriters, "samples" | "tallies" | "digests" | "offsets"> {
  const sample = db.prepare(
    `INSERT INTO sample(series_id, late, tier, window, requests, body) VALUES(?, ?, 0, ?, ?, ?)
     ON CONFLICT DO UPDATE SET requests = excluded.requests, body = excluded.body`,
  );
  const tally = db.prepare(
    `INSERT INTO tally(service, environment, name, count) VALUES(?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET count = count + excluded.count`,
  );
  const digest = db.prepare("INSERT INTO digest(digest, at) VALUES(?, ?) ON CONFLICT DO NOTHING");
  const offset = db.prepare(
    `INSERT INTO source_offset(source, topic, partition, next) VALUES(?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET next = excluded.next`,
  );
  return {
    samples: (s) =>
      sample.run(s.seriesId, s.late ? 1 : 0, s.window, requestsOf(s.sample), encodeSample(s.sample)),
    tallies: (t) => tally.run(t.service, t.environment, t.name, t.count),
    digests: (d) => digest.run(d.digest, d.at),
    offsets: (o) => offset.run(o.source, o.topic, o.partition, o.next),
  };
}

function requestsOf(sample: Sample): number {
  return sample.kind === "requests" ? sample.count : 0;
}

function createCommit(db: Connection, pages: CumulativePages): (batch: TelemetryBatch) => void {
  const put: TableWriters = { ...describeTables(db), ...countTables(db), ...createPatternTables(db) };
  const all = db.transaction((batch: TelemetryBatch) => {
    // Parents before children: foreign keys are checked row by row.
    batch.deployments.forEach(put.deployments);
    batch.merges.forEach(put.merges);
    batch.instances.forEach(put.instances);
    batch.series.forEach(put.series);
    batch.samples.forEach(put.samples);
    pages.put(batch.cumulative);
    batch.tallies.forEach(put.tallies);
    batch.digests.forEach(put.digests);
    batch.offsets?.forEach(put.offsets);
    batch.patterns?.forEach(put.patterns);
    batch.examples?.forEach(put.examples);
  });
  return (batch) => {
    try {
      all.immediate(batch);
    } catch (error) {
      pages.reread();
      throw error;
    }
  };
}

function createLookups(
  db: Connection,
): Pick<
  TelemetryWriter,
  "knowsDigest" | "forgetDigests" | "deployments" | "merges" | "instances" | "series" | "offsets" | "sample"
> {
  const digest = db.prepare<[string], { digest: string }>("SELECT digest FROM digest WHERE digest = ?");
  const forget = db.prepare("DELETE FROM digest WHERE at < ?");
  const deployments = db.prepare<[], DeploymentRow>("SELECT * FROM deployment ORDER BY id");
  const merges = db.prepare<[], { from: number; into: number }>(
    `SELECT from_id AS "from", into_id AS "into" FROM deployment_merge ORDER BY from_id`,
  );
  const instances = db.prepare<[], InstanceRow>("SELECT * FROM instance ORDER BY id");
  const series = db.prepare<[], { id: number; instance_id: number; measure: string }>(
    "SELECT * FROM series ORDER BY id",
  );
  const offsets = db.prepare<[], SourceOffset>(
    "SELECT source, topic, partition, next FROM source_offset ORDER BY source, topic, partition",
  );
  const sample = db.prepare<[number, number, number], { body: Buffer }>(
    "SELECT body FROM sample WHERE series_id = ? AND late = ? AND tier = 0 AND window = ?",
  );
  return {
    knowsDigest: (text) => digest.get(text) !== undefined,
    forgetDigests: (before) => {
      forget.run(before);
    },
    deployments: () => deployments.all().map(deploymentOf),
    merges: () => merges.all(),
    instances: () => instances.all().map(instanceOf),
    series: () =>
      series
        .all()
        .map((row) => ({ id: row.id, instanceId: row.instance_id, measure: measureFromJson(row.measure) })),
    offsets: () => offsets.all(),
    sample: (seriesId, window, late) => {
      const row = sample.get(seriesId, late ? 1 : 0, window);
      return row === undefined ? null : decodeSample(row.body);
    },
  };
}

/** A writer on an open connection; `openTelemetryWriter` is the usual way to get one. */
export function createTelemetryWriter(
  db: Connection,
  retention: Retention = retentionDefaults,
): TelemetryWriter {
  const pages = createCumulativePages(db);
  return {
    commit: createCommit(db, pages),
    cumulative: () => pages.all(),
    ...createLookups(db),
    ...createPatternLookups(db),
    retain: (now, pinnedFrom) => retainSamples(db, retention, { now, pinnedFrom }),
    checkpoint: (mode) => {
      checkpointDatabase(db, mode);
    },
    close: () => {
      closeDatabase(db);
    },
  };
}

/**
 * Opens telemetry.db for its one writer, creating or migrating it; series that were idle for as long as samples are
 * kept are forgotten here, before anybody holds their ids. A committed batch is on disk when `commit` returns.
 */
export function openTelemetryWriter(
  path: string,
  retention: Retention = retentionDefaults,
): Result<TelemetryWriter, StoreOpenError> {
  const opened = openDatabase(path, telemetryMigrations);
  if (!opened.ok) return err(opened.error);
  forgetIdleSeries(opened.value, retention);
  return ok(createTelemetryWriter(opened.value, retention));
}
