import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Webhook } from "standardwebhooks";
import type { ReceiverConfiguration } from "#engine/configuration.ts";
import type { Channel, ChannelMessage } from "#engine/notifying.ts";
import type { Told } from "#model/notice.ts";
import { slackBody } from "#notify/slack.ts";
import { maxBodyBytes, webhookBody } from "#notify/webhook.ts";
import { createChannels } from "#src/channels.ts";
import { toldOf } from "#test/conformance/notification-store.ts";
import { startFakeReceiver, type FakeReceiver } from "#test/support/fake-receiver.ts";
import { value } from "#test/support/result-value.ts";

const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const never = new AbortController().signal;
const url = "https://haldane.example/analyses/a1";
const allEvents: ReceiverConfiguration["events"] = ["promote", "rollback", "inconclusive", "stalled"];
const clock = { now: () => Date.now() };
let receiver: FakeReceiver;
beforeEach(async () => {
  receiver = await startFakeReceiver();
});
afterEach(() => receiver.stop());

function messageOf(changes: Partial<ChannelMessage> = {}): ChannelMessage {
  return { id: "msg_1", event: "rollback", told: toldOf("a1"), url, ...changes };
}

function channel(kind: "webhook" | "slack", timeout = 2000, address = receiver.url): Channel {
  const reference = { env: "X" };
  const shared = { name: "ops", events: allEvents, timeout };
  const configured: ReceiverConfiguration =
    kind === "slack"
      ? { kind, url: reference, ...shared }
      : { kind, url: reference, secret: reference, ...shared };
  const secrets = new Map([["ops", { url: address, secret }]]);
  return value(createChannels([configured], secrets, clock)).get("ops")!;
}

const many: Told = toldOf("a1", {
  reasons: Array.from({ length: 50 }, () => ({ code: "harm" as const, text: "é".repeat(5000) })),
  worse: Array.from({ length: 10 }, () => ({ ...toldOf("a1").worse[0]!, why: "\u0001".repeat(5000) })),
  service: "s".repeat(10_000),
});

describe("webhook channel", () => {
  test("a rollback arrives signed, verifies with the public package, and holds the essentials", async () => {
    expect(await channel("webhook").send(messageOf(), never)).toStrictEqual({
      ok: true,
      value: { status: 200 },
    });
    const { headers, body } = receiver.received[0]!;
    expect(headers["webhook-id"]).toBe("msg_1");
    expect(headers["content-type"]).toBe("application/json");
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(verified).toMatchObject({
      type: "haldane.verdict.rollback",
      timestamp: "2023-11-14T22:13:20.001Z",
      data: {
        ...{ id: "a1", service: "shop/checkout", environment: "prod", canary: "1.1.0", baseline: "1.0.0" },
        ...{ verdict: "rollback", mode: "act", attempt: 1, url, findingsLeftOut: 0, command: null },
        action: { kind: "rollback", text: "all traffic goes back to the baseline" },
        reasons: [{ code: "harm", text: "errors in 10 % of requests against 0.1 %" }],
        findings: [{ signal: "errors", operation: "POST /pay", effect: 100, interval: [60, null] }],
      },
    });
    const other = new Webhook(`whsec_${Buffer.alloc(32, 4).toString("base64")}`);
    expect(() => other.verify(body, headers as Record<string, string>)).toThrow("No matching signature");
  });

  test("every attempt has the same id and the same text", async () => {
    const ops = channel("webhook");
    await ops.send(messageOf(), never);
    await ops.send(messageOf(), never);
    const [first, second] = receiver.received;
    expect(second?.body).toBe(first?.body);
    expect(second?.headers["webhook-id"]).toBe(first?.headers["webhook-id"]);
  });

  test("a stalled command has its own type and says which", () => {
    const stalled = { controller: "router", kind: "rollback" as const, canaryWeight: 0, attempts: 7 };
    const told = toldOf("a1", { stalled: { ...stalled, lastError: "answered 503" } });
    expect(JSON.parse(webhookBody(messageOf({ event: "stalled", told })))).toMatchObject({
      type: "haldane.command.stalled",
      data: { command: { ...stalled, lastError: "answered 503" } },
    });
  });

  test("the body stays below 20 KB whatever the names and sentences, and says what it leaves out", () => {
    const body = webhookBody(messageOf({ told: many }));
    expect(Buffer.byteLength(body)).toBeLessThan(maxBodyBytes);
    const { data } = JSON.parse(body) as { data: { findings: unknown[]; findingsLeftOut: number } };
    expect(data.findings.length + data.findingsLeftOut).toBe(10);
    expect(data.findingsLeftOut).toBeGreaterThan(0);
  });

  test.each([
    [301, "failed"],
    [400, "failed"],
    [404, "failed"],
    [410, "gone"],
    [429, "failed"],
    [500, "failed"],
  ])("an answer of %i is %s and is not followed", async (status, tag) => {
    receiver.answer = { status, headers: { location: receiver.url, "retry-after": "7" }, body: "why" };
    const sent = await channel("webhook").send(messageOf(), never);
    expect(sent).toMatchObject({ ok: false, error: { tag } });
    if (status === 429) expect(sent).toMatchObject({ error: { status, retryAfterMs: 7000 } });
    expect(receiver.received).toHaveLength(1);
  });

  test("no answer in time and a refused connection are failures that do not tell the address", async () => {
    receiver.answer = "hang";
    const hung = await channel("webhook", 100).send(messageOf(), never);
    await receiver.stop();
    const refused = await channel("webhook").send(messageOf(), never);
    for (const sent of [hung, refused]) {
      expect(sent).toMatchObject({ ok: false, error: { tag: "failed", status: null } });
      expect(JSON.stringify(sent)).not.toContain("secret-path");
    }
    receiver = await startFakeReceiver();
  });

  test("an address that hands out a machine's credentials is never called", async () => {
    const sent = await channel("webhook", 500, "http://169.254.169.254/latest").send(messageOf(), never);
    expect(sent).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("metadata") as string },
    });
  });

  test("a secret or an address that is none is refused at the start, by the receiver's name", () => {
    const configured: ReceiverConfiguration = {
      ...{ kind: "webhook", name: "ops", url: { env: "X" }, secret: { env: "X" } },
      ...{ events: allEvents, timeout: 1000 },
    };
    const create = (given: { url: string; secret: string }) =>
      createChannels([configured], new Map([["ops", given]]), clock);
    expect(create({ url: receiver.url, secret: "abc" })).toMatchObject({
      error: { message: expect.stringMatching(/^receiver ops: a webhook secret is/) as string },
    });
    expect(create({ url: "hooks/T0/SECRET", secret })).toStrictEqual({
      ok: false,
      error: { message: "receiver ops: url is no address of the form https://host/path" },
    });
  });
});

