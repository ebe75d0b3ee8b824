import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openControlStore } from "#store/sqlite/control-store.ts";
import { takeDataLock } from "#store/sqlite/data-lock.ts";
import { openTelemetry, type Telemetry } from "#store/sqlite/open-telemetry.ts";
import { t0 } from "#test/conformance/telemetry-store.ts";
import { bundleForChild, killHard, nextMessage, startChild } from "#test/support/bundled-child.ts";
import { value } from "#test/support/result-value.ts";

let bundle = "";
let folder = "";
beforeAll(async () => {
  bundle = await bundleForChild("test/support/store-child.ts");
  folder = mkdtempSync(join(tmpdir(), "haldane-crash-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
  rmSync(bundle);
});

/** Batches that the child was told are safe. A number cut in the middle was not acknowledged. */
function acknowledgedIn(path: string): readonly number[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8").split("\n").slice(0, -1).map(Number);
}

/** Each batch brought a pattern, and an example in place of the one before. */
function inspectPatterns({ writer }: Telemetry, batches: number): void {
  const patterns = writer.patterns();
  const newest = batches - 1;
  expect(patterns.filter(({ id }) => id !== "newest")).toHaveLength(batches);
  expect(patterns.find(({ id }) => id === "newest")?.firstSeen ?? -1).toBe(newest);
  expect(writer.examples()[0]?.examples[0]?.at ?? -1).toBe(newest);
}

/** What a reopened folder must show: every acknowledged batch whole, any other whole or absent. Gives the next free number. */
function inspect(data: string): number {
  const telemetry = value(openTelemetry(join(data, "telemetry.db")));
  const control = value(openControlStore(join(data, "control.db")));
  const acknowledged = acknowledgedIn(join(data, "acknowledged"));
  const last = Math.max(-1, ...acknowledged);
  const rows = telemetry.reader.samples({ deploymentIds: [1], from: 0, to: t0 * 2, late: false });
  const perBatch = new Map<number, number>();
  for (const row of rows) {
    const batch = Math.floor((row.window - t0) / 100_000);
    expect(row.sample).toMatchObject({ count: batch });
    perBatch.set(batch, (perBatch.get(batch) ?? 0) + 1);
  }
  for (const n of acknowledged) expect(telemetry.writer.knowsDigest(`batch-${n}`)).toBe(true);
  for (let n = 0; n <= last + 1; n++) {
    expect(perBatch.get(n) ?? 0).toBe(telemetry.writer.knowsDigest(`batch-${n}`) ? 20 : 0);
  }
  expect(telemetry.reader.tallies()[0]?.count ?? 0).toBe(perBatch.size);
  inspectPatterns(telemetry, perBatch.size);
  const state = Number(control.analysis("a1")?.engineState);
  const newestCommand = control.commands("a1").at(-1)?.command.id;
  if (last >= 0) expect(state).toBeGreaterThanOrEqual(last);
  if (last >= 0) expect(newestCommand).toBe(`c${state}`);
  telemetry.close();
  control.close();
  return Math.max(last, state, ...perBatch.keys()) + 1;
}

describe("kill -9", () => {
  test(
    "ten kills at random moments lose nothing acknowledged and tear nothing apart",
    { timeout: 120_000 },
    async () => {
      let next = 0;
      for (let cycle = 0; cycle < 10; cycle++) {
        const child = startChild(bundle, ["commit", folder, String(next)]);
        await nextMessage(child);
        // The moment of the kill is the subject of the test; any moment must do.
        await pause(Math.random() * 60);
        await killHard(child);
        for (const file of ["telemetry.db", "control.db"]) {
          const db = new Database(join(folder, file));
          expect(db.pragma("quick_check", { simple: true })).toBe("ok");
          expect(db.prepare("SELECT clean FROM shutdown_mark").pluck().get()).toBe(0);
          db.close();
        }
        const reached = inspect(folder);
        expect(reached).toBeGreaterThan(next);
        next = reached;
      }
    },
  );

  test("the check can fail: a lost sample or a lost digest is noticed", () => {
    const next = inspect(folder);
    const db = new Database(join(folder, "telemetry.db"));
    db.prepare("DELETE FROM digest WHERE digest = 'batch-0'").run();
    db.close();
    expect(next).toBeGreaterThan(0);
    expect(() => inspect(folder)).toThrow(/expected/);
  });
});

describe("the lock of the data folder", () => {
  test("a second process is refused with pid and folder; after kill -9 the folder is free at once", async () => {
    const data = join(folder, "locked");
    const first = startChild(bundle, ["lock", data]);
    expect(await nextMessage(first)).toBe("taken");
    const refused = takeDataLock(data, Date.now());
    expect(refused).toMatchObject({ ok: false, error: { tag: "held" } });
    expect(refused.ok ? "" : refused.error.message).toContain(`process ${first.pid ?? 0} on `);
    expect(refused.ok ? "" : refused.error.message).toContain(data);
    await killHard(first);
    const taken = value(takeDataLock(data, Date.now()));
    const second = startChild(bundle, ["lock", data]);
    expect(await nextMessage(second)).toContain(`process ${process.pid} on `);
    await killHard(second);
    taken.release();
  });

  test("a second call in the same process is refused too, until the first lets go", () => {
    const data = join(folder, "own");
    const first = value(takeDataLock(data, 1));
    expect(takeDataLock(data, 2).ok).toBe(false);
    first.release();
    value(takeDataLock(data, 3)).release();
  });

  test("a folder that cannot be made is said so, by name", () => {
    expect(takeDataLock("/dev/null/data", 1)).toMatchObject({
      error: { tag: "cannotLock", message: expect.stringContaining("/dev/null/data") as string },
    });
  });
});
