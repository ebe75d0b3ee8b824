import type { BodyFormat } from "./body.ts";
import type { Signal } from "./schema.ts";
import { WireWriter } from "./wire-writer.ts";

/** Longest message that is sent back; a response should stay small (OTLP: below 4 MiB). */
const messageChars = 1000;
const delimited = 2;

/** google.rpc.Code of an HTTP status, for the optional `code` of a Status. */
function rpcCodeOf(httpStatus: number): number {
  switch (httpStatus) {
    case 401:
      return 16;
    case 404:
      return 5;
    case 405:
      return 12;
    case 408:
      return 4;
    case 429:
      return 8;
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return httpStatus >= 500 ? 13 : 3;
  }
}

const rejectedField: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  metrics: "rejectedDataPoints",
  logs: "rejectedLogRecords",
};

/** A google.rpc.Status: the body of every 4xx and 5xx answer. */
export function encodeStatus(format: BodyFormat, httpStatus: number, message: string): Uint8Array {
  const code = rpcCodeOf(httpStatus);
  const text = shortened(message);
  if (format === "json") return Buffer.from(JSON.stringify({ code, message: text }));
  const writer = new WireWriter(text.length + 16);
  writer.varint(1 << 3);
  writer.varint(code);
  writer.varint((2 << 3) | delimited);
  writer.bytes(Buffer.from(text));
  return writer.written();
}

/**
 * An Export…ServiceResponse: empty when everything was accepted; otherwise partial_success with the number of rejected
 * records, or with 0 and a message as a warning.
 */
export function encodeExportResponse(
  format: BodyFormat,
  signal: Signal,
  outcome: { readonly rejected: number; readonly message: string },
): Uint8Array {
  const text = shortened(outcome.message);
  const partial = outcome.rejected > 0 || text !== "";
  if (format === "json") {
    const count = outcome.rejected > 0 ? { [rejectedField[signal]]: String(outcome.rejected) } : {};
    const why = text === "" ? {} : { errorMessage: text };
    return Buffer.from(JSON.stringify(partial ? { partialSuccess: { ...count, ...why } } : {}));
  }
  const inner = new WireWriter(text.length + 16);
  if (outcome.rejected > 0) {
    inner.varint(1 << 3);
    inner.varint(outcome.rejected);
  }
  if (text !== "") {
    inner.varint((2 << 3) | delimited);
    inner.bytes(Buffer.from(text));
  }
  const writer = new WireWriter(text.length + 32);
  if (partial) {
    writer.varint((1 << 3) | delimited);
    writer.bytes(inner.written());
  }
  return writer.written();
}

function shortened(message: string): string {
  return message.length <= messageChars ? message : `${message.slice(0, messageChars - 1)}…`;
}
