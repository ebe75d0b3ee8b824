import { describe, expect, it } from "vitest";
import { createIntake, type Intake } from "#ingest/intake.ts";
import type { RawBody } from "#ingest/otlp/body.ts";
import { accumulateOn, openStore, storedCounts } from "#test/support/stored-counts.ts";
import type { Telemetry } from "#store/sqlite/open-telemetry.ts";

const t0 = 1_700_000_000_000;

function logsBody(text: string): RawBody {
  return {
    ...{ signal: "logs", contentType: "application/json", contentEncoding: "" },
    bytes: new TextEncoder().encode(text),
  };
}

function logs(time: number): RawBody {
  const resource = {
    attributes: Object.entries({ "service.name": "shop", "service.version": "1" }).map(attributeOf),
  };
  const logRecords = [{ timeUnixNano: `${time}000000`, severityNumber: 9 }];
  return logsBody(JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }));
}

function attributeOf([key, stringValue]: [string, string]): unknown {
  return { key, value: { stringValue } };
}

function intakeOn(store: Telemetry, failed: (error: unknown) => void = () => undefined): Intake {
  const { accumulate } = accumulateOn(store);
  return createIntake({ accumulate, writer: store.writer, clock: { now: () => t0 }, failed });
}

function counts(store: Telemetry): readonly number[] {
  return Object.values(storedCounts(store)).map(({ count }) => count);
}

describe("intake", () => {
  it("answers only after its samples are in the store", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    const accepted = intake.accept(logs(t0));
    expect(counts(store)).toEqual([]);
    await expect(accepted).resolves.toEqual({ status: 200, rejected: 0, message: "" });
    expect(counts(store)).toEqual([1]);
  });
  it("a repeated body changes nothing: in the same group, later, and after a restart", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    await Promise.all([intake.accept(logs(t0)), intake.accept(logs(t0))]);
    await intake.accept(logs(t0));
    const restarted = intakeOn(store);
    await restarted.accept(logs(t0));
    await restarted.accept(logs(t0 + 1));
    expect(counts(store)).toEqual([2]);
  });
  it("a refused body changes nothing and may be sent again", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    const half = logs(t0).bytes.slice(0, -3);
    const refused = await intake.accept({ ...logs(t0), bytes: half });
    expect(refused.status).toBe(400);
    intake.flush();
    expect(counts(store)).toEqual([]);
    expect(store.reader.tallies()).toEqual([]);
  });
  it("says how many records it rejected, and why", async () => {
    const outcome = await intakeOn(openStore()).accept(logs(t0 + 3_600_000));
    expect(outcome).toMatchObject({ status: 200, rejected: 1 });
    expect(outcome.message).toContain("10 min ahead");
  });
  it("a seal writes what was accepted before it closes windows", async () => {
    const store = openStore();
    const intake = intakeOn(store);
    const first = intake.accept(logs(t0));
    intake.seal(t0 + 20_000);
    expect(counts(store)).toEqual([1]);
    await first;
    await intake.accept(logs(t0 + 1));
    expect(counts(store)).toEqual([1]);
    expect(Object.values(storedCounts(store, true))).toHaveLength(1);
  });
  it("a store that fails is told, and nothing is acknowledged", async () => {
    const store = openStore();
    const failures: unknown[] = [];
    const intake = intakeOn(store, (error) => failures.push(error));
    const accepted = intake.accept(logs(t0));
    store.close();
    await expect(accepted).rejects.toThrow(/not open/);
    expect(failures).toHaveLength(1);
  });
});
