import { randomUUID } from "node:crypto";
import { Agent, request, type Dispatcher } from "undici";
import { z } from "zod";
import type { Clock, Controller, ControllerError, WeightReading } from "#engine/ports.ts";
import type { Command } from "#model/command.ts";
import { err, ok, type Result } from "#model/result.ts";
import { formatInstant } from "#model/time.ts";
import { createCheckedLookup, refusedHost } from "./egress.ts";
import { parseSecret, signWebhook, type SigningKey } from "./signature.ts";

/** A body stays below this; receivers of Standard Webhooks expect small messages. */
export const maxBodyBytes = 20_000;
/** The sentence that says why is cut to this many characters. */
const maxReasonCharacters = 2000;
const defaultTimeoutMs = 5000;
const defaultReplyLimitBytes = 65_536;

const httpUrl = z.url({ protocol: /^https?$/ });

/** Parameters of the webhook controller; secrets are given resolved. */
export const webhookSchema = z.strictObject({
  name: z.string().min(1),
  url: httpUrl.describe("Where weights are sent."),
  readUrl: httpUrl.optional().describe("Where the weights in force are read; the same as url by default."),
  secret: z
    .union([z.string(), z.array(z.string()).min(1).max(8)])
    .describe("whsec_ and base64; several while secrets are rotated: every one signs."),
  timeoutMs: z.number().int().min(1).max(60_000).default(defaultTimeoutMs),
  allowPrivate: z
    .boolean()
    .default(true)
    .describe("Whether the target may lie in a private network; metadata addresses never may."),
  replyLimitBytes: z.number().int().min(64).max(1_048_576).default(defaultReplyLimitBytes),
});
export type WebhookParameters = z.input<typeof webhookSchema>;

const readingSchema = z.object({
  canaryWeight: z.number().min(0).max(100),
  baselineWeight: z.number().min(0).max(100),
  generation: z.number().int().min(0),
});
const conflictSchema = z.object({ generation: z.number().int() });

interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly location: string | undefined;
  /** Parsed JSON; undefined where the reply was none, or longer than the limit. */
  readonly json: unknown;
}

function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** Reads at most `limit` bytes; a longer or broken reply counts as no JSON, its status still counts. */
async function readJson(body: Dispatcher.ResponseData["body"], limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > limit) {
      body.destroy();
      return undefined;
    }
    chunks.push(bytes);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds or as a date; null where absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

function readingOf(json: unknown): WeightReading | null {
  const parsed = readingSchema.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** What an answer other than 2xx means. */
function refusalOf(reply: Reply, now: number): ControllerError {
  const { status } = reply;
  if (status === 409) {
    const conflict = conflictSchema.safeParse(reply.json);
    if (conflict.success) return { tag: "superseded", generation: conflict.data.generation };
  }
  if (status >= 500 || status === 408 || status === 429) {
    return {
      tag: "unreachable",
      message: `answered ${status}`,
      retryAfterMs: retryAfterMs(reply.retryAfter, now),
    };
  }
  if (status >= 300 && status < 400) {
    const where = reply.location === undefined ? "" : ` to ${reply.location.slice(0, 200)}`;
    return {
      tag: "rejected",
      message: `answered ${status}, a redirect${where}; redirects are not followed, give the final address`,
    };
  }
  return { tag: "rejected", message: `answered ${status}` };
}

/** The body of one command: absolute weights, never a change of weights. */
export function webhookBody(command: Command, at: number): Result<string, ControllerError> {
  const body = JSON.stringify({
    type: "haldane.weights",
    timestamp: formatInstant(at),
    data: {
      service: command.service,
      environment: command.environment,
      canary: command.canary,
      baseline: command.baseline,
      canaryWeight: command.canaryWeight,
      baselineWeight: command.baselineWeight,
      generation: command.generation,
      kind: command.kind,
      reason: command.reason.slice(0, maxReasonCharacters),
      analysisId: command.analysisId,
      idempotencyKey: command.id,
    },
  });
  const length = Buffer.byteLength(body);
  if (length < maxBodyBytes) return ok(body);
  return err({
    tag: "rejected",
    message: `the message is ${length} bytes, ${maxBodyBytes} is the limit: a name in it is too long`,
  });
}

interface Call {
  readonly method: "GET" | "POST";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type Send = (call: Call, signal: AbortSignal) => Promise<Result<Reply, ControllerError>>;

function unreachable(error: unknown): ControllerError {
  const message = error instanceof Error ? error.message : String(error);
  return { tag: "unreachable", message, retryAfterMs: null };
}

function createSend(settings: z.output<typeof webhookSchema>): Send {
  const agent = new Agent({
    connect: { lookup: createCheckedLookup(settings.allowPrivate), timeout: settings.timeoutMs },
    headersTimeout: settings.timeoutMs,
    bodyTimeout: settings.timeoutMs,
  });
  return async (call, signal) => {
    const refused = refusedHost(call.url, settings.allowPrivate);
    if (refused !== null) return err({ tag: "rejected", message: refused });
    try {
      const response = await request(call.url, {
        method: call.method,
        headers: call.headers,
        ...(call.method === "GET" ? {} : { body: call.body }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)]),
        dispatcher: agent,
      });
      return ok({
        status: response.statusCode,
        retryAfter: headerOf(response.headers["retry-after"]),
        location: headerOf(response.headers["location"]),
        json: await readJson(response.body, settings.replyLimitBytes),
      });
    } catch (error) {
      return err(unreachable(error));
    }
  };
}

