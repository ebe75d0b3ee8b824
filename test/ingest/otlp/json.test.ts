import { describe, expect, test } from "vitest";
import { visitJson } from "#ingest/otlp/json.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

const span = {
  traceId: "0AF7651916CD43DD8448EB211C80319C",
  spanId: "b7ad6b7169203331",
  name: "GET /",
  startTimeUnixNano: "1795441561282494467",
  endTimeUnixNano: "1795441561282494468",
};

function withSpan(changes: object): string {
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ ...span, ...changes }] }] }] });
}

function visitSpan(changes: object): RecordingObserver {
  const observer = new RecordingObserver();
  expect(visitJson("traces", Buffer.from(withSpan(changes)), observer)).toMatchObject({ ok: true });
  return observer;
}

function failure(text: string | Uint8Array): { readonly where: string; readonly message: string } {
  const observer = new RecordingObserver();
  const visited = visitJson("traces", Buffer.from(text), observer);
  expect(observer.told).toEqual([]);
  return visited.ok ? { where: "", message: "was read" } : visited.error;
}

describe("what is accepted", () => {
  test("ids of any case are the same id", () => {
    expect(visitSpan({}).told).toEqual(visitSpan({ traceId: span.traceId.toLowerCase() }).told);
  });

  test("nanosecond strings are exact", () => {
    expect(visitSpan({}).told).toMatchObject([{ view: { durationSeconds: 1e-9 } }]);
  });

  test.each([
    [{ kind: 2 }, { kind: 2 }],
    [{ kind: "SPAN_KIND_SERVER" }, { kind: 2 }],
    [{ status: { code: "STATUS_CODE_ERROR" } }, { status: 2 }],
    [{ status: { code: 2 } }, { status: 2 }],
    [{ endTimeUnixNano: 1_000_000 }, { end: 1 }],
    [{ endTimeUnixNano: "1000000" }, { end: 1 }],
    [{ parentSpanId: "" }, { name: "GET /" }],
    [
      { trace_id: "snake case is unknown", somethingNew: { deep: [1] }, parentSpanId: null },
      { name: "GET /" },
    ],
  ])("%j", (changes, view) => {
    expect(visitSpan(changes).told).toMatchObject([{ told: "span", view }]);
  });

  test("an id that is not hexadecimal, or too short, is a rejected span in a body that is read", () => {
    for (const traceId of ["not hexadecimal!", "abc", "ab"]) {
      expect(visitSpan({ traceId }).told).toMatchObject([{ told: "reject", reason: "badId" }]);
    }
  });

  test("NaN and Infinity come as strings, integers as strings or numbers, in every number field", () => {
    const point = { timeUnixNano: "1000000", asDouble: "NaN" };
    const buckets = {
      ...point,
      asDouble: undefined,
      count: 3,
      sum: "Infinity",
      bucketCounts: ["1", 2],
      explicitBounds: ["0.5"],
    };
    const body = {
      resourceMetrics: [
        {
          scopeMetrics: [
            {
              metrics: [
                {
                  name: "g",
                  gauge: {
                    dataPoints: [point, { ...point, asDouble: undefined, asInt: "-9007199254740993" }],
                  },
                },
                {
                  name: "h",
                  histogram: {
                    dataPoints: [buckets],
                    aggregationTemporality: "AGGREGATION_TEMPORALITY_DELTA",
                  },
                },
              ],
            },
          ],
        },
      ],
    };
    const observer = new RecordingObserver();
    visitJson("metrics", Buffer.from(JSON.stringify(body)), observer);
    expect(observer.told).toMatchObject([
      { view: { value: NaN } },
      { view: { value: -9007199254740992 } },
      { view: { count: 3, sum: Infinity, counts: [1, 2], bounds: [0.5], temporality: 1 } },
    ]);
  });

  test("a byte order mark and white space behind the text do not matter", () => {
    const observer = new RecordingObserver();
    visitJson("traces", Buffer.from(`\uFEFF${withSpan({})}\r\n \t`), observer);
    expect(observer.told).toHaveLength(1);
  });

  test("an empty request is read", () => {
    expect(visitJson("logs", Buffer.from("{}"), new RecordingObserver())).toEqual({
      ok: true,
      value: { records: 0, rejected: 0 },
    });
  });
});

describe("what is refused, with its path", () => {
  const at = "resourceSpans[0].scopeSpans[0].spans[0]";
  test.each([
    [{ name: 7 }, ".name", "must be a string"],
    [{ traceId: 7 }, ".traceId", "hexadecimal"],
    [{ kind: "SERVER" }, ".kind", "SPAN_KIND_SERVER"],
    [{ kind: 1.5 }, ".kind", "must be a number or one of the names"],
    [{ startTimeUnixNano: "-1" }, ".startTimeUnixNano", "must be from 0"],
    [{ startTimeUnixNano: "99999999999999999999" }, ".startTimeUnixNano", "must be from 0"],
    [{ startTimeUnixNano: "soon" }, ".startTimeUnixNano", "must be an integer"],
    [{ status: [] }, ".status", "must be an object"],
    [{ attributes: {} }, ".attributes", "must be an array"],
    [{ attributes: [3] }, ".attributes[0]", "must be an object"],
    [
      { attributes: [{ key: "a", value: { boolValue: 1 } }] },
      ".attributes[0].value.boolValue",
      "true or false",
    ],
    [
      { attributes: [{ value: { doubleValue: "x" } }] },
      ".attributes[0].value.doubleValue",
      "must be a number",
    ],
    [{ attributes: [{ value: { bytesValue: "*" } }] }, ".attributes[0].value.bytesValue", "base64"],
  ])("%j", (changes, path, message) => {
    const { where, message: found } = failure(withSpan(changes));
    expect(where).toBe(at + path);
    expect(found).toContain(message);
  });

  test.each(["", "{", "[]", "null", '"text"', "\u0000"])("a body that is %j", (text) => {
    expect(failure(text).where).toBe("(body)");
  });

  test("text that is not UTF-8", () => {
    expect(failure(Uint8Array.of(0x22, 0xff, 0x22)).message).toContain("not JSON");
  });

  test("values nested over the limit anyValueDepth, and a bomb that no stack would hold", () => {
    const deep = (levels: number): string => {
      const open = '{"arrayValue":{"values":['.repeat(levels);
      const value = `${open}{"intValue":1}${"]}}".repeat(levels)}`;
      return `{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":${value}}]}}]}`;
    };
    expect(failure(deep(31)).message).toBe("was read");
    expect(failure(deep(32))).toMatchObject({ tag: "overLimit", limit: "anyValueDepth" });
    expect(failure(deep(1000))).toMatchObject({ tag: "overLimit" });
    const shallow = visitJson("traces", Buffer.from(deep(5)), new RecordingObserver(), {
      ...defaultOtlpLimits,
      anyValueDepth: 5,
    });
    expect(shallow.ok).toBe(false);
  });
});
