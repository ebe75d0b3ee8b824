import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createApiServer } from "#http/api-server.ts";
import { createFakeApi } from "#test/support/fake-api.ts";
import { closeWhole, until } from "#test/support/listening.ts";
import { answerIn, openRaw } from "#test/support/raw-http.ts";

test("a GET is answered without its body, however long that is, and the connection does not go on with what is left", async () => {
  const { app } = createFakeApi();
  const server = createApiServer({ fetch: app.fetch, registry: new Registry() });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const connection = openRaw(
    (server.address() as AddressInfo).port,
    "GET /v1/verdict?service=pay HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3000000\r\n\r\n",
  );
  await until(() => answerIn(connection.received()).body.includes("}"));
  const answer = answerIn(connection.received());
  expect(answer.status).toBe(200);
  expect(answer.head).toContain("connection: close");
  connection.socket.destroy();
  await closeWhole(server);
});
