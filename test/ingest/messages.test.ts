import { describe, expect, it } from "vitest";
import type { TelemetryWriter } from "#engine/ports.ts";
import { packMessages, type HandedMessages } from "#ingest/handed-messages.ts";
import { createIntake, type Intake } from "#ingest/intake.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";
import { emptyBatch } from "#test/conformance/telemetry-store.ts";
import { exportBody } from "#test/support/export-body.ts";
import { countsIn } from "#test/support/reading-rig.ts";
import { accumulateOn, openStore } from "#test/support/stored-counts.ts";

const t0 = 1_700_000_000_000;
const place = { source: "main", topic: "otlp_spans", partition: 0 };

/** The message at an offset holds one span more than its offset says. */
function message(offset: number): { offset: number; value: Uint8Array } {
  return {
    offset,
    value: exportBody("traces", "otlp_proto", { version: "1", records: offset + 1, at: t0 + offset }),
  };
}

function handed(from: number, to: number): HandedMessages {
  const messages = Array.from({ length: to - from }, (_, n) => message(from + n));
  return { ...place, signal: "traces", format: "protobuf", next: to, ...packMessages(messages) };
}

function intakeOn(store: Telemetry, writer: TelemetryWriter = store.writer): Intake {
  const { accumulate } = accumulateOn(store);
  const limits = { flushBodies: 1 };
  return createIntake({ accumulate, writer, clock: { now: () => t0 }, failed: () => undefined, limits });
}

function spansIn(store: Telemetry): number {
  return countsIn(store)["1 spans"] ?? 0;
}

describe("messages of a source", () => {
  it("are counted with the offset after them; what comes again changes nothing, also after a restart", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    expect(await intake.take(handed(0, 2))).toStrictEqual({ taken: 2, skipped: [], next: 2 });
    expect(await intake.take(handed(1, 3))).toMatchObject({ taken: 1, skipped: [{ count: 1, offset: 1 }] });
    expect(store.writer.offsets()).toStrictEqual([{ ...place, next: 3 }]);
    const restarted = intakeOn(store);
    expect(await restarted.take(handed(0, 3))).toMatchObject({
      ...{ taken: 0, next: 3 },
      skipped: [{ reason: "redelivered", count: 3, offset: 0 }],
    });
    expect(spansIn(store)).toBe(1 + 2 + 3);
  });

  it("that wait for their transaction are known when they come again", async () => {
    const store = openStore();
    const { accumulate } = accumulateOn(store);
    const { writer } = store;
    const intake = createIntake({ accumulate, writer, clock: { now: () => t0 }, failed: () => undefined });
    const both = Promise.all([intake.take(handed(0, 2)), intake.take(handed(0, 2))]);
    expect(spansIn(store)).toBe(0);
    expect((await both).map(({ taken }) => taken)).toStrictEqual([2, 0]);
    expect(spansIn(store)).toBe(3);
  });

  it("leave gaps as they are: reading goes on after the last offset, whatever the broker filtered out", async () => {
    const store = openStore();
    await intakeOn(store).take({ ...handed(0, 1), next: 9 });
    expect(store.writer.offsets()).toStrictEqual([{ ...place, next: 9 }]);
  });

  it("that are over bodyBytes or hold nothing are skipped by name", async () => {
    const store = openStore();
    const { accumulate } = accumulateOn(store);
    const { writer } = store;
    const parts = { accumulate, writer, clock: { now: () => t0 }, failed: () => undefined };
    const intake = createIntake({ ...parts, otlp: { ...defaultOtlpLimits, bodyBytes: 400 } });
    const messages = [{ offset: 0, value: new Uint8Array() }, message(1), message(8)];
    const batch = { ...place, signal: "traces" as const, format: "protobuf" as const, next: 9 };
    expect(await intake.take({ ...batch, ...packMessages(messages) })).toMatchObject({
      taken: 1,
      skipped: [
        { reason: "empty", offset: 0 },
        { reason: "bodyBytes", offset: 8 },
      ],
    });
  });

  it("a place is moved only where it still stands, so that nothing taken meanwhile is undone", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    expect(await intake.move([{ ...place, from: null, next: 5 }])).toStrictEqual([{ ...place, next: 5 }]);
    await intake.take(handed(5, 7));
    expect(await intake.move([{ ...place, from: 5, next: 0 }])).toStrictEqual([{ ...place, next: 7 }]);
    expect(await intake.move([{ ...place, from: 7, next: 0 }])).toStrictEqual([{ ...place, next: 0 }]);
    expect(store.writer.offsets()).toStrictEqual([{ ...place, next: 0 }]);
  });
});

/** A writer whose process ends at its nth save: before it, or after it and before anybody heard of it. */
type Crashing = (inner: TelemetryWriter, save: () => void) => TelemetryWriter;

const honest: Crashing = (inner, save) => ({
  ...inner,
  commit: (batch) => {
    save();
    inner.commit(batch);
    save();
  },
});

const offsetsApart: Crashing = (inner, save) => ({
  ...inner,
  commit: ({ offsets, ...samples }) => {
    save();
    inner.commit(samples);
    save();
    inner.commit({ ...emptyBatch, offsets: offsets ?? [] });
    save();
  },
});

const nothingRemembered: Crashing = (inner, save) => ({ ...honest(inner, save), offsets: () => [] });

/** Six messages in three batches, the process ends at the nth save, the next one is given everything from the start. */
async function countWithCrashAt(nth: number, crashing: Crashing): Promise<number> {
  const store = openStore();
  let saves = 0;
  const first = crashing(store.writer, () => {
    saves += 1;
    if (saves === nth) throw new Error("the process ended here");
  });
  const dying = intakeOn(store, first);
  try {
    for (const from of [0, 2, 4]) await dying.take(handed(from, from + 2));
  } catch {
    // The next process knows nothing of it.
  }
  const next = intakeOn(
    store,
    crashing(store.writer, () => undefined),
  );
  for (const from of [0, 2, 4]) await next.take(handed(from, from + 2));
  return spansIn(store);
}

describe("a process that ends at any save", () => {
  const everySave = [1, 2, 3, 4, 5, 6];
  const exact = 1 + 2 + 3 + 4 + 5 + 6;
  const countsOf = (crashing: Crashing): Promise<readonly number[]> =>
    Promise.all(everySave.map((nth) => countWithCrashAt(nth, crashing)));

  it("loses no message and counts none twice", async () => {
    expect(await countsOf(honest)).toStrictEqual(everySave.map(() => exact));
  });

  it("would count twice with offsets saved apart from the samples, or without the check of what was taken", async () => {
    expect((await countsOf(offsetsApart)).some((count) => count > exact)).toBe(true);
    expect((await countsOf(nothingRemembered)).some((count) => count > exact)).toBe(true);
  });
});
