import type { Channel, ChannelMessage } from "#engine/notifying.ts";
import type { Told } from "#model/notice.ts";
import { ok, type Result } from "#model/result.ts";
import { formatInstant, type Instant } from "#model/time.ts";
import { createPost, parseAddress, type Egress } from "./post.ts";
import { targetOf } from "./target.ts";

/** A body stays below this; receivers of Standard Webhooks expect small messages. */
export const maxBodyBytes = 20_000;
/** Characters of one sentence and of one name, and reasons of one verdict. */
const sentenceMost = 500;
const nameMost = 256;
const reasonsMost = 10;

/** Headers that prove who sent a message: Standard Webhooks over id, time of the attempt and body. */
export type Sign = (message: {
  readonly id: string;
  readonly at: Instant;
  readonly body: string;
}) => Readonly<Record<string, string>>;

export interface WebhookParameters {
  readonly name: string;
  readonly url: string;
  readonly timeoutMs: number;
  readonly sign: Sign;
  readonly egress: Egress;
  readonly now: () => Instant;
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function dataOf(told: Told, url: string, worse: number): Record<string, unknown> {
  const { stalled } = told;
  return {
    id: told.analysisId,
    service: cut(told.service, nameMost),
    environment: cut(told.environment, nameMost),
    canary: cut(told.canary, nameMost),
    baseline: cut(told.baseline, nameMost),
    attempt: told.attempt,
    mode: told.mode,
    verdict: told.verdict,
    action: { kind: told.action.kind, text: cut(told.action.text, sentenceMost) },
    reasons: told.reasons
      .slice(0, reasonsMost)
      .map(({ code, text }) => ({ code, text: cut(text, sentenceMost) })),
    url,
    findings: told.worse.slice(0, worse).map((one) => ({
      ...one,
      signal: cut(one.signal, nameMost),
      operation: cut(one.operation, nameMost),
      why: cut(one.why, sentenceMost),
      unit: cut(one.unit, nameMost),
    })),
    findingsLeftOut: Math.max(0, told.worse.length - worse),
    command:
      stalled === null
        ? null
        : { ...stalled, lastError: stalled.lastError === null ? null : cut(stalled.lastError, sentenceMost) },
  };
}

/** `haldane.verdict.<word>` or `haldane.command.stalled`, with the essentials of the report; the same text for every attempt. */
export function webhookBody({ event, told, url }: ChannelMessage): string {
  const type = event === "stalled" ? "haldane.command.stalled" : `haldane.verdict.${event}`;
  const write = (worse: number): string =>
    JSON.stringify({ type, timestamp: formatInstant(told.at), data: dataOf(told, url, worse) });
  // What does not fit is left to the page: the findings that come last first.
  for (let worse = told.worse.length; worse > 0; worse -= 1) {
    const body = write(worse);
    if (Buffer.byteLength(body) < maxBodyBytes) return body;
  }
  return write(0);
}

/** Any receiver of Standard Webhooks: signed, `webhook-id` constant over retries, only 2xx is success (docs/alerts.md). */
export function createWebhookChannel(
  parameters: WebhookParameters,
): Result<Channel, { readonly message: string }> {
  const { name, timeoutMs, sign, egress, now } = parameters;
  const url = parseAddress(parameters.url);
  if (!url.ok) return url;
  const post = createPost({ url: url.value, timeoutMs, egress, now });
  return ok({
    name,
    target: targetOf(parameters.url),
    send: (message, signal) => {
      const body = webhookBody(message);
      return post(body, sign({ id: message.id, at: now(), body }), signal);
    },
  });
}
