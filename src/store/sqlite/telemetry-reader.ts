import type { SampleQuery, TelemetryReader } from "#engine/ports.ts";
import type { Instance } from "#model/deployment.ts";
import { mergeSamples } from "#model/merge-sample.ts";
import type { Result } from "#model/result.ts";
import { err, ok } from "#model/result.ts";
import type { Measure, SampleRow } from "#model/sample.ts";
import { createMergedDeployments, foldDeployments, foldInstances } from "./merged-deployments.ts";
import { openDatabaseForReading, type Connection, type StoreOpenError } from "./open-database.ts";
import { createPatternRead } from "./pattern-tables.ts";
import { decodeSample } from "./sample-codec.ts";
import { measureFromJson } from "./stored-json.ts";
import { deploymentOf, instanceOf, type DeploymentRow, type InstanceRow } from "./telemetry-rows.ts";
import { telemetryMigrations } from "./telemetry-schema.ts";

interface StoredSample {
  readonly instance_id: number;
  readonly series_id: number;
  readonly window: number;
  readonly body: Buffer;
}

/** Measures repeat over instances; parsed once each. Emptied when it grows past this. */
const measuresRemembered = 50_000;

function createMeasures(db: Connection): (seriesId: number) => Measure {
  const statement = db.prepare<[number], { measure: string }>("SELECT measure FROM series WHERE id = ?");
  const known = new Map<number, { readonly text: string; readonly measure: Measure }>();
  return (seriesId) => {
    const text = statement.get(seriesId)?.measure ?? "";
    const remembered = known.get(seriesId);
    if (remembered?.text === text) return remembered.measure;
    if (known.size >= measuresRemembered) known.clear();
    const measure = measureFromJson(text);
    known.set(seriesId, { text, measure });
    return measure;
  };
}

/** Rows that fall together after a merge (one pod, one measure, one window) are one sample; where they cannot be merged both stay. */
function foldRows(rows: readonly SampleRow[]): readonly SampleRow[] {
  const folded = new Map<string, SampleRow>();
  const apart: SampleRow[] = [];
  for (const row of rows) {
    const key = JSON.stringify([row.instanceId, row.window, row.measure]);
    const known = folded.get(key);
    const merged = known === undefined ? ok(row.sample) : mergeSamples(known.sample, row.sample);
    if (merged.ok) folded.set(key, { ...row, sample: merged.value });
    else apart.push(row);
  }
  return [...folded.values(), ...apart];
}

function createSamples(db: Connection, members: MembersRead): (query: SampleQuery) => readonly SampleRow[] {
  const measureOf = createMeasures(db);
  // CROSS JOIN keeps the order deployment, series, range of windows: every step is an index seek.
  const statement = db.prepare<[string, number, number, number], StoredSample>(
    `SELECT i.id AS instance_id, s.id AS series_id, x.window, x.body
     FROM json_each(?) AS d CROSS JOIN instance AS i ON i.deployment_id = d.value
     CROSS JOIN series AS s ON s.instance_id = i.id
     CROSS JOIN sample AS x ON x.series_id = s.id AND x.late = ? AND x.tier IN (0, 1, 2)
       AND x.window >= ? AND x.window < ?`,
  );
  return (query) => {
    const { merges, ids, instances } = members(query.deploymentIds);
    const { idOf, instances: folded } = foldInstances(instances, merges.canonical);
    const deploymentOfInstance = new Map(folded.map((one) => [one.id, one.deploymentId]));
    const measures = new Map<number, Measure>();
    const rows: SampleRow[] = [];
    for (const row of statement.iterate(JSON.stringify(ids), query.late ? 1 : 0, query.from, query.to)) {
      const instanceId = idOf.get(row.instance_id) ?? row.instance_id;
      const measure = measures.get(row.series_id) ?? measureOf(row.series_id);
      measures.set(row.series_id, measure);
      rows.push({
        deploymentId: deploymentOfInstance.get(instanceId) ?? 0,
        instanceId,
        measure,
        window: row.window,
        late: query.late,
        sample: decodeSample(row.body),
      });
    }
    return merges.none ? rows : foldRows(rows);
  };
}

type MembersRead = (deploymentIds: readonly number[]) => {
  readonly merges: ReturnType<ReturnType<typeof createMergedDeployments>>;
  readonly ids: readonly number[];
  readonly instances: readonly Instance[];
};

