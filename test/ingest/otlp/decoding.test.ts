import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { visitJson } from "#ingest/otlp/json.ts";
import { visitProtobuf } from "#ingest/otlp/protobuf/visit.ts";
import type { Signal } from "#ingest/otlp/schema.ts";
import { requests, wireStyles } from "#test/support/otlp-arbitraries.ts";
import { encodeOtlp, otlpJson, plainStyle, type WireStyle } from "#test/support/otlp-encoder.ts";
import { expectedOf } from "#test/support/otlp-expected.ts";
import { oracleDecode, requestTypes, type PlainMessage } from "#test/support/otlp-oracle.ts";
import { RecordingObserver, type Told } from "#test/support/recording-observer.ts";

const signals: readonly Signal[] = ["traces", "metrics", "logs"];

function toldBy(signal: Signal, bytes: Uint8Array): readonly Told[] {
  const observer = new RecordingObserver();
  expect(visitProtobuf(signal, bytes, observer)).toMatchObject({ ok: true });
  return observer.told;
}

function toldByJson(signal: Signal, json: string): readonly Told[] {
  const observer = new RecordingObserver();
  expect(visitJson(signal, Buffer.from(json), observer)).toMatchObject({ ok: true });
  return observer.told;
}

/** The hash of a point's attributes is compared between encodings only: the oracle has none. */
function withoutHash(told: readonly Told[]): readonly unknown[] {
  return told.map((record) => {
    if (record.told !== "point") return record;
    const { attributesHashHigh, attributesHashLow, ...view } = record.view as Record<string, unknown>;
    expect(Number.isInteger(attributesHashHigh) && Number.isInteger(attributesHashLow)).toBe(true);
    return { ...record, view };
  });
}

function encode(signal: Signal, request: PlainMessage, style: WireStyle = plainStyle): Uint8Array {
  return encodeOtlp(requestTypes[signal], request, style);
}

describe.each(signals)("%s", (signal) => {
  test("the visitor tells what a general decoder and a naive reading find", () => {
    fc.assert(
      fc.property(requests[signal], (request) => {
        const bytes = encode(signal, request);
        const oracle = expectedOf(oracleDecode(requestTypes[signal], bytes));
        expect(withoutHash(toldBy(signal, bytes))).toEqual(oracle);
      }),
      { numRuns: 200 },
    );
  });

  test("every legal way to write a request tells the same, in the same order", () => {
    fc.assert(
      fc.property(requests[signal], wireStyles, (request, style) => {
        expect(toldBy(signal, encode(signal, request, style))).toEqual(
          toldBy(signal, encode(signal, request)),
        );
      }),
      { numRuns: 200 },
    );
  });

  test("JSON and protobuf tell the same, hashes included", () => {
    fc.assert(
      fc.property(requests[signal], (request) => {
        const told = toldByJson(signal, otlpJson(requestTypes[signal], request));
        expect(told).toEqual(toldBy(signal, encode(signal, request)));
      }),
      { numRuns: 200 },
    );
  });

  test("random bytes are an answer, never an exception", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const observer = new RecordingObserver();
        expect(typeof visitProtobuf(signal, bytes, observer).ok).toBe("boolean");
        expect(typeof visitJson(signal, bytes, observer).ok).toBe("boolean");
      }),
      { numRuns: 1000 },
    );
  });

  test("a body with one byte changed is an answer, and an error tells nothing", () => {
    fc.assert(
      fc.property(requests[signal], wireStyles, fc.nat(), fc.nat(255), (request, style, place, value) => {
        const bytes = encode(signal, request, style);
        if (bytes.length === 0) return;
        bytes[place % bytes.length] = value;
        const observer = new RecordingObserver();
        const visited = visitProtobuf(signal, bytes, observer);
        if (!visited.ok) expect(observer.told).toEqual([]);
        else expect(observer.told).toHaveLength(visited.value.records);
      }),
      { numRuns: 500 },
    );
  });

  test("a body cut at any byte inside a group is refused and tells nothing", () => {
    const [request] = fc.sample(
      requests[signal].filter((some) => encode(signal, some).length > 150),
      { numRuns: 1, seed: 7 },
    );
    const whole = encode(signal, request!, { ...plainStyle, descending: true });
    const groupEnds = new Set<number>([0]);
    for (let length = 1; length <= whole.length; length += 1) {
      const observer = new RecordingObserver();
      const visited = visitProtobuf(signal, whole.subarray(0, length), observer);
      if (visited.ok) groupEnds.add(length);
      else expect(observer.told).toEqual([]);
    }
    const groups = Object.values(request!)[0] as readonly PlainMessage[];
    expect(groupEnds.size).toBe(groups.length + 1);
  });
});

describe("the check of this test", () => {
  test("a decoder that expects the resource first would be seen", () => {
    const request = {
      resourceSpans: [
        {
          resource: { attributes: [{ key: "service.name", value: { stringValue: "a" } }] },
          scopeSpans: [
            {
              spans: [
                {
                  traceId: new Uint8Array(16).fill(1),
                  spanId: new Uint8Array(8).fill(1),
                  endTimeUnixNano: 5n,
                },
              ],
            },
          ],
        },
      ],
    };
    const bytes = encode("traces", request, { ...plainStyle, descending: true });
    const [told] = toldBy("traces", bytes);
    expect(told).toMatchObject({ resource: { "service.name": "a" } });
    // In descending order the resource stands behind the spans: the group's first field is number 2.
    expect(bytes[2]).toBe((2 << 3) | 2);
  });
});
