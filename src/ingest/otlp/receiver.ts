import type { IncomingMessage, ServerResponse } from "node:http";
import { bearsToken } from "./bearer.ts";
import {
  acceptsEncoding,
  bodyFormatOf,
  tooLarge,
  unsupportedEncoding,
  unsupportedType,
  type BodyFormat,
} from "./body.ts";
import { ByteBudget } from "./byte-budget.ts";
import { finishEarly, leavesBody } from "./finish-early.ts";
import { defaultOtlpLimits, type OtlpLimits } from "./limits.ts";
import { readBody, type ReadError } from "./read-body.ts";
import type { Signal } from "./schema.ts";
import { encodeExportResponse, encodeStatus } from "./status-body.ts";

/** A body handed over: `bytes` owns its ArrayBuffer, which may be transferred to another thread. */
export interface HandedBody {
  readonly signal: Signal;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** What became of a handed body. 429 and 503 are retried by senders, every other refusal loses the data. */
export type AcceptOutcome =
  /** `message` says why records were rejected; with none rejected it is a warning; "" for nothing to say. */
  | { readonly status: 200; readonly rejected: number; readonly message: string }
  | { readonly status: 400 | 413 | 415; readonly message: string }
  | { readonly status: 429 | 503; readonly message: string; readonly retryAfterSeconds: number | null };

export interface ReceiverOptions {
  /** Resolves once the body is durable, or refused. */
  readonly accept: (body: HandedBody) => Promise<AcceptOutcome>;
  /** Bearer token that senders must show; null = none is asked for. */
  readonly token: string | null;
  readonly limits?: OtlpLimits;
}

/** Facts to be shown; read at any time. */
export interface ReceiverCounters {
  /** Answers, under "signal status", such as "traces 200"; the signal is "other" for an unknown path. */
  readonly requests: ReadonlyMap<string, number>;
  /**
   * Bodies that were not handed over for a limit, under its name: bodyBytes, bytesInFlight, bodyTimeoutMs; and `aborted`.
   * Connections that were closed for one: connections, headerBytes, headersTimeoutMs; and `malformed`, which is not HTTP.
   */
  readonly refused: ReadonlyMap<string, number>;
  /** Bytes being read, or handed over and not yet answered. */
  readonly bytesInFlight: number;
}

export interface Receiver {
  /** For a server that has other routes too: call it for paths under /v1. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  /** Counts a connection that was closed before it had a request. */
  readonly closed: (why: "connections" | "headerBytes" | "headersTimeoutMs" | "malformed") => void;
  readonly counters: ReceiverCounters;
}

const signals: ReadonlyMap<string, Signal> = new Map([
  ["/v1/traces", "traces"],
  ["/v1/metrics", "metrics"],
  ["/v1/logs", "logs"],
]);

interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * OTLP over HTTP on plain node:http: checks path, method, token, type and encoding before the body is read, reads it within
 * the byte budget, hands it over, and answers in the request's own form. Source: OTLP specification, "OTLP/HTTP".
 */
export function createReceiver(options: ReceiverOptions): Receiver {
  const limits = options.limits ?? defaultOtlpLimits;
  const budget = new ByteBudget(limits.bytesInFlight);
  const requests = new Map<string, number>();
  const refused = new Map<string, number>();
  const counters: ReceiverCounters = {
    requests,
    refused,
    get bytesInFlight() {
      return budget.reserved;
    },
  };

  const receive = async (request: IncomingMessage, asked: Asked): Promise<Answer | null> => {
    const read = await readBody(request, budget, limits);
    if (!read.ok) {
      count(refused, refusedAs[read.error]);
      return readFailure(read.error, asked.format, limits);
    }
    try {
      const { signal, format, contentType, contentEncoding } = asked;
      const { bytes } = read.value;
      const outcome = await options.accept({ signal, contentType, contentEncoding, bytes });
      return outcomeAnswer(outcome, signal, format);
    } catch {
      // A fault of ours: 503 makes the sender keep its data and try again, 500 would lose it.
      return retryLater(asked.format, "the body could not be processed", limits.retryAfterSeconds);
    } finally {
      budget.release(read.value.reserved);
    }
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, asked, refusal } = ask(request, options.token);
    const label = signals.get(pathname) ?? "other";
    const finish = (answer: Answer | null): void => {
      if (answer === null) return;
      count(requests, `${label} ${answer.status}`);
      send(request, response, { answer, format: asked?.format ?? formatOf(request), limits });
    };
    if (asked === null) finish(refusal);
    else void receive(request, asked).then(finish);
  };
  return {
    listener,
    closed: (why) => {
      count(refused, why);
    },
    counters,
  };
}

