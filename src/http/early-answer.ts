import { ServerResponse, type IncomingMessage } from "node:http";
import type { HttpLimits } from "./limits.ts";

type Bounds = Pick<HttpLimits, "bodyBytes" | "lingerMs" | "lingerBytes">;

/** Whether more of a body may come than is ever read: what follows it on the connection could then not be told apart. */
function leavesBody({ complete, headers }: IncomingMessage, bodyBytes: number): boolean {
  if (complete) return false;
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > bodyBytes;
}

/** Reads and drops what still comes of a body, within bounds; then calls back, once. */
function dropRest(request: IncomingMessage, bounds: Bounds, done: () => void): void {
  let dropped = 0;
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done();
  };
  const timer = setTimeout(stop, bounds.lingerMs);
  request.on("data", (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > bounds.lingerBytes) stop();
  });
  request.once("end", stop);
  request.once("close", stop);
  request.resume();
}

/**
 * An answer that says `Connection: close` where it goes out before the body has come in, and closes only after the rest was
 * dropped: closing at once would reset the connection, and the sender could lose the answer (RFC 9112, 9.6).
 */
export function earlyAnswering(bounds: Bounds): typeof ServerResponse<IncomingMessage> {
  return class EarlyAnswer extends ServerResponse {
    #leavesBody = false;

    override writeHead(...given: readonly unknown[]): this {
      this.#leavesBody = leavesBody(this.req, bounds.bodyBytes);
      if (this.#leavesBody) this.setHeader("connection", "close");
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with this
      Reflect.apply(super.writeHead, this, given);
      return this;
    }

    override end(...given: readonly unknown[]): this {
      if (!this.#leavesBody) {
        // eslint-disable-next-line @typescript-eslint/unbound-method -- called with this
        Reflect.apply(super.end, this, given);
        return this;
      }
      this.#leavesBody = false;
      const [last] = given;
      if (typeof last === "string" || last instanceof Uint8Array) this.write(last);
      dropRest(this.req, bounds, () => {
        super.end();
      });
      return this;
    }
  };
}
