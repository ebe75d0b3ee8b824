import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { controllerCatalog } from "#control/catalog.ts";
import {
  createWebhookController,
  retryAfterMs,
  webhookBody,
  type WebhookParameters,
} from "#control/webhook.ts";
import { commandOf } from "#test/conformance/control-fixtures.ts";
import { startFakeRouter, type FakeRouter } from "#test/support/fake-router.ts";
import { value } from "#test/support/result-value.ts";

const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const target = { service: "shop/checkout", environment: "prod" };
const never = new AbortController().signal;
let router: FakeRouter;
beforeEach(async () => {
  router = await startFakeRouter(secret);
});
afterEach(() => router.stop());

function controller(changes: Partial<WebhookParameters> = {}) {
  return value(controllerCatalog.webhook.create({ name: "router", url: router.url, secret, ...changes }));
}

describe("webhook controller", () => {
  test("weights arrive signed, with the command's id as webhook-id and Idempotency-Key, and are read back", async () => {
    const driver = controller();
    const reading = { canaryWeight: 25, baselineWeight: 75, generation: 7 };
    expect(await driver.apply(commandOf("c1", 7), never)).toStrictEqual({ ok: true, value: reading });
    expect(await driver.read(target, never)).toStrictEqual({ ok: true, value: reading });
    expect(router.badSignatures()).toBe(0);
    expect(router.received[0]).toMatchObject({ id: "c1", idempotencyKey: "c1" });
    expect(JSON.parse(router.received[0]!.body)).toMatchObject({
      type: "haldane.weights",
      data: {
        ...{ service: "shop/checkout", environment: "prod", canary: "1.1.0", baseline: "1.0.0" },
        ...{ canaryWeight: 25, baselineWeight: 75, generation: 7, kind: "step", reason: "the first step" },
        ...{ analysisId: "a1", idempotencyKey: "c1" },
      },
    });
  });

  test("setting what is set succeeds, a lower generation is superseded", async () => {
    const driver = controller();
    await driver.apply(commandOf("c7", 7), never);
    expect((await driver.apply(commandOf("c7", 7), never)).ok).toBe(true);
    expect(await driver.apply(commandOf("c6", 6), never)).toStrictEqual({
      ok: false,
      error: { tag: "superseded", generation: 7 },
    });
  });

  test.each([
    [200, "ok"],
    [204, "ok"],
    [301, "rejected"],
    [307, "rejected"],
    [400, "rejected"],
    [404, "rejected"],
    [408, "unreachable"],
    [409, "rejected"],
    [410, "rejected"],
    [429, "unreachable"],
    [500, "unreachable"],
    [503, "unreachable"],
  ])("an answer of %i is %s", async (status, meaning) => {
    router.faults.refuse = { status, headers: { location: router.url } };
    const result = await controller().apply(commandOf("c1", 1), never);
    expect(result.ok ? "ok" : result.error.tag).toBe(meaning);
    expect(router.received).toHaveLength(1);
  });

  test("Retry-After is passed on, in seconds or as a date", async () => {
    router.faults.refuse = { status: 503, headers: { "retry-after": "7" } };
    expect(await controller().apply(commandOf("c1", 1), never)).toMatchObject({
      error: { retryAfterMs: 7000 },
    });
    expect(retryAfterMs("Wed, 21 Oct 2015 07:28:00 GMT", Date.UTC(2015, 9, 21, 7, 27))).toBe(60_000);
    expect(retryAfterMs("soon", 0)).toBeNull();
  });

  test("no answer within the time-out, an abort and a refused connection are unreachable", async () => {
    router.faults.hangFor.add("shop/checkout");
    expect(await controller({ timeoutMs: 50 }).apply(commandOf("c1", 1), never)).toMatchObject({
      error: { tag: "unreachable" },
    });
    const abort = AbortSignal.timeout(20);
    expect(await controller().apply(commandOf("c1", 1), abort)).toMatchObject({
      error: { tag: "unreachable" },
    });
    await router.stop();
    expect(await controller().read(target, never)).toMatchObject({ error: { tag: "unreachable" } });
  });

  test("a receiver that cannot be read says so by 404; an answer without weights is refused", async () => {
    router.faults.unreadable = true;
    expect(await controller().read(target, never)).toStrictEqual({ ok: true, value: null });
    router.faults.unreadable = false;
    router.faults.lie = { canaryWeight: 400, baselineWeight: 0, generation: 1 };
    expect(await controller().read(target, never)).toMatchObject({ error: { tag: "rejected" } });
  });

  test("a reply longer than the limit is not read, its status still counts", async () => {
    router.faults.refuse = { status: 200, body: { padding: "x".repeat(5000), canaryWeight: 1 } };
    const driver = controller({ replyLimitBytes: 1000 });
    expect(await driver.apply(commandOf("c1", 1), never)).toStrictEqual({ ok: true, value: null });
  });

  test("another secret is not accepted; of two secrets in rotation the router's own verifies", async () => {
    const wrong = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
    expect(await controller({ secret: wrong }).apply(commandOf("c1", 1), never)).toMatchObject({
      error: { tag: "rejected", message: "answered 401" },
    });
    expect((await controller({ secret: [wrong, secret] }).apply(commandOf("c1", 1), never)).ok).toBe(true);
  });

  test("a private target is refused where the parameters say so, by address and by name", async () => {
    const byAddress = controller({ allowPrivate: false });
    expect(await byAddress.apply(commandOf("c1", 1), never)).toMatchObject({ error: { tag: "rejected" } });
    const byName = controller({ allowPrivate: false, url: router.url.replace("127.0.0.1", "localhost") });
    const result = await byName.apply(commandOf("c1", 1), never);
    expect(result.ok ? "" : result.error).toMatchObject({
      message: expect.stringContaining("private") as string,
    });
    expect(router.received).toHaveLength(0);
  });

  test("the body stays below 20 KB: a long reason is cut, an absurd name is refused", () => {
    const long = webhookBody(commandOf("c1", 1, { reason: "é".repeat(100_000) }), 0);
    expect(long.ok && Buffer.byteLength(long.value) < 20_000).toBe(true);
    expect(webhookBody(commandOf("c1", 1, { service: "s".repeat(30_000) }), 0)).toMatchObject({
      error: { tag: "rejected" },
    });
  });

  test("bad parameters are refused with the name of the field", () => {
    expect(createWebhookController({ name: "router", url: "ftp://x", secret })).toMatchObject({
      error: { message: expect.stringContaining("url") as string },
    });
    expect(createWebhookController({ name: "router", url: router.url, secret: "plain" })).toMatchObject({
      error: { message: expect.stringContaining("controller router") as string },
    });
  });
});
