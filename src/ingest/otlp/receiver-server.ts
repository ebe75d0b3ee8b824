import { createServer, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { defaultOtlpLimits, type OtlpLimits } from "./limits.ts";
import type { Receiver } from "./receiver.ts";

/** A server of its own for the OTLP port, with the limits on connections, headers and times set; the caller listens and closes. */
export function createReceiverServer(receiver: Receiver, limits: OtlpLimits = defaultOtlpLimits): Server {
  const answers = new WeakMap<Duplex, ServerResponse>();
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.headersTimeoutMs + limits.bodyTimeoutMs,
      connectionsCheckingInterval: Math.min(2500, limits.headersTimeoutMs),
      keepAliveTimeout: 65_000,
    },
    (request, response) => {
      answers.set(request.socket, response);
      receiver.listener(request, response);
    },
  );
  server.maxConnections = limits.connections;
  server.on("drop", () => {
    receiver.closed("connections");
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) {
      socket.destroy();
      return;
    }
    const [why, status] = refusals[error.code ?? ""] ?? (["malformed", "400 Bad Request"] as const);
    receiver.closed(why);
    const begun = answers.get(socket);
    // Into the middle of another answer nothing may be written.
    if (begun !== undefined && begun.headersSent && !begun.writableFinished) socket.destroy();
    else
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`, () =>
        socket.destroy(),
      );
  });
  return server;
}

const refusals: Readonly<
  Record<string, readonly [why: Parameters<Receiver["closed"]>[0], status: string] | undefined>
> = {
  HPE_HEADER_OVERFLOW: ["headerBytes", "431 Request Header Fields Too Large"],
  ERR_HTTP_REQUEST_TIMEOUT: ["headersTimeoutMs", "408 Request Timeout"],
};
