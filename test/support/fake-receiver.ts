import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";

export interface ReceivedMessage {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface FakeReceiver {
  readonly url: string;
  readonly received: readonly ReceivedMessage[];
  /** What it answers; `hang`: it takes the message and never answers. */
  answer: { status: number; headers?: Record<string, string>; body?: string } | "hang";
  stop(): Promise<void>;
}

/** A small HTTP receiver on loopback that keeps what it is sent. */
export async function startFakeReceiver(): Promise<FakeReceiver> {
  const received: ReceivedMessage[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      const { answer } = receiver;
      if (answer === "hang") return;
      response.writeHead(answer.status, answer.headers ?? {});
      response.end(answer.body ?? "");
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  const receiver: FakeReceiver = {
    url: `http://127.0.0.1:${port}/secret-path`,
    received,
    answer: { status: 200 },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return receiver;
}
