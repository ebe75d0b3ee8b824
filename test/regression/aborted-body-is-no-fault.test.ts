import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { expect, test } from "vitest";
import { createApiServer } from "#http/api-server.ts";
import { createFakeApi } from "#test/support/fake-api.ts";
import { closeWhole } from "#test/support/listening.ts";
import { openRaw } from "#test/support/raw-http.ts";

/*
 * A sender that went away in the middle of a body in chunks was answered 500 and told as a fault of Haldane: who opened and
 * dropped connections could fill its log with errors.
 */
test("a sender that goes away in the middle of its body is no fault of Haldane", async () => {
  const { app, bugs, registry } = createFakeApi();
  const server = createApiServer({ fetch: app.fetch, registry: new Registry() });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const { socket } = openRaw(
    port,
    "POST /v1/analyses HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
  );
  const [request] = (await once(server, "request")) as [{ once: (name: "close", done: () => void) => void }];
  const gone = new Promise<void>((resolve) => {
    request.once("close", resolve);
  });
  socket.destroy();
  await gone;
  const seconds = registry.getSingleMetric("haldane_http_request_duration_seconds");
  const statuses = async () => (await seconds?.get())?.values.map(({ labels }) => labels["status"]);
  await expect.poll(statuses).toContain("400");
  expect(bugs).toEqual([]);
  await closeWhole(server);
});
