import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { Registry } from "prom-client";
import { afterEach, describe, expect, test } from "vitest";
import { createApiServer } from "#http/api-server.ts";
import { defaultHttpLimits } from "#http/limits.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { createReceiver } from "#ingest/otlp/receiver.ts";
import { createReceiverServer } from "#ingest/otlp/receiver-server.ts";
import { createFakeApi } from "#test/support/fake-api.ts";
import { closeWhole, until } from "#test/support/listening.ts";
import { answerIn, openRaw } from "#test/support/raw-http.ts";

/*
 * A body that is refused before it was read was answered as if the connection could go on, and then the connection was cut
 * under the next request. The answer must say that it closes, must come whole though the sender goes on sending, and a body
 * that is small enough to be read to its end must not cost the connection.
 */

let server: Server | null = null;
afterEach(async () => {
  if (server !== null) await closeWhole(server);
  server = null;
});

async function listen(made: Server): Promise<number> {
  server = made;
  made.listen(0, "127.0.0.1");
  await once(made, "listening");
  return (made.address() as AddressInfo).port;
}

function api(): Server {
  const { app } = createFakeApi();
  return createApiServer({ fetch: app.fetch, registry: new Registry() });
}

function otlp(): Server {
  const limits = { ...defaultOtlpLimits, bodyBytes: 65_536 };
  const accept = () => Promise.resolve({ status: 200, rejected: 0, message: "" } as const);
  return createReceiverServer(createReceiver({ accept, token: null, limits }), limits);
}

const served = [
  ["the API", api, "/v1/analyses"],
  ["the OTLP receiver", otlp, "/v1/traces"],
] as const;

function head(path: string, length: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n${length}\r\n\r\n`;
}

describe.each(served)("%s", (_, make, path) => {
  test.each([
    ["with a stated length", "Content-Length: 3000000", "x".repeat(3_000_000)],
    ["in chunks", "Transfer-Encoding: chunked", `100000\r\n${"x".repeat(0x100000)}\r\n`.repeat(2)],
  ])(
    "a body that is too large, %s, is answered whole and with Connection: close",
    async (__, length, body) => {
      const port = await listen(make());
      const connection = openRaw(port, head(path, length));
      connection.socket.write(body);
      await until(() => answerIn(connection.received()).body.includes("}"));
      const answer = answerIn(connection.received());
      expect(answer.status).toBe(413);
      expect(answer.head).toContain("connection: close");
      expect(answer.body).toContain("limit bodyBytes");
      connection.socket.destroy();
    },
  );

  test("a sender that sends the whole of it reads the answer, and then the connection ends", async () => {
    const port = await listen(make());
    const connection = openRaw(port, head(path, "Content-Length: 200000"));
    await until(() => connection.received().includes("413"));
    connection.socket.write("x".repeat(200_000));
    await connection.closed;
    expect(answerIn(connection.received()).body).toContain("limit bodyBytes");
  });

  test("a refused body that fits costs nothing: the connection goes on", async () => {
    const port = await listen(make());
    const connection = openRaw(port, head("/nowhere", "Content-Length: 1000"));
    connection.socket.write(`${"x".repeat(1000)}${head("/nowhere", "Content-Length: 2")}{}`);
    await until(() => connection.received().split("HTTP/1.1 404").length === 3);
    expect(connection.received().toLowerCase()).not.toContain("connection: close");
    connection.socket.destroy();
  });
});

test("the check can fail: a plain server under the same API keeps the connection open and cuts it later", async () => {
  const { app } = createFakeApi();
  const answer = getRequestListener(app.fetch);
  const port = await listen(createServer((request, response) => void answer(request, response)));
  const { bodyBytes } = defaultHttpLimits;
  const connection = openRaw(port, head("/v1/analyses", `Content-Length: ${bodyBytes + 1}`));
  await until(() => connection.received().includes("413"));
  expect(answerIn(connection.received()).head).toContain("connection: keep-alive");
  await connection.closed;
});
