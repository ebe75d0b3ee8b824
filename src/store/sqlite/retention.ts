import { mergeSamples } from "#model/merge-sample.ts";
import type { Sample } from "#model/sample.ts";
import type { Instant } from "#model/time.ts";
import { forgetIdleStates } from "./cumulative-pages.ts";
import type { Connection } from "./open-database.ts";
import { forgetIdlePatterns } from "./pattern-tables.ts";
import { decodeSample, encodeSample } from "./sample-codec.ts";

/** How long samples stay at each resolution, and how large the file may grow (decision 11). */
export interface Retention {
  /** Windows of 5 s stay this long, then become 1 min. */
  readonly fineMs: number;
  /** Windows of 1 min stay this long, then become 10 min. */
  readonly minuteMs: number;
  /** Nothing is older than this. */
  readonly dropMs: number;
  /** Past this the oldest windows of the coarsest tier go first. Pages in use, not the length of the file. */
  readonly maxBytes: number;
  /** Rows merged or dropped by one call, so that it never stands in the way of a commit for long. */
  readonly rowsPerCall: number;
}

export const retentionDefaults: Retention = {
  fineMs: 2 * 3_600_000,
  minuteMs: 24 * 3_600_000,
  dropMs: 7 * 24 * 3_600_000,
  maxBytes: 8 * 2 ** 30,
  rowsPerCall: 10_000,
};

const minuteMs = 60_000;
const tenMinutesMs = 600_000;
const windowStepMs = 5000;

interface SampleBody {
  readonly series_id: number;
  readonly late: number;
  readonly window: number;
  readonly body: Buffer;
}

interface Step {
  readonly tier: 0 | 1;
  readonly bucketMs: number;
}

/** One series in one bucket of the next tier: what it holds, one sample for each layout of buckets that the sender used. */
interface Fold {
  readonly seriesId: number;
  readonly late: number;
  readonly bucket: Instant;
  readonly samples: Sample[];
}

function addTo(samples: Sample[], sample: Sample): void {
  for (const [place, there] of samples.entries()) {
    const merged = mergedOrNull(there, sample);
    if (merged === null) continue;
    samples[place] = merged;
    return;
  }
  samples.push(sample);
}

/** Moves rows into the next tier, beside what it holds already: each bucket is read and written once for all its rows. */
function createMove(db: Connection): (rows: readonly SampleBody[], step: Step) => void {
  const standing = db.prepare<[number, number, number, number, number], { body: Buffer }>(
    `SELECT body FROM sample WHERE series_id = ? AND late = ? AND tier = ? AND window >= ? AND window < ?
     ORDER BY window`,
  );
  const put = db.prepare(
    `INSERT INTO sample(series_id, late, tier, window, requests, body) VALUES(?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET requests = excluded.requests, body = excluded.body`,
  );
  const remove = db.prepare(
    "DELETE FROM sample WHERE series_id = ? AND late = ? AND tier = ? AND window = ?",
  );
  return (rows, step) => {
    const next = step.tier + 1;
    const folds = new Map<string, Fold>();
    for (const row of rows) {
      const { series_id: seriesId, late } = row;
      const bucket = Math.floor(row.window / step.bucketMs) * step.bucketMs;
      const key = `${seriesId} ${late} ${bucket}`;
      const known = folds.get(key);
      const there = known ?? {
        ...{ seriesId, late, bucket },
        samples: standing
          .all(seriesId, late, next, bucket, bucket + step.bucketMs)
          .map(({ body }) => decodeSample(body)),
      };
      if (known === undefined) folds.set(key, there);
      addTo(there.samples, decodeSample(row.body));
      remove.run(seriesId, late, step.tier, row.window);
    }
    for (const { seriesId, late, bucket, samples } of folds.values()) {
      // Layouts that cannot be merged stand side by side at windows of their own inside the bucket.
      for (const [place, sample] of samples.entries()) {
        const requests = sample.kind === "requests" ? sample.count : 0;
        put.run(seriesId, late, next, bucket + place * windowStepMs, requests, encodeSample(sample));
      }
    }
  };
}

