import { createServer, STATUS_CODES, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { Counter, type Registry } from "prom-client";
import { earlyAnswering } from "./early-answer.ts";
import { defaultHttpLimits, type HttpLimits } from "./limits.ts";
import { problemBody, problemHeaders, type Problem, type ProblemKind } from "./problem.ts";

export interface ApiServerOptions {
  readonly fetch: Parameters<typeof getRequestListener>[0];
  readonly registry: Registry;
  readonly limits?: Partial<HttpLimits>;
}

interface Refusal {
  /** The limit that was met, or `malformed`. */
  readonly reason: string;
  readonly body: Problem;
}

function refusal(kind: ProblemKind, reason: string, error: NonNullable<Problem["errors"]>[number]): Refusal {
  const detail = `${error.field}: ${error.problem}; ${error.fix}.`;
  return { reason, body: problemBody(kind, { detail, errors: [error] }, "") };
}

/** What is said of a request that cannot be read, by the code of Node's error. */
function refusalOf(code: string | undefined, limits: HttpLimits): Refusal {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return refusal("headers-too-large", "headerBytes", {
        field: "headers",
        problem: `are larger than ${limits.headerBytes} bytes together (limit headerBytes)`,
        fix: "send fewer or shorter ones",
      });
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return refusal("too-slow", "timeoutMs", {
        field: "request",
        problem: `took over ${limits.headersTimeoutMs} ms to its headers or ${limits.bodyTimeoutMs} ms more to its end`,
        fix: "send it at once (limits headersTimeoutMs, bodyTimeoutMs)",
      });
    case undefined:
    default:
      return refusal("invalid-request", "malformed", {
        field: "request",
        problem: "is not HTTP/1.1",
        fix: "send a request line, a Host header and one way to tell the length of the body",
      });
  }
}

/** An answer for a connection that has no request. */
function rawAnswer(body: Problem): string {
  const text = JSON.stringify(body);
  const headers = {
    ...problemHeaders,
    Connection: "close",
    "Content-Length": String(Buffer.byteLength(text)),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${body.status} ${STATUS_CODES[body.status] ?? ""}\r\n${lines.join("")}\r\n${text}`;
}

/** A path or host that makes no URL; what Hono throws it answers itself. */
function unreadableTarget(): Response {
  const { body } = refusal("invalid-request", "malformed", {
    field: "request",
    problem: "its path and Host header make no URL",
    fix: "send the path alone, and host and port as the Host header",
  });
  return new Response(JSON.stringify(body), { status: body.status, headers: problemHeaders });
}

/**
 * The server under the API and the pages, with its limits on connections, headers and times set; the caller listens and closes. What
 * cannot be read as a request is answered as a problem too (RFC 9457), and counted.
 */
export function createApiServer({ fetch, registry, limits: given }: ApiServerOptions): Server {
  const limits = { ...defaultHttpLimits, ...given };
  const refused = new Counter({
    name: "haldane_http_connections_refused_total",
    help: "Connections to the API that were closed: the limit that they met, or malformed.",
    labelNames: ["reason"],
    registers: [registry],
  });
  const answer = getRequestListener(fetch, { errorHandler: unreadableTarget });
  const answers = new WeakMap<Duplex, ServerResponse>();
  const server = createServer(
    {
      ServerResponse: earlyAnswering(limits),
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs,
      connectionsCheckingInterval: Math.min(2500, limits.headersTimeoutMs),
      requireHostHeader: false,
    },
    (request, response) => {
      answers.set(request.socket, response);
      void answer(request, response);
    },
  );
  server.maxConnections = limits.connections;
  server.on("drop", () => {
    refused.inc({ reason: "connections" });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const { reason, body } = refusalOf(error.code, limits);
    refused.inc({ reason });
    const begun = answers.get(socket);
    // Into the middle of another answer nothing may be written.
    if (begun !== undefined && begun.headersSent && !begun.writableFinished) socket.destroy();
    else closeAfter(socket, rawAnswer(body), limits.lingerMs);
  });
  return server;
}

/** Closes once the peer has read what is written, or after a while. */
function closeAfter(socket: Duplex, text: string, lingerMs: number): void {
  socket.end(text);
  socket.resume();
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
