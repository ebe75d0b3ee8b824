import type { IncomingMessage, ServerResponse } from "node:http";
import { Webhook, WebhookVerificationError } from "standardwebhooks";
import { applyWeights, type Weights, weightsEvent } from "./weights.ts";

const bodyLimitBytes = 20_480;

/** The state that a weights request reads and sets. */
export interface WeightsRim {
  readonly secret: string;
  inForce(): Weights;
  serving(): ReadonlySet<string>;
  set(weights: Weights): void;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/**
 * The receiving end of Haldane's webhook controller. GET reads back; POST is verified by Standard Webhooks, then applied:
 * 200 with the weights in force, 401 for a signature that does not fit, 409 with the generation in force for a stale command.
 */
export async function receiveWeights(
  request: IncomingMessage,
  response: ServerResponse,
  rim: WeightsRim,
): Promise<void> {
  const reply = request.method === "POST" ? await post(request, rim) : get(request, rim);
  const text = JSON.stringify(reply.body);
  response.writeHead(reply.status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
  });
  response.end(text);
}

function get(request: IncomingMessage, rim: WeightsRim): Reply {
  if (request.method !== "GET")
    return { status: 405, body: { error: "GET reads the weights, POST sets them" } };
  return { status: 200, body: rim.inForce() };
}

async function post(request: IncomingMessage, rim: WeightsRim): Promise<Reply> {
  const body = await readBody(request);
  if (body === null) return { status: 413, body: { error: `a command has ${bodyLimitBytes} bytes at most` } };
  try {
    new Webhook(rim.secret).verify(body, signatureHeaders(request), { jsonParse: false });
  } catch (failure) {
    if (!(failure instanceof WebhookVerificationError)) throw failure;
    return { status: 401, body: { error: failure.message } };
  }
  const event = weightsEvent.safeParse(parseJson(body));
  if (!event.success) return { status: 400, body: { error: event.error.message } };
  const outcome = applyWeights(rim.inForce(), event.data.data, rim.serving());
  switch (outcome.tag) {
    case "applied":
      rim.set(outcome.weights);
      return { status: 200, body: outcome.weights };
    case "stale":
      return { status: 409, body: { generation: outcome.generation } };
    case "absurd":
      return { status: 422, body: { error: outcome.message } };
  }
}

function signatureHeaders(request: IncomingMessage): Record<string, string> {
  const one = (name: string): string => {
    const value = request.headers[name];
    return typeof value === "string" ? value : "";
  };
  return {
    "webhook-id": one("webhook-id"),
    "webhook-timestamp": one("webhook-timestamp"),
    "webhook-signature": one("webhook-signature"),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > bodyLimitBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
