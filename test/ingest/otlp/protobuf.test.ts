import { describe, expect, test } from "vitest";
import { readAttributes } from "#engine/ports.ts";
import { visitJson } from "#ingest/otlp/json.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { emptySlots, slotOf } from "#ingest/otlp/protobuf/attribute-slots.ts";
import { takeTraceHash } from "#ingest/otlp/protobuf/ids.ts";
import { sampledShareAt } from "#ingest/otlp/protobuf/sampled-share.ts";
import { visitLogs, visitMetrics, visitProtobuf, visitTraces } from "#ingest/otlp/protobuf/visit.ts";
import { encodeOtlp, otlpJson, plainStyle, varint } from "#test/support/otlp-encoder.ts";
import type { PlainMessage } from "#test/support/otlp-oracle.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

const validSpan = {
  traceId: new Uint8Array(16).fill(1),
  spanId: new Uint8Array(8).fill(1),
  startTimeUnixNano: 1_795_441_561_282_494_467n,
  endTimeUnixNano: 1_795_441_561_282_494_468n,
};

function traces(span: PlainMessage, resource: PlainMessage = {}): Uint8Array {
  return encodeOtlp("TracesData", { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] });
}

function metrics(metric: PlainMessage, scope: PlainMessage = {}): Uint8Array {
  return encodeOtlp("MetricsData", { resourceMetrics: [{ scopeMetrics: [{ scope, metrics: [metric] }] }] });
}

function fieldBytes(number: number, payload: readonly number[] | Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(BigInt(number * 8 + 2)), ...varint(BigInt(payload.length)), ...payload]);
}

function nested(depth: number): PlainMessage {
  return depth <= 1 ? { stringValue: "core" } : { arrayValue: { values: [nested(depth - 1)] } };
}

function traceHashOf(id: Uint8Array): number {
  const view = { traceHash: NaN };
  takeTraceHash(view, new DataView(id.buffer, id.byteOffset, id.byteLength), 0, id.length);
  return view.traceHash;
}

