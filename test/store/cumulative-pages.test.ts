import Database from "better-sqlite3";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CumulativeState } from "#engine/ports.ts";
import { createCumulativePages, forgetIdleStates } from "#store/sqlite/cumulative-pages.ts";
import { telemetryMigrations } from "#store/sqlite/telemetry-schema.ts";

function newFile(): Database.Database {
  const db = new Database(":memory:");
  for (const { sql } of telemetryMigrations) db.exec(sql);
  return db;
}

function state(key: number | string, time: number): CumulativeState {
  return {
    key: `stream/${key}`,
    start: 0,
    time,
    value: time,
    sum: NaN,
    counts: [1, time],
    offset: 0,
    scale: 0,
  };
}

function inOrder(states: Iterable<CumulativeState>): readonly CumulativeState[] {
  return [...states].sort((a, b) => (a.key < b.key ? -1 : 1));
}

test("whatever changes together, each stream reads back as it showed last, before and after a restart", () => {
  const batch = fc.array(fc.tuple(fc.nat(150), fc.nat(1e6)), { maxLength: 120 });
  fc.assert(
    fc.property(fc.array(batch, { maxLength: 8 }), fc.nat(8), (batches, restartAfter) => {
      const db = newFile();
      let pages = createCumulativePages(db);
      const newest = new Map<string, CumulativeState>();
      batches.forEach((changes, at) => {
        const states = changes.map(([key, time]) => state(key, time));
        for (const one of states) newest.set(one.key, one);
        pages.put(states);
        if (at === restartAfter) pages = createCumulativePages(db);
      });
      expect(inOrder(pages.all())).toStrictEqual(inOrder(newest.values()));
      db.close();
    }),
    { numRuns: 60 },
  );
});

test("an export is a few rows, and a stream that changes alone takes its neighbours with it", () => {
  const db = newFile();
  const pages = createCumulativePages(db);
  pages.put(Array.from({ length: 100 }, (_, key) => state(key, 1)));
  const rows = (): unknown => db.prepare("SELECT count(*) FROM cumulative_page").pluck().get();
  expect(rows()).toBe(4);
  pages.put([state(50, 2)]);
  expect(rows()).toBe(4);
  expect(pages.all()).toHaveLength(100);
  expect(pages.all().filter(({ time }) => time === 2)).toStrictEqual([state(50, 2)]);
});

test("after a transaction that failed the pages say what the file says", () => {
  const db = newFile();
  const pages = createCumulativePages(db);
  pages.put([state(1, 1)]);
  const failing = db.transaction(() => {
    pages.put([state(1, 2), state(2, 2)]);
    throw new Error("the disk is full");
  });
  expect(failing).toThrow("the disk is full");
  pages.reread();
  expect(pages.all()).toStrictEqual([state(1, 1)]);
  pages.put([state(2, 3)]);
  expect(inOrder(pages.all())).toStrictEqual([state(1, 1), state(2, 3)]);
});

test("idle streams are forgotten, and states of a file without pages are taken over", () => {
  const db = newFile();
  createCumulativePages(db).put([state(1, 1), state(2, 10)]);
  // The packed form of one state as rows had it: layout, start, time, value, sum (NaN), counts, offset, scale.
  const packed = "01" + "02" + "0e" + "0e" + "00000000000000f87f" + "01" + "02" + "030e" + "02" + "02";
  db.prepare("INSERT INTO cumulative(key, time, state) VALUES(?, ?, ?)").run(
    "stream/3",
    12,
    Buffer.from(packed, "hex"),
  );
  forgetIdleStates(db, 5);
  expect(inOrder(createCumulativePages(db).all())).toStrictEqual([state(2, 10), state(3, 12)]);
  expect(db.prepare("SELECT count(*) FROM cumulative").pluck().get()).toBe(0);
  forgetIdleStates(db, 11);
  expect(createCumulativePages(db).all()).toStrictEqual([state(3, 12)]);
});
