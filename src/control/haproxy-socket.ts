import { connect } from "node:net";
import type { ControllerError } from "#engine/ports.ts";
import { err, ok, type Result } from "#model/result.ts";

/** Where a stats socket listens. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

const loopback = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

/**
 * A path that starts with `/`, or `host:port` (`[::1]:9999` for IPv6). The runtime API asks nobody for a password, so a host beyond loopback
 * must be allowed by name.
 */
export function parseSocketAddress(
  text: string,
  allowRemote: boolean,
): Result<SocketAddress, { readonly message: string }> {
  if (text.startsWith("/")) return ok({ path: text });
  const parts = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s/]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const port = Number(parts?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    const message = `socket: "${text}" is neither a path such as /run/haproxy/admin.sock nor host:port such as 127.0.0.1:9999`;
    return err({ message });
  }
  if (!allowRemote && !loopback.test(host)) {
    const message = `socket: ${host} is not this machine, and HAProxy's runtime API knows no passwords; use a path or a loopback address, or set allowRemote: true`;
    return err({ message });
  }
  return ok({ host, port });
}

export interface SocketLimits {
  readonly timeoutMs: number;
  readonly replyLimitBytes: number;
}

function unreachable(message: string): ControllerError {
  return { tag: "unreachable", message, retryAfterMs: null };
}

function connectionError(error: NodeJS.ErrnoException): ControllerError {
  if (error.code === "EACCES" || error.code === "EPERM") {
    const message = `${error.message}: the user that runs Haldane must be able to write to the socket (its user, group and mode)`;
    return { tag: "rejected", message };
  }
  return unreachable(error.message);
}

/** Sends one line and gives all that is answered until HAProxy closes, as it does after one line. */
export function askSocket(
  address: SocketAddress,
  line: string,
  limits: SocketLimits & { readonly signal: AbortSignal },
): Promise<Result<string, ControllerError>> {
  const { timeoutMs, replyLimitBytes, signal } = limits;
  if (signal.aborted) return Promise.resolve(err(unreachable("given up before the call")));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const socket = connect(address);
    const finish = (result: Result<string, ControllerError>): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      socket.destroy();
      resolve(result);
    };
    const giveUp = (): void => {
      finish(err(unreachable("given up")));
    };
    const timer = setTimeout(() => {
      finish(err(unreachable(`no whole answer within ${timeoutMs} ms`)));
    }, timeoutMs);
    signal.addEventListener("abort", giveUp, { once: true });
    socket.on("error", (error) => {
      finish(err(connectionError(error)));
    });
    socket.on("data", (chunk) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length <= replyLimitBytes) return;
      const message = `the answer is longer than replyLimitBytes, ${replyLimitBytes}`;
      finish(err({ tag: "rejected", message }));
    });
    socket.on("end", () => {
      finish(ok(Buffer.concat(chunks).toString("utf8")));
    });
    socket.on("connect", () => {
      socket.write(`${line}\n`);
    });
  });
}

/**
 * The answers to commands joined by `;`: each ends with an empty line and is empty where the command succeeded. Null where fewer
 * came than were asked for: the answer was cut short.
 */
export function splitAnswers(text: string, commands: number): readonly string[] | null {
  const answers: string[] = [];
  let lines: string[] = [];
  for (const line of text.split("\n").slice(0, -1)) {
    if (line !== "") lines.push(line);
    else {
      answers.push(lines.join("\n"));
      lines = [];
    }
  }
  return answers.length >= commands && lines.length === 0 ? answers : null;
}