describe("slack channel", () => {
  test("the text says verdict, service, why and where more is, in that order and shortly", async () => {
    await channel("slack").send(messageOf(), never);
    const body = JSON.parse(receiver.received[0]!.body) as ReturnType<typeof slackBody>;
    expect(body.text).toBe(
      `Rollback: shop/checkout 1.1.0 in prod. Errors in 10 % of requests against 0.1 %. All traffic goes back to the baseline. ${url}`,
    );
    expect(body.blocks[0]?.text.text.split("\n")).toStrictEqual([
      "*Rollback: shop/checkout 1.1.0 in prod* against 1.0.0",
      "Errors in 10 % of requests against 0.1 %. All traffic goes back to the baseline.",
      `<${url}|Evidence>`,
    ]);
    expect(receiver.received[0]?.headers["webhook-signature"]).toBeUndefined();
  });

  test("names cannot write markup, and nothing grows beyond what Slack takes", () => {
    const told = {
      ...many,
      canary: "<!channel>",
      reasons: [{ code: "harm" as const, text: "a < b & c > d" }],
    };
    const { text, blocks } = slackBody(messageOf({ told }));
    expect(text).toContain("&lt;!channel&gt;");
    expect(text).toContain("A &lt; b &amp; c &gt; d.");
    expect(slackBody(messageOf({ told: many })).text).toContain("(and 49 more)");
    expect(blocks[0]!.text.text.length).toBeLessThan(3000);
    const amps = { service: "&".repeat(999), action: { kind: "hold" as const, text: "&".repeat(9999) } };
    const worst = slackBody(messageOf({ told: { ...many, ...amps, canary: "&".repeat(999) } }));
    expect(worst.blocks[0]!.text.text.length).toBeLessThan(3000);
  });

  test("a command that is not in force says which, for how many attempts, and that it goes on", () => {
    const stalled = {
      ...{ controller: "router", kind: "rollback" as const, canaryWeight: 0 },
      ...{ attempts: 7, lastError: "answered 503" },
    };
    const { text } = slackBody(messageOf({ event: "stalled", told: toldOf("a1", { stalled }) }));
    expect(text).toBe(
      `Not in force: rollback of shop/checkout 1.1.0 in prod. Controller router has not confirmed 0 % for the canary after 7 attempts (last: answered 503); still trying. ${url}`,
    );
  });

  test("the refusal that Slack words itself is kept for the log", async () => {
    receiver.answer = { status: 404, body: "no_service" };
    expect(await channel("slack").send(messageOf(), never)).toMatchObject({
      error: { status: 404, message: "answered 404: no_service" },
    });
  });
});