function mergedOrNull(a: Sample, b: Sample): Sample | null {
  const merged = mergeSamples(a, b);
  return merged.ok ? merged.value : null;
}

function usedBytes(db: Connection): number {
  const pages = Number(db.pragma("page_count", { simple: true }));
  const free = Number(db.pragma("freelist_count", { simple: true }));
  return (pages - free) * Number(db.pragma("page_size", { simple: true }));
}

function dropForSpace(db: Connection, retention: Retention, before: Instant): number {
  const drop = prepareDrop(db);
  let dropped = 0;
  for (const tier of [2, 1, 0]) {
    while (dropped < retention.rowsPerCall && usedBytes(db) > retention.maxBytes) {
      const gone = drop.run(tier, before, Math.ceil(retention.rowsPerCall / 10)).changes;
      if (gone === 0) break;
      dropped += gone;
    }
  }
  return dropped;
}

function prepareDrop(db: Connection): { run(...values: number[]): { readonly changes: number } } {
  return db.prepare<number[]>(
    `DELETE FROM sample WHERE (series_id, late, tier, window) IN
     (SELECT series_id, late, tier, window FROM sample WHERE tier = ? AND window < ? ORDER BY window LIMIT ?)`,
  );
}

/**
 * One bounded round of thinning: 5 s windows to 1 min, 1 min to 10 min, the too old and the too many away. Windows at or
 * after `pinnedFrom` (running analyses) stay as they are. Call again while `merged` reaches `rowsPerCall`.
 */
export function retainSamples(
  db: Connection,
  retention: Retention,
  at: { readonly now: Instant; readonly pinnedFrom: Instant | null },
): { readonly merged: number; readonly dropped: number } {
  const due = db.prepare<[number, Instant, number], SampleBody>(
    `SELECT series_id, late, window, body FROM sample WHERE tier = ? AND window < ? ORDER BY window LIMIT ?`,
  );
  const move = createMove(db);
  const pinned = at.pinnedFrom ?? Infinity;
  const round = db.transaction(() => {
    let merged = 0;
    for (const [tier, keepMs, bucketMs] of [
      [0, retention.fineMs, minuteMs],
      [1, retention.minuteMs, tenMinutesMs],
    ] as const) {
      // Whole buckets only: one that is partly young or partly pinned waits.
      const before = Math.floor(Math.min(at.now - keepMs, pinned) / bucketMs) * bucketMs;
      const rows = due.all(tier, before, retention.rowsPerCall - merged);
      move(rows, { tier, bucketMs });
      merged += rows.length;
    }
    const tooOld = Math.min(at.now - retention.dropMs, pinned);
    const drop = prepareDrop(db);
    let dropped = 0;
    for (const tier of [2, 1, 0]) dropped += drop.run(tier, tooOld, retention.rowsPerCall).changes;
    return { merged, dropped: dropped + dropForSpace(db, retention, Math.min(at.now, pinned)) };
  });
  return round.immediate();
}

/** Series without samples whose instance was silent for as long as samples are kept; their ids are free again. */
export function forgetIdleSeries(db: Connection, retention: Retention): void {
  const newest = db.prepare<[], { at: number | null }>("SELECT max(last_seen) AS at FROM instance").get()?.at;
  if (newest === null || newest === undefined) return;
  const before = newest - retention.dropMs;
  db.transaction(() => {
    db.prepare(
      `DELETE FROM series WHERE instance_id IN (SELECT id FROM instance WHERE last_seen < ?)
       AND NOT EXISTS (SELECT 1 FROM sample WHERE series_id = series.id)`,
    ).run(before);
    forgetIdlePatterns(db, before);
    db.prepare(
      `DELETE FROM instance WHERE last_seen < ?
       AND NOT EXISTS (SELECT 1 FROM series WHERE instance_id = instance.id)`,
    ).run(before);
    forgetIdleStates(db, before);
  }).immediate();
}
