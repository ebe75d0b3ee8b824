import { createHmac, timingSafeEqual } from "node:crypto";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";

/** A decoded signing key of 24 to 64 bytes. */
export interface SigningKey {
  readonly bytes: Buffer;
}

export interface SignedHeaders {
  readonly "webhook-id": string;
  /** Seconds since the Unix epoch, of the attempt. */
  readonly "webhook-timestamp": string;
  /** One `v1,<base64>` for each key, separated by spaces. */
  readonly "webhook-signature": string;
}

export type SignatureError = "missingHeader" | "badTimestamp" | "tooOld" | "tooNew" | "noMatch";

/** How far the clocks of sender and receiver may lie apart, and how long a captured request can be played again. */
export const toleranceSeconds = 300;

const secretPrefix = "whsec_";
const leastKeyBytes = 24;
const mostKeyBytes = 64;

/** Decodes `whsec_` and base64. The message never contains the secret. */
export function parseSecret(secret: string): Result<SigningKey, { readonly message: string }> {
  const encoded = secret.startsWith(secretPrefix) ? secret.slice(secretPrefix.length) : "";
  const bytes = Buffer.from(encoded, "base64");
  const isBase64 = bytes.toString("base64").replace(/=+$/, "") === encoded.replace(/=+$/, "");
  if (encoded === "" || !isBase64) {
    return err({ message: `a webhook secret is "${secretPrefix}" and base64; this one is not` });
  }
  if (bytes.length < leastKeyBytes || bytes.length > mostKeyBytes) {
    return err({
      message: `a webhook secret holds ${leastKeyBytes} to ${mostKeyBytes} random bytes; this one holds ${bytes.length}`,
    });
  }
  return ok({ bytes });
}

function mac(key: SigningKey, id: string, timestamp: string, body: string): Buffer {
  return createHmac("sha256", key.bytes).update(`${id}.${timestamp}.${body}`).digest();
}

/** Signs one attempt by Standard Webhooks (v1, HMAC-SHA256 over `id.timestamp.body`), once for every key. */
export function signWebhook(
  keys: readonly SigningKey[],
  message: { readonly id: string; readonly at: Instant; readonly body: string },
): SignedHeaders {
  const timestamp = String(Math.floor(message.at / 1000));
  const signatures = keys.map(
    (key) => `v1,${mac(key, message.id, timestamp, message.body).toString("base64")}`,
  );
  return {
    "webhook-id": message.id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signatures.join(" "),
  };
}

/**
 * The receiving side: null where one signature fits one key and the timestamp lies within the tolerance of `now`. `body` is
 * the raw text as received, before any parsing. Every comparison takes the same time whatever the bytes.
 */
export function verifyWebhook(
  keys: readonly SigningKey[],
  headers: Readonly<Record<string, string | string[] | undefined>>,
  message: { readonly body: string; readonly now: Instant },
): SignatureError | null {
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signature = headers["webhook-signature"];
  if (typeof id !== "string" || typeof timestamp !== "string" || typeof signature !== "string") {
    return "missingHeader";
  }
  if (!/^\d{1,12}$/.test(timestamp)) return "badTimestamp";
  const ageSeconds = Math.floor(message.now / 1000) - Number(timestamp);
  if (ageSeconds > toleranceSeconds) return "tooOld";
  if (ageSeconds < -toleranceSeconds) return "tooNew";
  const given = signature
    .split(" ")
    .filter((one) => one.startsWith("v1,"))
    .map((one) => Buffer.from(one.slice(3), "base64"));
  const fits = keys.some((key) => {
    const expected = mac(key, id, timestamp, message.body);
    return given.some((one) => one.length === expected.length && timingSafeEqual(one, expected));
  });
  return fits ? null : "noMatch";
}
