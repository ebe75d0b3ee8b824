import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { defaultOtlpLimits, type OtlpLimits } from "#ingest/otlp/limits.ts";
import { createReceiver } from "#ingest/otlp/receiver.ts";
import { createReceiverServer } from "#ingest/otlp/receiver-server.ts";
import { closeWhole, until } from "#test/support/listening.ts";
import { answerIn, openRaw } from "#test/support/raw-http.ts";

let server: Server | null = null;
afterEach(async () => {
  if (server !== null) await closeWhole(server);
  server = null;
});

async function start(given: Partial<OtlpLimits>) {
  const limits = { ...defaultOtlpLimits, ...given };
  const accept = () => Promise.resolve({ status: 200, rejected: 0, message: "" } as const);
  const receiver = createReceiver({ accept, token: null, limits });
  server = createReceiverServer(receiver, limits);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, refused: receiver.counters.refused };
}

const head = "POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n";
const whole = `${head}Content-Length: 2\r\n\r\n{}`;

test.each([
  [
    "headers over the limit",
    { headerBytes: 1000 },
    `${head}X: ${"x".repeat(2000)}\r\n\r\n`,
    [431, "headerBytes"],
  ],
  ["headers that never end", { headersTimeoutMs: 60 }, head, [408, "headersTimeoutMs"]],
  ["bytes that are not HTTP", {}, "\u0000\u0001\r\n\r\n", [400, "malformed"]],
] as const)(
  "%s close the connection with an answer, and are counted",
  async (_, limits, text, [status, why]) => {
    const { port, refused } = await start(limits);
    const connection = openRaw(port, text);
    await connection.closed;
    expect(answerIn(connection.received()).status).toBe(status);
    expect([...refused]).toEqual([[why, 1]]);
  },
);

test("one connection more than the limit is closed and counted; those that are open are served on", async () => {
  const { port, refused } = await start({ connections: 2 });
  const held = [1, 2].map(() => openRaw(port, whole));
  await until(() => held.every(({ received }) => received().includes("200 OK")));
  await openRaw(port, whole).closed;
  expect(refused.get("connections")).toBe(1);
  held[1]?.socket.write(whole);
  await until(() => held[1]?.received().split("200 OK").length === 3);
  for (const { socket } of held) socket.destroy();
});
