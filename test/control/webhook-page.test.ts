import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWebhookController } from "#control/webhook.ts";
import { commandOf, rollbackOf } from "#test/conformance/control-fixtures.ts";
import { value } from "#test/support/result-value.ts";

const root = new URL("../..", import.meta.url);
const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
// Inside the project, so that packages resolve.
const file = fileURLToPath(new URL("node_modules/.cache/haldane-page/receiver.mjs", root));
let server: Server;

beforeAll(async () => {
  const page = readFileSync(new URL("docs/controllers/webhook.md", root), "utf8");
  const example = /^```js\n(.*?)^```/ms.exec(page)?.[1] ?? "";
  expect(example).toContain('}).listen(9000, "127.0.0.1");');
  mkdirSync(new URL("node_modules/.cache/haldane-page", root), { recursive: true });
  writeFileSync(
    file,
    example.replace("createServer(async", "export default createServer(async").replace("9000", "0"),
  );
  process.env["ROUTER_WEBHOOK_SECRET"] = secret;
  const loaded = (await import(pathToFileURL(file).href)) as { default: Server };
  server = loaded.default;
  if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  rmSync(file);
});

test("the receiver of the documentation obeys, reads back, and refuses a lower generation and a wrong signature", async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/weights`;
  const driver = value(createWebhookController({ name: "router", url, secret }));
  const { signal } = new AbortController();
  const target = { service: "shop/checkout", environment: "prod" };
  const none = { canaryWeight: 0, baselineWeight: 100, generation: 0 };
  expect(await driver.read(target, signal)).toStrictEqual({ ok: true, value: none });
  expect((await driver.apply(rollbackOf("c7", 7), signal)).ok).toBe(true);
  expect(await driver.apply(commandOf("c6", 6), signal)).toStrictEqual({
    ok: false,
    error: { tag: "superseded", generation: 7 },
  });
  expect(await driver.read(target, signal)).toStrictEqual({ ok: true, value: { ...none, generation: 7 } });
  expect((await fetch(url)).status).toBe(401);
});