/** What a receiver that keeps no readable state answers to a read. */
const notReadable: readonly number[] = [404, 405, 501];

function createRead(
  settings: z.output<typeof webhookSchema>,
  keys: readonly SigningKey[],
  tools: Tools,
): Controller["read"] {
  return async (target, signal) => {
    const url = new URL(settings.readUrl ?? settings.url);
    url.searchParams.set("service", target.service);
    url.searchParams.set("environment", target.environment);
    const at = tools.clock.now();
    const headers = { ...signWebhook(keys, { id: `read_${randomUUID()}`, at, body: "" }) };
    const sent = await tools.send({ method: "GET", url, headers, body: "" }, signal);
    if (!sent.ok) return sent;
    const { status, json } = sent.value;
    if (notReadable.includes(status)) return ok(null);
    if (status < 200 || status > 299) return err(refusalOf(sent.value, at));
    const reading = readingOf(json);
    if (reading !== null) return ok(reading);
    return err({
      tag: "rejected",
      message: "the read-back is not {canaryWeight, baselineWeight, generation}",
    });
  };
}

interface Tools {
  readonly send: Send;
  readonly clock: Clock;
}

function createApply(
  settings: z.output<typeof webhookSchema>,
  keys: readonly SigningKey[],
  tools: Tools,
): Controller["apply"] {
  return async (command, signal) => {
    const at = tools.clock.now();
    const body = webhookBody(command, at);
    if (!body.ok) return body;
    const headers = {
      ...signWebhook(keys, { id: command.id, at, body: body.value }),
      "content-type": "application/json",
      "idempotency-key": command.id,
      "user-agent": "haldane",
    };
    const call: Call = { method: "POST", url: new URL(settings.url), headers, body: body.value };
    const sent = await tools.send(call, signal);
    if (!sent.ok) return sent;
    if (sent.value.status < 200 || sent.value.status > 299) return err(refusalOf(sent.value, at));
    return ok(readingOf(sent.value.json));
  };
}

/**
 * Any receiver that takes signed weights over HTTP (docs/controllers/webhook.md). Signed by Standard Webhooks; the command's id
 * is `webhook-id` and `Idempotency-Key` and stays the same over retries. Only 2xx is success, redirects are not followed.
 */
export function createWebhookController(
  parameters: WebhookParameters,
  clock: Clock = { now: () => Date.now() },
): Result<Controller, { readonly message: string }> {
  const parsed = webhookSchema.safeParse(parameters);
  if (!parsed.success) return err({ message: z.prettifyError(parsed.error) });
  const settings = parsed.data;
  const keys: SigningKey[] = [];
  for (const secret of [settings.secret].flat()) {
    const key = parseSecret(secret);
    if (!key.ok) return err({ message: `controller ${settings.name}: ${key.error.message}` });
    keys.push(key.value);
  }
  const tools = { send: createSend(settings), clock };
  return ok({
    name: settings.name,
    apply: createApply(settings, keys, tools),
    read: createRead(settings, keys, tools),
  });
}
