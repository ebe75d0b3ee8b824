import { Agent, request } from "undici";
import { err, ok, type Result } from "#model/result.ts";

/** Bytes of one answer; a larger one is refused rather than held. */
export const answerBytes = 67_108_864;
const answerTimeoutMs = 10_000;

/** A running server as the command line asks it. */
export interface Server {
  /** The JSON at a path, or one line that says why there is none. */
  get(path: string): Promise<Result<unknown, string>>;
  close(): Promise<void>;
}

function refusalOf(status: number, body: unknown): string {
  const detail =
    typeof body === "object" && body !== null && "detail" in body ? String(body.detail) : "no reason given";
  const hint = status === 401 ? " (--token or HALDANE_TOKEN)" : "";
  return `the server answered ${status}: ${detail}${hint}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Opens a way to a server; nothing is sent before the first `get`. Refuses an address that is none. */
export function openServer(url: string, token: string | null): Result<Server, string> {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    return err(`"${url}" is no address; write one such as http://127.0.0.1:8080`);
  }
  const agent = new Agent({ maxResponseSize: answerBytes, connect: { timeout: answerTimeoutMs } });
  const headers = {
    accept: "application/json",
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  return ok({
    async get(path) {
      try {
        const answer = await request(new URL(path, url), {
          dispatcher: agent,
          headers,
          headersTimeout: answerTimeoutMs,
          bodyTimeout: answerTimeoutMs,
        });
        const body = parse(await answer.body.text());
        if (answer.statusCode !== 200) return err(refusalOf(answer.statusCode, body));
        return body === null ? err("the server answered with something that is not JSON") : ok(body);
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
        return err(`no answer from ${url}${code}; is haldane serve running there?`);
      }
    },
    close: () => agent.close(),
  });
}
