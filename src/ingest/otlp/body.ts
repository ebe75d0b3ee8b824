import * as zlib from "node:zlib";
import type { Observer } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";
import { decodeErrorText } from "./decode-error.ts";
import { visitJson } from "./json.ts";
import { defaultOtlpLimits, type OtlpLimits } from "./limits.ts";
import { visitProtobuf, type Visited } from "./protobuf/visit.ts";
import type { Signal } from "./schema.ts";

/** The two forms of OTLP over HTTP. */
export type BodyFormat = "protobuf" | "json";

/** A request body as it came over the wire. Header values are as sent; "" where the header is missing. */
export interface RawBody {
  readonly signal: Signal;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly bytes: Uint8Array;
}

/** A body with its compression taken off. The digest that recognises a retry is taken of `bytes`. */
export interface PlainBody {
  readonly signal: Signal;
  readonly format: BodyFormat;
  readonly bytes: Uint8Array;
}

/** Why a body is refused whole, with the HTTP status that says so. */
export interface BodyError {
  readonly status: 400 | 413 | 415;
  readonly message: string;
}

export interface DecodedBody extends Visited {
  readonly status: 200;
  /** The decompressed body, for a digest. */
  readonly plain: Uint8Array;
}

const chunkSize = 1024 * 1024;

/** The form that a Content-Type names (its parameters do not matter), or null for one that OTLP does not have. */
export function bodyFormatOf(contentType: string): BodyFormat | null {
  const [mediaType = ""] = contentType.split(";");
  switch (mediaType.trim().toLowerCase()) {
    case "application/x-protobuf":
      return "protobuf";
    case "application/json":
      return "json";
    default:
      return null;
  }
}

/** True for a Content-Encoding that can be taken off here: none, gzip, deflate (zlib), and zstd where this Node has it. */
export function acceptsEncoding(contentEncoding: string): boolean {
  return inflaterOf(contentEncoding) !== null;
}

/** Takes the compression off, within `bodyBytes` on the wire and decompressed. */
export function decompressBody(
  body: RawBody,
  limits: OtlpLimits = defaultOtlpLimits,
): Result<PlainBody, BodyError> {
  const format = bodyFormatOf(body.contentType);
  if (format === null) return err(unsupportedType(body.contentType));
  const inflate = inflaterOf(body.contentEncoding);
  if (inflate === null) return err(unsupportedEncoding(body.contentEncoding));
  if (body.bytes.length > limits.bodyBytes) return err(tooLarge(limits));
  try {
    const bytes = inflate(body.bytes, { maxOutputLength: limits.bodyBytes, chunkSize });
    return ok({ signal: body.signal, format, bytes });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if ("code" in error && error.code === "ERR_BUFFER_TOO_LARGE") return err(tooLarge(limits));
    return err({
      status: 400,
      message: `the body does not decompress as ${body.contentEncoding}: ${error.message}`,
    });
  }
}

/** Tells the observer what stands in a decompressed body. On an error nothing was told. */
export function visitBody(
  body: PlainBody,
  observer: Observer,
  limits: OtlpLimits = defaultOtlpLimits,
): Result<Visited, BodyError> {
  const visit = body.format === "json" ? visitJson : visitProtobuf;
  const visited = visit(body.signal, body.bytes, observer, limits);
  if (visited.ok) return visited;
  const { error } = visited;
  const tooMuch = error.tag === "overLimit" && (error.limit === "bodyBytes" || error.limit === "jsonValues");
  const status = tooMuch ? 413 : 400;
  return err({ status, message: decodeErrorText(error) });
}

/** `decompressBody` and `visitBody` in one. A caller that recognises retries calls them apart, with its digest between. */
export function decodeBody(
  body: RawBody,
  observer: Observer,
  limits: OtlpLimits = defaultOtlpLimits,
): DecodedBody | BodyError {
  const plain = decompressBody(body, limits);
  if (!plain.ok) return plain.error;
  const visited = visitBody(plain.value, observer, limits);
  return visited.ok ? { status: 200, ...visited.value, plain: plain.value.bytes } : visited.error;
}

/** The refusal of a media type, with the two that are accepted. */
export function unsupportedType(contentType: string): BodyError {
  const found = contentType === "" ? "no Content-Type" : `Content-Type ${contentType}`;
  return { status: 415, message: `${found}: send application/x-protobuf or application/json` };
}

/** The refusal of an encoding, with those that are accepted. */
export function unsupportedEncoding(contentEncoding: string): BodyError {
  const accepted = zstdInflater === null ? "gzip, deflate" : "gzip, deflate, zstd";
  return { status: 415, message: `Content-Encoding ${contentEncoding}: send one of ${accepted}, or none` };
}

/** The refusal of a body over the limit, on the wire or decompressed. */
export function tooLarge(limits: OtlpLimits): BodyError {
  return {
    status: 413,
    message: `the body is over ${limits.bodyBytes} bytes (limit bodyBytes): send less at once`,
  };
}

interface InflateBounds {
  readonly maxOutputLength: number;
  readonly chunkSize: number;
}
type Inflater = (bytes: Uint8Array, bounds: InflateBounds) => Uint8Array;

/** Zstandard came to node:zlib in 22.15 and 23.8; the declarations of Node 20 do not know it. */
const zstdInflater =
  (zlib as unknown as Readonly<Record<string, Inflater | undefined>>)["zstdDecompressSync"] ?? null;

function inflaterOf(contentEncoding: string): Inflater | null {
  switch (contentEncoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return (bytes) => bytes;
    case "gzip":
    case "x-gzip":
      return zlib.gunzipSync;
    case "deflate":
    case "zlib":
      return zlib.inflateSync;
    case "zstd":
      return zstdInflater;
    default:
      return null;
  }
}