describe("spans", () => {
  test("one nanosecond is one nanosecond, although the epoch in a double is only good to 256", () => {
    const observer = new RecordingObserver();
    visitTraces(traces(validSpan), observer);
    expect(observer.told).toMatchObject([{ told: "span", view: { durationSeconds: 1e-9 } }]);
  });

  test.each([
    [{ ...validSpan, traceId: new Uint8Array(16) }, "badId"],
    [{ ...validSpan, traceId: new Uint8Array(15).fill(1) }, "badId"],
    [{ ...validSpan, spanId: new Uint8Array(8) }, "badId"],
    [{ ...validSpan, endTimeUnixNano: 0n }, "noTime"],
  ])("an invalid span is rejected by its reason", (span, reason) => {
    const observer = new RecordingObserver();
    expect(visitTraces(traces(span), observer)).toEqual({ ok: true, value: { records: 1, rejected: 1 } });
    expect(observer.told).toEqual([{ told: "reject", signal: "span", reason, count: 1 }]);
  });

  test("every attribute that Haldane reads has its own slot, and no other key has one", () => {
    const slots = readAttributes.map((name) => {
      const key = Buffer.from(name);
      return slotOf(new DataView(key.buffer, key.byteOffset, key.length), 0, key.length);
    });
    expect(slots).toEqual(readAttributes.map((_, slot) => slot));
    for (const name of ["", "x", "http.routes", "http.routf", "Http.route"]) {
      const key = Buffer.from(name);
      expect(slotOf(new DataView(key.buffer, key.byteOffset, key.length), 0, key.length)).toBe(-1);
    }
    expect(emptySlots().texts).toHaveLength(readAttributes.length);
  });

  test("the attributes of one span do not show in the next", () => {
    const first = { ...validSpan, attributes: [{ key: "http.route", value: { stringValue: "/a" } }] };
    const observer = new RecordingObserver();
    const spans = [first, validSpan];
    visitTraces(encodeOtlp("TracesData", { resourceSpans: [{ scopeSpans: [{ spans }] }] }), observer);
    expect(observer.told).toMatchObject([{ attributes: { "http.route": "/a" } }, { attributes: {} }]);
    expect(observer.told[1]).toHaveProperty("attributes", {});
  });

  test.each([false, true])(
    "what an observer leaves unread is empty, whatever the order of fields (descending: %s)",
    (descending) => {
      const attributes = [
        { key: "url.path", value: { stringValue: "/things/7" } },
        { key: "http.route", value: { stringValue: "/things/{id}" } },
      ];
      const spans = [2, 3].map((kind) => ({ ...validSpan, name: "n", kind, attributes }));
      const pathOnly = { ...validSpan, kind: 2, attributes: attributes.slice(0, 1) };
      const request = { resourceSpans: [{ scopeSpans: [{ spans: [...spans, pathOnly] }] }] };
      const observer = Object.assign(new RecordingObserver(), {
        unread: { spanKinds: 1 << 3, pathBesideRoute: true },
      });
      visitTraces(encodeOtlp("TracesData", request, { ...plainStyle, descending }), observer);
      expect(observer.told).toMatchObject([
        { view: { name: "n", kind: 2 } },
        { view: { name: "", kind: 3 } },
        { view: { name: "", kind: 2 } },
      ]);
      expect(observer.told.map((told) => "attributes" in told && told.attributes)).toEqual([
        { "http.route": "/things/{id}" },
        {},
        { "url.path": "/things/7" },
      ]);
    },
  );

  // OpenTelemetry specification, "Tracestate handling": T is padded on the right to 14 digits, share = 1 - T / 2^56.
  test.each([
    ["", 1],
    ["ot=th:0", 1],
    ["ot=th:8", 0.5],
    ["ot=th:c", 0.25],
    ["ot=th:C", 0.25],
    ["vendor=x, ot=rv:abc;th:fd70a4 ,z=1", 1 - 0xfd70a4 / 2 ** 24],
    ["ot=rv:01234567890123", 1],
    ["robot=th:8", 1],
    ["vendor=th:8", 1],
    ["ot=th:ffffffffffffff", 2 ** -56],
    ["ot=th:", NaN],
    ["ot=th:xyz", NaN],
    ["ot=th:000000000000000", NaN],
  ])("tracestate %s keeps a share of %d", (traceState, share) => {
    const bytes = Buffer.from(traceState);
    expect(sampledShareAt(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length)).toBe(
      share,
    );
  });

  test("trace ids that differ in one bit hash apart, within 52 bits", () => {
    const hashes = new Set<number>();
    for (let bit = 0; bit < 128; bit += 1) {
      const id = new Uint8Array(16);
      id[bit >> 3] = 1 << (bit & 7);
      hashes.add(traceHashOf(id));
    }
    for (let counter = 1; counter <= 20_000; counter += 1) {
      const id = new DataView(new ArrayBuffer(16));
      id.setUint32(0, 0xabcdef01);
      id.setUint32(12, counter);
      hashes.add(traceHashOf(new Uint8Array(id.buffer)));
    }
    expect(hashes.size).toBe(128 + 20_000);
    expect(Math.max(...hashes)).toBeLessThan(2 ** 52);
    expect(Math.min(...hashes)).toBeGreaterThan(0);
  });
});

describe("resources", () => {
  const service = { attributes: [{ key: "service.name", value: { stringValue: "a" } }] };

  test("an observer with a generation is told a resource once for many bodies", () => {
    const observer = new RecordingObserver(1);
    visitTraces(traces(validSpan, service), observer);
    visitTraces(traces(validSpan, service), observer);
    visitMetrics(encodeOtlp("MetricsData", { resourceMetrics: [{ resource: service }] }), observer);
    expect(observer.resources).toEqual([{ "service.name": "a" }]);
    expect(observer.told).toHaveLength(2);
  });

  test("an observer without one is told again in each body, once", () => {
    const observer = new RecordingObserver();
    const group = { resource: service, scopeSpans: [{ spans: [validSpan] }] };
    const body = encodeOtlp("TracesData", { resourceSpans: [group, group] });
    visitTraces(body, observer);
    visitTraces(body, observer);
    expect(observer.resources).toHaveLength(2);
  });

  test("past the limit cachedResources a resource is told each time and nothing is mixed up", () => {
    const groups = ["a", "b", "b", "a"].map((name) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
      scopeSpans: [{ spans: [validSpan] }],
    }));
    const body = encodeOtlp("TracesData", { resourceSpans: groups });
    const observer = new RecordingObserver();
    visitProtobuf("traces", body, observer, { ...defaultOtlpLimits, cachedResources: 1 });
    expect(observer.resources.map((resource) => resource["service.name"])).toEqual(["a", "b", "b"]);
    expect(observer.told.map((told) => "resource" in told && told.resource["service.name"])).toEqual([
      "a",
      "b",
      "b",
      "a",
    ]);
  });

  test("a list of scalars comes joined, maps and empty values are left out", () => {
    const observer = new RecordingObserver();
    const values = [{ stringValue: "x@sha256:1" }, { intValue: 2n }, { boolValue: true }];
    const attributes = [
      { key: "container.image.repo_digests", value: { arrayValue: { values } } },
      { key: "map", value: { kvlistValue: { values: [] } } },
      { key: "empty", value: {} },
      { key: "none" },
    ];
    visitTraces(traces(validSpan, { attributes }), observer);
    expect(observer.resources).toEqual([{ "container.image.repo_digests": "x@sha256:1,2,true" }]);
  });
});

