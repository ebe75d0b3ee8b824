import type { IncomingMessage, ServerResponse } from "node:http";
import type { OtlpLimits } from "./limits.ts";

/** Whether more of a body may come than is ever read: what follows it on the connection could then not be told apart. */
export function leavesBody({ complete, headers }: IncomingMessage, bodyBytes: number): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > bodyBytes;
}

/**
 * Ends an answer that goes out before the body has come in. Closing at once would reset the connection and lose the answer, so
 * the rest is read and dropped within its limits; an answer that closes its connection ends
 * only then (RFC 9112, 9.6).
 */
export function finishEarly(
  request: IncomingMessage,
  response: ServerResponse,
  given: { readonly body: Uint8Array; readonly closing: boolean; readonly limits: OtlpLimits },
): void {
  const { body, closing, limits } = given;
  if (closing) response.write(body);
  else response.end(body);
  let dropped = 0;
  const timer = setTimeout(() => request.socket.destroy(), limits.bodyTimeoutMs);
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > limits.lingerBytes) request.socket.destroy();
  });
  request.once("end", () => {
    if (closing) response.end();
  });
  request.once("close", () => {
    clearTimeout(timer);
  });
}