function createMembersRead(db: Connection): MembersRead {
  const readMerges = createMergedDeployments(db);
  const statement = db.prepare<[string], InstanceRow>(
    "SELECT * FROM instance WHERE deployment_id IN (SELECT value FROM json_each(?)) ORDER BY id",
  );
  return (deploymentIds) => {
    const merges = readMerges();
    const ids = merges.members(deploymentIds);
    return { merges, ids, instances: statement.all(JSON.stringify(ids)).map(instanceOf) };
  };
}

interface ActivityRow {
  readonly deployment_id: number;
  readonly source: string | null;
  readonly newest: number;
  readonly oldest: number;
  readonly requests: number;
}

/** Requests are counted by spans and by metrics alike; the larger of the two is what the deployment served. */
function foldActivity(
  rows: readonly ActivityRow[],
  canonical: (id: number) => number,
): ReturnType<TelemetryReader["activity"]> {
  const bySource = new Map<
    string,
    { deploymentId: number; newest: number; oldest: number; requests: number }
  >();
  for (const row of rows) {
    const deploymentId = canonical(row.deployment_id);
    const key = `${deploymentId} ${row.source ?? ""}`;
    const known = bySource.get(key);
    bySource.set(key, {
      deploymentId,
      newest: Math.max(known?.newest ?? -Infinity, row.newest),
      oldest: Math.min(known?.oldest ?? Infinity, row.oldest),
      requests: (known?.requests ?? 0) + row.requests,
    });
  }
  const folded = new Map<number, ReturnType<TelemetryReader["activity"]>[number]>();
  for (const one of bySource.values()) {
    const known = folded.get(one.deploymentId);
    folded.set(one.deploymentId, {
      deploymentId: one.deploymentId,
      newestWindow: Math.max(known?.newestWindow ?? -Infinity, one.newest),
      oldestWindow: Math.min(known?.oldestWindow ?? Infinity, one.oldest),
      requests: Math.max(known?.requests ?? 0, one.requests),
    });
  }
  return [...folded.values()];
}

/** Reads on an open connection; `openTelemetryReader` is the usual way to get one. */
export function createTelemetryReader(db: Connection): TelemetryReader {
  const readMerges = createMergedDeployments(db);
  const members = createMembersRead(db);
  const samples = createSamples(db, members);
  const deployments = db.prepare<[], DeploymentRow>("SELECT * FROM deployment ORDER BY id");
  const tallies = db.prepare<[], ReturnType<TelemetryReader["tallies"]>[number]>(
    "SELECT service, environment, name, count FROM tally",
  );
  const activity = db.prepare<[number], ActivityRow>(
    `SELECT i.deployment_id, json_extract(s.measure, '$.source') AS source,
       max(x.window) AS newest, min(x.window) AS oldest, sum(x.requests) AS requests
     FROM sample AS x CROSS JOIN series AS s ON s.id = x.series_id CROSS JOIN instance AS i ON i.id = s.instance_id
     WHERE x.tier IN (0, 1, 2) AND x.window >= ? AND x.late = 0
     GROUP BY i.deployment_id, source`,
  );
  // One snapshot per answer: the writer may commit between two statements.
  const snapshotSamples = db.transaction(samples);
  const snapshotInstances = db.transaction((deploymentIds: readonly number[]) => {
    const read = members(deploymentIds);
    return foldInstances(read.instances, read.merges.canonical).instances;
  });
  return {
    deployments: db.transaction(() =>
      foldDeployments(deployments.all().map(deploymentOf), readMerges().canonical),
    ),
    instances: (deploymentIds) => snapshotInstances(deploymentIds),
    samples: (query) => snapshotSamples(query),
    tallies: () => tallies.all(),
    patterns: db.transaction(createPatternRead(db, readMerges)),
    activity: db.transaction((since: number) => foldActivity(activity.all(since), readMerges().canonical)),
  };
}

/** Opens telemetry.db for reading, from any thread, beside its writer, which must have opened it before. */
export function openTelemetryReader(
  path: string,
): Result<TelemetryReader & { close(): void }, StoreOpenError> {
  const opened = openDatabaseForReading(path, telemetryMigrations);
  if (!opened.ok) return err(opened.error);
  const db = opened.value;
  return ok({ ...createTelemetryReader(db), close: () => db.close() });
}
