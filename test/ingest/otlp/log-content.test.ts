import { describe, expect, it } from "vitest";
import type { LogContent } from "#engine/log-content.ts";
import { defaultOtlpLimits, type OtlpLimits } from "#ingest/otlp/limits.ts";
import { visitJson } from "#ingest/otlp/json.ts";
import { visitProtobuf } from "#ingest/otlp/protobuf/visit.ts";
import { encodeOtlp, otlpJson } from "#test/support/otlp-encoder.ts";
import { requestTypes, type PlainMessage } from "#test/support/otlp-oracle.ts";
import { patternsIn, talliesIn } from "#test/support/logged.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";
import { accumulateOn, openStore } from "#test/support/stored-counts.ts";

const t0 = 1_700_000_000_000;

function request(...bodies: readonly PlainMessage[]): PlainMessage {
  const names = { "service.name": "shop", "service.version": "1", "service.instance.id": "a" };
  const attributes = Object.entries(names).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const logRecords = bodies.map((body, at) => ({
    timeUnixNano: BigInt(t0 + at) * 1_000_000n,
    severityNumber: 17,
    body,
  }));
  return {
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope: { name: "app" }, logRecords }] }],
  };
}

const fields = (count: number): PlainMessage => ({
  kvlistValue: {
    values: Array.from({ length: count }, (_, at) => ({ key: `k${at}`, value: { intValue: BigInt(at) } })),
  },
});

/** What `look` finds in each record, by both decoders. */
function lookAt<T>(
  message: PlainMessage,
  limits: Partial<OtlpLimits>,
  look: (content: LogContent) => T,
): readonly T[] {
  const found = [visitProtobuf, visitJson].map((visit, at) => {
    const looked: T[] = [];
    const observer = Object.assign(new RecordingObserver(), {
      log: ({ content }: { content: LogContent }) => looked.push(look(content)),
    });
    const bytes =
      at === 0 ? encodeOtlp(requestTypes.logs, message) : Buffer.from(otlpJson(requestTypes.logs, message));
    expect(visit("logs", bytes, observer, { ...defaultOtlpLimits, ...limits }).ok).toBe(true);
    return looked;
  });
  expect(found[1]).toEqual(found[0]);
  return found[0]!;
}

describe("the content of a log record", () => {
  it("a text body is cut to logBodyBytes, and the next record is not said to be cut", () => {
    const bodies = ["x".repeat(11), "x".repeat(10)].map((stringValue) => ({ stringValue }));
    const found = lookAt(request(...bodies), { logBodyBytes: 10 }, (content) => [
      content.body(),
      content.isCut,
    ]);
    expect(found).toEqual([
      ["x".repeat(10), true],
      ["x".repeat(10), false],
    ]);
    expect(lookAt(request(...bodies), {}, ({ isCut }) => isCut)).toEqual([false, false]);
  });

  it("a body of fields is read up to logBodyValues, keys and texts up to logBodyBytes together", () => {
    const keys = (content: LogContent): readonly [number, boolean] => [
      Object.keys(content.body() as object).length,
      content.isCut,
    ];
    expect(lookAt(request(fields(20)), {}, keys)).toEqual([[20, false]]);
    expect(lookAt(request(fields(20)), { logBodyValues: 7 }, keys)).toEqual([[7, true]]);
    expect(lookAt(request(fields(10)), { logBodyBytes: 6 }, keys)).toEqual([[4, true]]);
  });

  it("is decoded anew each time it is asked for, in any order", () => {
    const [found] = lookAt(request(fields(2)), {}, (content) => [
      content.scope(),
      content.body(),
      content.attribute("event.name"),
      content.body(),
      content.traceId(),
    ]);
    expect(found).toEqual(["app", { k0: 0, k1: 1 }, "", { k0: 0, k1: 1 }, null]);
  });

  it("hostile bodies cost a bounded part of them, and each is counted", () => {
    const hostile = [
      { stringValue: "failed ".repeat(150_000) },
      fields(10_000),
      { bytesValue: new Uint8Array(9) },
    ];
    const bytes = Buffer.from(otlpJson(requestTypes.logs, request(...hostile)));
    const on = accumulateOn(openStore());
    on.accumulate.begin(t0 + 1000);
    expect(visitJson("logs", bytes, on.accumulate).ok).toBe(true);
    on.write();
    expect(talliesIn(on.store)).toEqual({ "cut.logBodies": 2 });
    expect(patternsIn(on.store)).toHaveLength(2);
    on.store.close();
  });

  it("bytes that are no UTF-8 become replacement characters", () => {
    const bytes = encodeOtlp(requestTypes.logs, request({ stringValue: "ab~~cd" }));
    const at = Buffer.from(bytes).indexOf("~~");
    bytes[at] = 0xff;
    bytes[at + 1] = 0xc3;
    const bodies: unknown[] = [];
    const observer = Object.assign(new RecordingObserver(), {
      log: ({ content }: { content: LogContent }) => bodies.push(content.body()),
    });
    expect(visitProtobuf("logs", bytes, observer).ok).toBe(true);
    expect(bodies).toEqual(["ab\ufffd\ufffdcd"]);
  });
});
