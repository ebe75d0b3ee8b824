import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openTelemetry } from "#store/sqlite/open-telemetry.ts";
import { retentionDefaults } from "#store/sqlite/retention.ts";
import { openTelemetryReader } from "#store/sqlite/telemetry-reader.ts";
import { openTelemetryWriter } from "#store/sqlite/telemetry-writer.ts";
import {
  emptyBatch,
  oneSeries,
  patternRow,
  requests,
  t0,
  telemetryChecks,
} from "#test/conformance/telemetry-store.ts";
import { value } from "#test/support/result-value.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "haldane-telemetry-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("telemetry in memory", () => {
  test.each(telemetryChecks)("$title", ({ run }) => {
    const store = value(openTelemetry(":memory:"));
    run(store);
    store.close();
  });
});

describe("telemetry.db, with a reader on a connection of its own", () => {
  test.each(telemetryChecks)("$title", ({ run }) => {
    const path = join(folder, "telemetry.db");
    const writer = value(openTelemetryWriter(path));
    const reader = value(openTelemetryReader(path));
    run({ writer, reader });
    reader.close();
    writer.close();
  });

  test("past the byte cap the oldest windows go, and never a pinned one", () => {
    const path = join(folder, "telemetry.db");
    const small = { ...retentionDefaults, maxBytes: 400_000, rowsPerCall: 5000 };
    const store = value(openTelemetry(path, small));
    const body = {
      ...requests(1),
      duration: {
        ...{ layout: "exponential" as const, unit: "s", scale: 4, zeroCount: 0, offset: 0, sum: 1 },
        counts: Array.from({ length: 150 }, (_, i) => i + 1),
      },
    };
    const samples = Array.from({ length: 3000 }, (_, i) => ({
      ...{ seriesId: 100, window: t0 + i * 5000, late: false },
      sample: body,
    }));
    store.writer.commit({ ...oneSeries, samples });
    const pinnedFrom = t0 + 2900 * 5000;
    expect(store.writer.retain(t0 + 3000 * 5000, pinnedFrom).dropped).toBeGreaterThan(0);
    const left = store.reader.samples({ deploymentIds: [1], from: 0, to: t0 * 2, late: false });
    const oldest = Math.min(...left.map((row) => row.window));
    expect(oldest).toBeGreaterThan(t0);
    expect(left.filter((row) => row.window >= pinnedFrom)).toHaveLength(100);
    expect(store.writer.retain(t0 + 3000 * 5000, pinnedFrom).dropped).toBe(0);
    store.close();
  });

  test("series that were silent for as long as samples are kept are forgotten at the next start", () => {
    const path = join(folder, "telemetry.db");
    const first = value(openTelemetryWriter(path));
    const later = { id: 11, deploymentId: 1, name: "pod-b", identified: true, started: null, traits: {} };
    first.commit({
      ...oneSeries,
      instances: [...oneSeries.instances, { ...later, firstSeen: t0, lastSeen: t0 + 8 * 24 * 3_600_000 }],
      series: [...oneSeries.series, { ...oneSeries.series[0]!, id: 101, instanceId: 11 }],
    });
    first.close();
    const second = value(openTelemetryWriter(path));
    expect(second.series().map((one) => one.id)).toStrictEqual([101]);
    expect(second.instances().map((one) => one.id)).toStrictEqual([11]);
    second.close();
  });

  test("a log pattern goes with the last series of its lines, and stays whole until then", () => {
    const path = join(folder, "telemetry.db");
    const first = value(openTelemetryWriter(path));
    const late = t0 + 8 * 24 * 3_600_000;
    const pod = { deploymentId: 1, identified: true, started: null, traits: {}, firstSeen: t0 };
    const example = { at: t0, line: "x", traceId: null };
    first.commit({
      ...oneSeries,
      instances: [...oneSeries.instances, { ...pod, id: 11, name: "pod-b", lastSeen: late }],
      series: [
        { id: 100, instanceId: 10, measure: { kind: "pattern", pattern: "a" } },
        { id: 101, instanceId: 10, measure: { kind: "pattern", pattern: "gone" } },
        { id: 110, instanceId: 11, measure: { kind: "pattern", pattern: "b" } },
      ],
      patterns: [patternRow("a"), patternRow("b", { standsFor: "a" }), patternRow("gone")],
      examples: [10, 11].map((instanceId) => ({ instanceId, pattern: "a", examples: [example] })),
    });
    first.close();
    const second = value(openTelemetryWriter(path));
    expect(second.patterns().map(({ id }) => id)).toStrictEqual(["a", "b"]);
    expect(second.examples().map(({ instanceId }) => instanceId)).toStrictEqual([11]);
    expect(second.instances().map(({ id }) => id)).toStrictEqual([11]);
    second.close();
  });

  test("a reader sees one snapshot and does not hold up the writer", () => {
    const path = join(folder, "telemetry.db");
    const writer = value(openTelemetryWriter(path));
    const reader = value(openTelemetryReader(path));
    writer.commit(oneSeries);
    writer.commit({
      ...emptyBatch,
      samples: [{ seriesId: 100, window: t0, late: false, sample: requests(1) }],
    });
    expect(reader.activity(0)[0]?.requests).toBe(1);
    writer.checkpoint("passive");
    writer.checkpoint("truncate");
    writer.commit({
      ...emptyBatch,
      samples: [{ seriesId: 100, window: t0, late: false, sample: requests(2) }],
    });
    expect(reader.activity(0)[0]?.requests).toBe(2);
    reader.close();
    writer.close();
  });

  test("samples are reached by index seeks alone", () => {
    const path = join(folder, "telemetry.db");
    value(openTelemetryWriter(path)).close();
    const db = new Database(path);
    const plan = db
      .prepare<[], { detail: string }>(
        `EXPLAIN QUERY PLAN SELECT x.body FROM json_each('[1]') AS d CROSS JOIN instance AS i ON i.deployment_id = d.value
         CROSS JOIN series AS s ON s.instance_id = i.id CROSS JOIN sample AS x ON x.series_id = s.id AND x.late = 0
         AND x.tier IN (0, 1, 2) AND x.window >= 0 AND x.window < 9`,
      )
      .all()
      .map((row) => row.detail);
    db.close();
    expect(plan.filter((step) => step.startsWith("SCAN") && !step.includes("VIRTUAL TABLE"))).toStrictEqual(
      [],
    );
  });
});
