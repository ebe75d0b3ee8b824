import type { LookupFunction } from "node:net";
import { Agent, request, type Dispatcher } from "undici";
import type { ChannelError } from "#engine/notifying.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";

/** Bytes of a reply that are read; the rest is dropped. */
const replyLimitBytes = 16_384;
/** Characters of a refusal's reply that go into the delivery log. */
const replyShown = 200;

/** Which addresses may be called; the connection goes to the address that was checked. */
export interface Egress {
  readonly lookup: LookupFunction;
  /** Why the host of this URL may not be called, or null. */
  readonly refusedHost: (url: URL) => string | null;
}

export interface Posting {
  readonly url: URL;
  readonly timeoutMs: number;
  readonly egress: Egress;
  readonly now: () => Instant;
}

export type Post = (
  body: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
) => Promise<Result<{ readonly status: number }, ChannelError>>;

function failed(status: number | null, message: string, retryAfterMs: number | null = null): ChannelError {
  return { tag: "failed", status, message, retryAfterMs };
}

/** `Retry-After` in seconds or as a date; null where absent or unreadable. */
export function retryAfterMs(header: string | string[] | undefined, now: Instant): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}

/** The beginning of a reply on one line; "" where it cannot be read. */
async function beginningOf(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk as Uint8Array);
      chunks.push(bytes);
      length += bytes.length;
      if (length > replyLimitBytes) break;
    }
  } catch {
    // The status came and decides; what was read of the reply is shown.
  }
  const text = Buffer.concat(chunks).toString("utf8").slice(0, replyShown);
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

/** What an answer means: only 2xx is delivered, 410 ends it, redirects are not followed, all else is tried again. */
function meaningOf(
  response: Dispatcher.ResponseData,
  reply: string,
  now: Instant,
): Result<{ readonly status: number }, ChannelError> {
  const { statusCode: status, headers } = response;
  if (status >= 200 && status < 300) return ok({ status });
  if (status === 410) return err({ tag: "gone", message: "answered 410: it wants no more messages" });
  const shown = reply === "" ? "" : `: ${reply}`;
  if (status >= 300 && status < 400) {
    return err(
      failed(status, `answered ${status}, a redirect; redirects are not followed, give the final address`),
    );
  }
  return err(failed(status, `answered ${status}${shown}`, retryAfterMs(headers["retry-after"], now)));
}

/** Posts JSON to one address. Messages of errors hold the host at most, since the path may be a secret. */
export function createPost({ url, timeoutMs, egress, now }: Posting): Post {
  const agent = new Agent({
    connect: { lookup: egress.lookup, timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  return async (body, headers, signal) => {
    const refused = egress.refusedHost(url);
    if (refused !== null) return err(failed(null, refused));
    try {
      const response = await request(url, {
        method: "POST",
        headers: { ...headers, "content-type": "application/json", "user-agent": "haldane" },
        body,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        dispatcher: agent,
      });
      return meaningOf(response, await beginningOf(response.body), now());
    } catch (error) {
      return err(failed(null, error instanceof Error ? error.message : String(error)));
    }
  };
}

/** The address of a receiver. The message does not repeat it, since it may be a secret. */
export function parseAddress(text: string): Result<URL, { readonly message: string }> {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && (url.protocol === "https:" || url.protocol === "http:")
    ? ok(url)
    : err({ message: "url is no address of the form https://host/path" });
}
