import { writeSync } from "node:fs";
import { openSync } from "node:fs";
import { join } from "node:path";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { takeDataLock } from "#store/sqlite/data-lock.ts";
import { openTelemetryWriter } from "#store/sqlite/telemetry-writer.ts";
import { analysisOf, commandOf, commitOf, openIn } from "#test/conformance/control-fixtures.ts";
import { emptyBatch, oneSeries, patternRow, requests, t0 } from "#test/conformance/telemetry-store.ts";
import { value } from "./result-value.ts";

/*
 * Runs in a process of its own. "lock": takes the data folder and tells how it went. "commit": takes it and commits batches
 * from a number on until it is killed, writing each number to a file only after its commits have returned.
 */
const [mode = "", folder = "", from = "0"] = process.argv.slice(2);

const lock = takeDataLock(folder, Date.now());
if (mode === "lock") {
  process.send?.(lock.ok ? "taken" : lock.error.message);
  // Keeps the process, and so the lock, alive until it is killed.
  setInterval(() => lock.ok, 60_000);
}

function commitForEver(first: number): never {
  const telemetry = value(openTelemetryWriter(join(folder, "telemetry.db")));
  const control = value(openControlStore(join(folder, "control.db")));
  const acknowledged = openSync(join(folder, "acknowledged"), "a");
  const counted = (id: number, pattern: string) =>
    ({ id, instanceId: 10, measure: { kind: "pattern", pattern } }) as const;
  telemetry.commit({ ...oneSeries, series: [...oneSeries.series, counted(101, "newest")] });
  if (control.analysis("a1") === null) openIn(control, analysisOf("a1"));
  for (let n = first; ; n++) {
    telemetry.commit({
      ...emptyBatch,
      samples: Array.from({ length: 20 }, (_, i) => ({
        ...{ seriesId: 100, window: t0 + (n * 20 + i) * 5000, late: false },
        sample: requests(n),
      })),
      series: [counted(1000 + n, `p${n}`)],
      patterns: [patternRow(`p${n}`), patternRow("newest", { firstSeen: n })],
      examples: [
        { instanceId: 10, pattern: "newest", examples: [{ at: n, line: `line ${n}`, traceId: null }] },
      ],
      tallies: [{ service: "", environment: "", name: "batches", count: 1 }],
      digests: [{ digest: `batch-${n}`, at: t0 }],
    });
    control.commit(
      commitOf(analysisOf("a1"), { engineState: String(n), commands: [commandOf(`c${n}`, n + 1)] }),
    );
    writeSync(acknowledged, `${n}\n`);
    if (n % 7 === 0) telemetry.checkpoint("passive");
    if (n === first) process.send?.("running");
  }
}

if (mode === "commit") {
  value(lock);
  commitForEver(Number(from));
}
