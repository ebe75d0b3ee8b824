import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { afterEach, expect, test } from "vitest";
import { createApiServer } from "#http/api-server.ts";
import type { HttpLimits } from "#http/limits.ts";
import { problemSchema } from "#http/problem.ts";
import { createFakeApi } from "#test/support/fake-api.ts";
import { closeWhole, until } from "#test/support/listening.ts";
import { answerIn, openRaw, type RawConnection } from "#test/support/raw-http.ts";

let server: Server | null = null;
afterEach(async () => {
  if (server !== null) await closeWhole(server);
  server = null;
});

async function start(limits: Partial<HttpLimits> = {}) {
  const registry = new Registry();
  server = createApiServer({ fetch: createFakeApi().app.fetch, registry, limits });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const refused = async (reason: string): Promise<number> => {
    const metric = await registry.getSingleMetric("haldane_http_connections_refused_total")?.get();
    return metric?.values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
  };
  return { port, refused };
}

async function answered(connection: RawConnection) {
  await until(() => connection.received().includes("}"));
  const answer = answerIn(connection.received());
  expect(answer.head).toContain("content-type: application/problem+json");
  return { ...answer, problem: problemSchema.parse(JSON.parse(answer.body)) };
}

const host = "Host: 127.0.0.1\r\n";

test.each([
  ["a Host that is none", "GET /livez HTTP/1.1\r\nHost: a b/c\r\n\r\n"],
  ["no Host", "GET /livez HTTP/1.1\r\n\r\n"],
  ["a target that is no path", `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
  ["a method that HTTP does not have", `CANARY / HTTP/1.1\r\n${host}\r\n`],
  [
    "two ways to tell the length",
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  ["bytes that are not HTTP", "\u0000\u0001\u0002\r\n\r\n"],
])("%s is answered as a problem that says what to send", async (_, text) => {
  const { port } = await start();
  const { status, problem } = await answered(openRaw(port, text));
  expect(status).toBe(400);
  expect(problem).toMatchObject({ type: "/problems/invalid-request", errors: [{ field: "request" }] });
});

test("headers over the limit are 431, named and counted", async () => {
  const { port, refused } = await start({ headerBytes: 2000 });
  const { status, problem } = await answered(
    openRaw(port, `GET /livez HTTP/1.1\r\n${host}X: ${"x".repeat(3000)}\r\n\r\n`),
  );
  expect([status, problem.errors?.[0]?.problem]).toEqual([
    431,
    "are larger than 2000 bytes together (limit headerBytes)",
  ]);
  expect(await refused("headerBytes")).toBe(1);
});

test.each([
  ["headers that never end", `GET /livez HTTP/1.1\r\n${host}`],
  ["a connection that says nothing", ""],
  [
    "a body that never ends",
    `POST /v1/analyses HTTP/1.1\r\n${host}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
  ],
])("%s: 408, closed and counted", async (_, text) => {
  const { port, refused } = await start({ headersTimeoutMs: 60, bodyTimeoutMs: 60 });
  const slow = openRaw(port, text);
  const { status, problem } = await answered(slow);
  expect([status, problem.type]).toEqual([408, "/problems/too-slow"]);
  await slow.closed;
  expect(await refused("timeoutMs")).toBe(1);
});

test("one connection more than the limit is closed and counted; one that ends makes room", async () => {
  const { port, refused } = await start({ connections: 3 });
  const held = [1, 2, 3].map(() => openRaw(port, `GET /livez HTTP/1.1\r\n${host}\r\n`));
  await until(() => held.every(({ received }) => received().includes("200 OK")));
  await openRaw(port, `GET /livez HTTP/1.1\r\n${host}\r\n`).closed;
  expect(await refused("connections")).toBe(1);
  held[0]?.socket.destroy();
  await expect
    .poll(async () => {
      const again = openRaw(port, `GET /livez HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
      await again.closed;
      return answerIn(again.received()).status;
    })
    .toBe(200);
  for (const { socket } of held) socket.destroy();
});
