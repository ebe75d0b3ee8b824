import type { IntervalPoint } from "#model/analysis.ts";
import type { Connection } from "./open-database.ts";

/** Points kept for the drawing of one signal; at this number every second older one goes. */
export const maxPointsPerSignal = 300;

/** Adds points of an analysis, inside the transaction of its commit; a point that is not a number cannot be drawn and is left out. */
export function createIntervalWriter(
  db: Connection,
): (analysisId: string, points: readonly IntervalPoint[]) => void {
  const insert = db.prepare(
    `INSERT INTO interval(analysis_id, signal, at, effect, low, high) VALUES(?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET effect = excluded.effect, low = excluded.low, high = excluded.high`,
  );
  const count = db.prepare<[string, string], { points: number }>(
    "SELECT count(*) AS points FROM interval WHERE analysis_id = ? AND signal = ?",
  );
  // The first and the newest point stay, so that the drawing keeps its ends.
  const thin = db.prepare<[string, string, string, string]>(
    `DELETE FROM interval WHERE analysis_id = ? AND signal = ? AND at IN (
       SELECT at FROM (SELECT at, row_number() OVER (ORDER BY at) AS place, lead(at) OVER (ORDER BY at) AS following
       FROM interval WHERE analysis_id = ? AND signal = ?) WHERE place % 2 = 0 AND following IS NOT NULL)`,
  );
  return (analysisId, points) => {
    for (const point of points) {
      if ([point.effect, point.low, point.high].some(Number.isNaN)) continue;
      insert.run(analysisId, point.signal, point.at, point.effect, point.low, point.high);
      const kept = count.get(analysisId, point.signal)?.points ?? 0;
      if (kept > maxPointsPerSignal) thin.run(analysisId, point.signal, analysisId, point.signal);
    }
  };
}

/** The points of an analysis, oldest first. */
export function createIntervalReader(db: Connection): (analysisId: string) => readonly IntervalPoint[] {
  const select = db.prepare<[string], IntervalPoint>(
    "SELECT at, signal, effect, low, high FROM interval WHERE analysis_id = ? ORDER BY at, signal",
  );
  return (analysisId) => select.all(analysisId);
}