describe("metric points", () => {
  const point = { timeUnixNano: 1_795_441_561_000_000_000n, asInt: 3n };

  test("time 0 is rejected, a number that is missing too, but not where the series ends", () => {
    const observer = new RecordingObserver();
    const dataPoints = [{ asInt: 1n }, { timeUnixNano: 5n }, { timeUnixNano: 5n, flags: 1 }, point];
    expect(visitMetrics(metrics({ name: "m", gauge: { dataPoints } }), observer)).toMatchObject({
      value: { records: 4, rejected: 2 },
    });
    expect(observer.told).toMatchObject([
      { told: "reject", reason: "noTime" },
      { told: "reject", reason: "shape" },
      { told: "point", view: { noRecordedValue: true } },
      { told: "point", view: { value: 3, noRecordedValue: false } },
    ]);
  });

  test("buckets that do not fit their bounds are rejected", () => {
    const observer = new RecordingObserver();
    const dataPoints = [{ timeUnixNano: 5n, bucketCounts: [1n, 2n], explicitBounds: [1, 2] }];
    visitMetrics(metrics({ name: "m", histogram: { dataPoints } }), observer);
    expect(observer.told).toEqual([{ told: "reject", signal: "point", reason: "shape", count: 1 }]);
  });

  test.each([
    [4, "point"],
    [5, "reject"],
  ])("%d buckets under a limit pointBuckets of 4", (count, told) => {
    const bucketCounts = Array.from({ length: count }, () => 1n);
    const exponentialHistogram = { dataPoints: [{ timeUnixNano: 5n, positive: { bucketCounts } }] };
    const observer = new RecordingObserver();
    visitProtobuf("metrics", metrics({ name: "m", exponentialHistogram }), observer, {
      ...defaultOtlpLimits,
      pointBuckets: 4,
    });
    expect(observer.told.map((record) => record.told)).toEqual([told]);
  });

  test("the hash of attributes sees every kind of value and the scope, and no order", () => {
    const hashes = (attributes: readonly PlainMessage[], scope: PlainMessage = {}): unknown => {
      const observer = new RecordingObserver();
      visitMetrics(
        metrics({ name: "m", gauge: { dataPoints: [{ ...point, attributes }] } }, scope),
        observer,
      );
      const [told] = observer.told;
      const view = told?.told === "point" ? (told.view as Record<string, unknown>) : {};
      return `${String(view["attributesHashHigh"])} ${String(view["attributesHashLow"])}`;
    };
    const a = { key: "a", value: { stringValue: "1" } };
    const b = { key: "b", value: { stringValue: "1" } };
    expect(hashes([a, b])).toBe(hashes([b, a]));
    const kinds: readonly (readonly PlainMessage[])[] = [
      [],
      [{ key: "a" }],
      [a],
      [b],
      [a, b],
      [{ key: "a", value: { stringValue: "2" } }],
      [{ key: "a", value: { intValue: 1n } }],
      [{ key: "a", value: { intValue: 2n ** 40n } }],
      [{ key: "a", value: { doubleValue: 1 } }],
      [{ key: "a", value: { boolValue: true } }],
      [{ key: "a", value: { boolValue: false } }],
      [{ key: "a", value: { bytesValue: Buffer.from("1") } }],
      [{ key: "a", value: { arrayValue: { values: [{ stringValue: "1" }] } } }],
      [{ key: "a", value: { arrayValue: { values: [{ stringValue: "1" }, { stringValue: "2" }] } } }],
      [{ key: "a", value: { arrayValue: { values: [{ stringValue: "2" }, { stringValue: "1" }] } } }],
      [{ key: "a", value: { kvlistValue: { values: [a] } } }],
      [{ key: "a", value: { kvlistValue: { values: [b] } } }],
    ];
    const seen = [...kinds.map((attributes) => hashes(attributes)), hashes([], { name: "scope" })];
    expect(new Set(seen).size).toBe(kinds.length + 1);
  });
});

