import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { parseSecret, signWebhook, verifyWebhook } from "#control/signature.ts";
import { value } from "#test/support/result-value.ts";

// The published example of the Standard Webhooks specification.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const at = 1_614_265_330_000;
const body = '{"test": 2432232314}';
const key = value(parseSecret(secret));
const other = value(parseSecret(`whsec_${Buffer.alloc(32, 7).toString("base64")}`));
const headers = { ...signWebhook([key], { id, at, body }) };

describe("Standard Webhooks signature", () => {
  test("the published example gives the published signature", () => {
    expect(headers).toStrictEqual({
      "webhook-id": id,
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    });
  });

  test("the public package accepts what is signed here, and the other way round", () => {
    const now = Date.now();
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.uint8Array({ minLength: 24, maxLength: 64 }),
        (text, bytes) => {
          const own = `whsec_${Buffer.from(bytes).toString("base64")}`;
          const keys = [value(parseSecret(own))];
          const signed = { ...signWebhook(keys, { id, at: now, body: text }) };
          new Webhook(own).verify(text, signed, { jsonParse: false });
          const theirs = new Webhook(own).sign(id, new Date(now), text);
          const given = { ...signed, "webhook-signature": theirs };
          expect(verifyWebhook(keys, given, { body: text, now })).toBeNull();
        },
      ),
    );
  });

  test("while secrets are rotated either of the two verifies", () => {
    const both = { ...signWebhook([other, key], { id, at, body }) };
    expect(verifyWebhook([key], both, { body, now: at })).toBeNull();
    expect(verifyWebhook([other], both, { body, now: at })).toBeNull();
    expect(verifyWebhook([other], headers, { body, now: at })).toBe("noMatch");
  });

  test("a changed body, id or time, a missing header and an old or future message are refused", () => {
    const verify = (changed: Record<string, string | undefined>, text = body, now = at) =>
      verifyWebhook([key], { ...headers, ...changed }, { body: text, now });
    expect(verify({})).toBeNull();
    expect(verify({}, `${body} `)).toBe("noMatch");
    expect(verify({ "webhook-id": "another" })).toBe("noMatch");
    expect(verify({ "webhook-timestamp": "1614265331" })).toBe("noMatch");
    expect(verify({ "webhook-timestamp": "soon" })).toBe("badTimestamp");
    expect(verify({ "webhook-signature": undefined })).toBe("missingHeader");
    expect(verify({ "webhook-signature": "v1,AAAA v2,x" })).toBe("noMatch");
    expect(verify({}, body, at + 300_000)).toBeNull();
    expect(verify({}, body, at + 301_000)).toBe("tooOld");
    expect(verify({}, body, at - 301_000)).toBe("tooNew");
  });

  test("a secret without prefix, of odd letters or too short is refused, and never repeated in the message", () => {
    for (const bad of ["hunter2-hunter2", "whsec_", "whsec_!!!!", "whsec_c2hvcnQ="]) {
      const parsed = parseSecret(bad);
      expect(parsed.ok ? "accepted" : parsed.error.message).toMatch(/^a webhook secret/);
      expect(parsed.ok ? "" : parsed.error.message).not.toContain(bad === "whsec_" ? "\0" : bad);
    }
  });
});