interface Asked {
  readonly signal: Signal;
  readonly format: BodyFormat;
  readonly contentType: string;
  readonly contentEncoding: string;
}

type Question =
  | { readonly pathname: string; readonly asked: Asked; readonly refusal: null }
  | { readonly pathname: string; readonly asked: null; readonly refusal: Answer };

/** What the head of a request asks for, or why it is refused before its body is read. */
function ask(request: IncomingMessage, token: string | null): Question {
  const [pathname = "/"] = (request.url ?? "/").split("?");
  const refuse = (
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
  ): Question => ({
    pathname,
    asked: null,
    refusal: { status, body: encodeStatus(formatOf(request), status, message), headers },
  });
  const signal = signals.get(pathname);
  if (signal === undefined) {
    return refuse(404, `${pathname} is not served: send to /v1/traces, /v1/metrics or /v1/logs`);
  }
  if (request.method !== "POST") {
    return refuse(405, `${request.method ?? "this method"} is not accepted: send POST`, { allow: "POST" });
  }
  if (token !== null && !bearsToken(request.headers.authorization, token)) {
    return refuse(401, "a bearer token is needed", { "www-authenticate": "Bearer" });
  }
  const contentType = request.headers["content-type"] ?? "";
  const contentEncoding = request.headers["content-encoding"] ?? "";
  const format = bodyFormatOf(contentType);
  if (format === null) return refuse(415, unsupportedType(contentType).message);
  if (!acceptsEncoding(contentEncoding)) return refuse(415, unsupportedEncoding(contentEncoding).message);
  return { pathname, asked: { signal, format, contentType, contentEncoding }, refusal: null };
}

function formatOf(request: IncomingMessage): BodyFormat {
  return bodyFormatOf(request.headers["content-type"] ?? "") ?? "json";
}

function outcomeAnswer(outcome: AcceptOutcome, signal: Signal, format: BodyFormat): Answer {
  if (outcome.status === 200) return { status: 200, body: encodeExportResponse(format, signal, outcome) };
  const body = encodeStatus(format, outcome.status, outcome.message);
  const wait = "retryAfterSeconds" in outcome ? outcome.retryAfterSeconds : null;
  if (wait === null) return { status: outcome.status, body };
  return { status: outcome.status, body, headers: { "retry-after": String(wait) } };
}

const refusedAs: Readonly<Record<ReadError, string>> = {
  tooLarge: "bodyBytes",
  busy: "bytesInFlight",
  slow: "bodyTimeoutMs",
  aborted: "aborted",
};

function readFailure(error: ReadError, format: BodyFormat, limits: OtlpLimits): Answer | null {
  switch (error) {
    case "aborted":
      return null;
    case "busy":
      return retryLater(format, "too many bytes in flight (limit bytesInFlight)", limits.retryAfterSeconds);
    case "slow": {
      const message = `the body took over ${limits.bodyTimeoutMs} ms (limit bodyTimeoutMs)`;
      return { status: 408, body: encodeStatus(format, 408, message), headers: { connection: "close" } };
    }
    case "tooLarge":
      return { status: 413, body: encodeStatus(format, 413, tooLarge(limits).message) };
  }
}

function retryLater(format: BodyFormat, message: string, retryAfterSeconds: number): Answer {
  return {
    status: 503,
    body: encodeStatus(format, 503, message),
    headers: { "retry-after": String(retryAfterSeconds) },
  };
}

/** An answer may go out before the body has come in; see `finishEarly`. */
function send(
  request: IncomingMessage,
  response: ServerResponse,
  given: { readonly answer: Answer; readonly format: BodyFormat; readonly limits: OtlpLimits },
): void {
  const { answer, format, limits } = given;
  const closing = leavesBody(request, limits.bodyBytes);
  response.writeHead(answer.status, {
    "content-type": format === "json" ? "application/json" : "application/x-protobuf",
    "content-length": answer.body.length,
    ...answer.headers,
    ...(closing ? { connection: "close" } : {}),
  });
  if (request.complete) response.end(answer.body);
  else finishEarly(request, response, { body: answer.body, closing, limits });
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