describe("damaged and hostile bodies", () => {
  const resourceSpans = (payload: readonly number[] | Uint8Array): Uint8Array => fieldBytes(1, payload);

  test.each([
    ["a group", Uint8Array.of(((1000 << 3) & 0xff) | 0x80 | 3, 0x3e, 0), "malformed", "group"],
    ["field number 0", Uint8Array.of(0, 0), "malformed", "no field number"],
    ["wire type 7", Uint8Array.of(0x0f), "malformed", "wire type 7"],
    ["a length beyond its parent", resourceSpans([0x12, 0x05, 0x00]), "malformed", "runs beyond"],
    ["a string as a varint", resourceSpans([0x18, 0x01]), "malformed", "wire type"],
    [
      "an eleven-byte varint",
      Uint8Array.of(0x28, ...Array<number>(10).fill(0x80), 0),
      "malformed",
      "longer than 10",
    ],
    ["a cut varint", Uint8Array.of(0x28, 0x80), "malformed", "cut off"],
    ["a cut fixed64", Uint8Array.of(0x29, 1, 2, 3), "malformed", "cut off"],
  ])("%s is refused with its place", (_, bytes, tag, message) => {
    const visited = visitTraces(bytes, new RecordingObserver());
    expect(visited).toMatchObject({ ok: false, error: { tag } });
    expect(visited.ok ? "" : visited.error.message).toContain(message);
  });

  test("packed numbers cut in the middle are refused", () => {
    const point = [...fieldBytes(6, [1, 2, 3, 4, 5, 6, 7])];
    const bytes = [5, 4, 3, 2].reduce<Uint8Array>((inner, level) => {
      const number = { 5: 1, 4: 9, 3: 2, 2: 2 }[level] ?? 1;
      return fieldBytes(number, inner);
    }, Uint8Array.from(point));
    const visited = visitMetrics(fieldBytes(1, bytes), new RecordingObserver());
    expect(visited).toMatchObject({ ok: false, error: { message: "its packed numbers are cut off" } });
  });

  test("a ten-byte varint is read to its 64 bits", () => {
    const observer = new RecordingObserver();
    const attributes = [{ key: "http.status_code", value: { intValue: -1n } }];
    visitTraces(traces({ ...validSpan, attributes }), observer);
    expect(observer.told).toMatchObject([{ attributes: { "http.status_code": -1 } }]);
  });

  test("a pair with one string counts as a level too, in the body and in JSON", () => {
    const pair = { key: "k", value: { stringValue: "v" } };
    const record = { timeUnixNano: 1n, body: { kvlistValue: { values: [pair] } } };
    const request = { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] };
    const bytes = encodeOtlp("LogsData", request);
    const json = Buffer.from(otlpJson("LogsData", request));
    const answers = [1, 2].map((anyValueDepth) => {
      const limits = { ...defaultOtlpLimits, anyValueDepth };
      const observer = new RecordingObserver();
      return [
        visitProtobuf("logs", bytes, observer, limits).ok,
        visitJson("logs", json, observer, limits).ok,
      ];
    });
    expect(answers).toEqual([
      [false, false],
      [true, true],
    ]);
  });

  test("values nested to the limit anyValueDepth are read, one level more is refused, wherever it stands", () => {
    const body = (depth: number): Uint8Array =>
      encodeOtlp("LogsData", {
        resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: 1n, body: nested(depth) }] }] }],
      });
    expect(visitLogs(body(32), new RecordingObserver()).ok).toBe(true);
    expect(visitLogs(body(33), new RecordingObserver())).toMatchObject({
      ok: false,
      error: { tag: "overLimit", limit: "anyValueDepth" },
    });
    const shallow = { ...defaultOtlpLimits, anyValueDepth: 3 };
    expect(visitProtobuf("logs", body(4), new RecordingObserver(), shallow).ok).toBe(false);
    expect(visitProtobuf("logs", body(3), new RecordingObserver(), shallow).ok).toBe(true);
  });

  test("a bomb of two thousand levels is refused", () => {
    let inner: readonly number[] = [];

    for (let level = 0; level < 2000; level += 1) {
      const outer = [0x2a, ...varint(BigInt(inner.length + 1 + varint(BigInt(inner.length)).length))];

      inner = [...outer, 0x0a, ...varint(BigInt(inner.length)), ...inner];
    }
    const record = fieldBytes(5, inner);
    const body = fieldBytes(1, fieldBytes(2, fieldBytes(2, record)));
    expect(visitLogs(body, new RecordingObserver())).toMatchObject({
      ok: false,
      error: { tag: "overLimit" },
    });
  });
});
