import { connect, type Socket } from "node:net";

/** A connection that writes what it is told and keeps what it gets, without knowing HTTP. */
export interface RawConnection {
  readonly socket: Socket;
  readonly received: () => string;
  /** Resolves once the other side has closed, however. */
  readonly closed: Promise<void>;
}

export function openRaw(port: number, text: string | Uint8Array = ""): RawConnection {
  const socket = connect(port, "127.0.0.1");
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => {
    socket.destroy();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once("close", () => {
      resolve();
    });
    socket.once("end", () => {
      resolve();
    });
  });
  if (text.length > 0) socket.write(text);
  return { socket, received: () => Buffer.concat(chunks).toString(), closed };
}

/** The head of the first answer in lower case, and its body. */
export function answerIn(received: string): {
  readonly status: number;
  readonly head: string;
  readonly body: string;
} {
  const [head = "", ...rest] = received.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1] ?? 0), head: head.toLowerCase(), body: rest.join("\r\n\r\n") };
}
