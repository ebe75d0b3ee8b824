import { deflateSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeBody, decompressBody } from "#ingest/otlp/body.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { encodeExportResponse, encodeStatus } from "#ingest/otlp/status-body.ts";
import { encodeOtlp } from "#test/support/otlp-encoder.ts";
import { oracleDecode } from "#test/support/otlp-oracle.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

const plain = encodeOtlp("LogsData", {
  resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: 1n }, {}] }] }],
});
const protobuf = { signal: "logs", contentType: "application/x-protobuf" } as const;

describe("decompression", () => {
  test.each([
    ["", plain],
    ["identity", plain],
    ["gzip", gzipSync(plain)],
    ["GZIP", gzipSync(plain)],
    ["deflate", deflateSync(plain)],
  ])("encoding %j gives the body for its digest, and its counts", (contentEncoding, bytes) => {
    const decoded = decodeBody({ ...protobuf, contentEncoding, bytes }, new RecordingObserver());
    expect(decoded).toMatchObject({ status: 200, records: 2, rejected: 1 });
    expect("plain" in decoded && Buffer.from(decoded.plain).equals(plain)).toBe(true);
  });

  test.each([
    ["br", 415],
    ["gzip, gzip", 415],
    ["gzip", 400],
    ["deflate", 400],
  ])("encoding %j of bytes that are not so is %d", (contentEncoding, status) => {
    expect(decodeBody({ ...protobuf, contentEncoding, bytes: plain }, new RecordingObserver())).toMatchObject(
      { status },
    );
  });

  test("a gzip body that is cut off is 400", () => {
    const bytes = gzipSync(plain).subarray(0, 15);
    expect(
      decodeBody({ ...protobuf, contentEncoding: "gzip", bytes }, new RecordingObserver()),
    ).toMatchObject({ status: 400 });
  });

  test.each(["gzip", "deflate"])("a %s bomb stops at the limit bodyBytes", (contentEncoding) => {
    const zeros = new Uint8Array(1024 * 1024);
    const bytes = contentEncoding === "gzip" ? gzipSync(zeros) : deflateSync(zeros);
    const body = { ...protobuf, contentEncoding, bytes };
    expect(decompressBody(body, { ...defaultOtlpLimits, bodyBytes: 1024 * 1024 - 1 })).toMatchObject({
      error: { status: 413 },
    });
    expect(decompressBody(body, { ...defaultOtlpLimits, bodyBytes: 1024 * 1024 })).toMatchObject({
      ok: true,
    });
  });

  test("a plain body over the limit is 413, one at the limit is read", () => {
    const body = { ...protobuf, contentEncoding: "", bytes: plain };
    const limits = { ...defaultOtlpLimits, bodyBytes: plain.length };
    expect(decompressBody(body, limits).ok).toBe(true);
    expect(decompressBody(body, { ...limits, bodyBytes: plain.length - 1 })).toMatchObject({
      error: { status: 413 },
    });
  });

  test("an undecodable body is 400 and says where", () => {
    const body = { ...protobuf, contentEncoding: "", bytes: plain.subarray(0, 5) };
    expect(decodeBody(body, new RecordingObserver())).toMatchObject({
      status: 400,
      message: /ResourceLogs|LogsData/,
    });
  });

  test.each([
    ["application/x-protobuf; charset=x", 200],
    ["Application/X-Protobuf", 200],
    ["text/plain", 415],
    ["", 415],
  ])("type %j is %d", (contentType, status) => {
    expect(
      decodeBody({ ...protobuf, contentType, contentEncoding: "", bytes: plain }, new RecordingObserver()),
    ).toMatchObject({ status });
  });
});

describe("answers", () => {
  test("all accepted is the empty message", () => {
    expect(encodeExportResponse("protobuf", "traces", { rejected: 0, message: "" })).toHaveLength(0);
    expect(Buffer.from(encodeExportResponse("json", "traces", { rejected: 0, message: "" })).toString()).toBe(
      "{}",
    );
  });

  test.each([
    ["traces", "rejectedSpans"],
    ["metrics", "rejectedDataPoints"],
    ["logs", "rejectedLogRecords"],
  ] as const)("rejected records of %s are counted in both forms", (signal, name) => {
    const outcome = { rejected: 300, message: "why" };
    expect(oracleDecode("ExportResponse", encodeExportResponse("protobuf", signal, outcome))).toEqual({
      partialSuccess: { rejected: 300n, errorMessage: "why" },
    });
    expect(JSON.parse(Buffer.from(encodeExportResponse("json", signal, outcome)).toString())).toEqual({
      partialSuccess: { [name]: "300", errorMessage: "why" },
    });
  });

  test("a message with nothing rejected is a warning", () => {
    const bytes = encodeExportResponse("protobuf", "logs", { rejected: 0, message: "note" });
    expect(oracleDecode("ExportResponse", bytes)).toEqual({ partialSuccess: { errorMessage: "note" } });
  });

  test("a Status has its code and message in both forms, and stays short", () => {
    expect(oracleDecode("Status_", encodeStatus("protobuf", 503, "busy"))).toEqual({
      code: 14,
      message: "busy",
    });
    expect(JSON.parse(Buffer.from(encodeStatus("json", 400, "bad")).toString())).toEqual({
      code: 3,
      message: "bad",
    });
    expect(encodeStatus("protobuf", 400, "x".repeat(100_000)).length).toBeLessThan(1100);
  });
});
