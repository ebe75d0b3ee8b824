import { z } from "zod";

const reading = z.object({ n: z.number().nullable(), value: z.number().nullable(), unit: z.string() });

const finding = z.object({
  signal: z.string(),
  kind: z.string(),
  operation: z.string(),
  conclusion: z.enum(["worse", "notWorse", "open", "unknown"]),
  why: z.string(),
  canary: reading,
  baseline: reading,
  interval: z.tuple([z.number().nullable(), z.number().nullable()]).nullable(),
  tolerance: z.number().nullable(),
  margin: z.number().nullable(),
  guarded: z.boolean(),
  evidence: z.object({
    harm: z.number().nullable(),
    harmNeeded: z.number().nullable(),
    safe: z.number().nullable(),
    safeNeeded: z.number().nullable(),
  }),
  pattern: z
    .object({
      change: z.string(),
      lines: z.array(z.object({ line: z.string(), traceId: z.string().nullable() })),
    })
    .nullable(),
});
export type ShownFinding = z.output<typeof finding>;

const analysis = z.object({
  id: z.string(),
  state: z.enum(["open", "ended"]),
  phase: z.object({ phase: z.string(), as: z.string().nullable(), why: z.string().nullable() }),
  verdict: z.object({
    word: z.enum(["promote", "rollback", "continue", "inconclusive"]),
    terminal: z.boolean(),
    at: z.string(),
    reasons: z.array(z.object({ code: z.string(), text: z.string() })),
  }),
  action: z.object({ kind: z.string(), text: z.string() }),
  findings: z.array(finding),
});
/** What the demo reads of `GET /v1/analyses/{id}`. */
export type ShownAnalysis = z.output<typeof analysis>;

const opened = z.object({ id: z.string() });
const verdict = z.object({ verdict: z.string(), terminal: z.boolean(), fresh: z.boolean() });

export interface Asked {
  readonly service: string;
  readonly environment: string;
  readonly canary: string;
  readonly baseline: string;
}

export interface HaldaneClient {
  readonly url: string;
  ready(): Promise<boolean>;
  /** Opens an acting analysis and gives its id. */
  open(asked: Asked, idempotencyKey: string): Promise<string>;
  /** Polls the verdict; returns when it changes, at the latest after `waitMs`. */
  verdict(asked: Asked, waitMs: number): Promise<z.output<typeof verdict>>;
  analysis(id: string): Promise<ShownAnalysis>;
  /** Ends an analysis that did not end by itself; the weights go back. */
  abort(id: string, reason: string): Promise<void>;
  /** The last report as it came, for people who ask why. */
  lastReport(): string;
}

/** A caller of Haldane's API as any pipeline could be one: plain HTTP and JSON. Refusals are thrown with Haldane's own words. */
export function createHaldaneClient(url: string): HaldaneClient {
  let last = "";
  const ask = async (path: string, init?: RequestInit): Promise<string> => {
    const response = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(15_000) });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${init?.method ?? "GET"} ${path} was answered ${response.status}: ${text}`);
    return text;
  };
  return {
    url,
    async ready() {
      try {
        await ask("/readyz");
        return true;
      } catch {
        return false;
      }
    },
    async open(asked, idempotencyKey) {
      const text = await ask("/v1/analyses", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": idempotencyKey },
        body: JSON.stringify({ ...asked, mode: "act" }),
      });
      return opened.parse(JSON.parse(text)).id;
    },
    async verdict(asked, waitMs) {
      const query = new URLSearchParams({ ...asked, wait: `${waitMs}ms` });
      return verdict.parse(JSON.parse(await ask(`/v1/verdict?${query.toString()}`)));
    },
    async analysis(id) {
      last = await ask(`/v1/analyses/${encodeURIComponent(id)}`);
      return analysis.parse(JSON.parse(last));
    },
    async abort(id, reason) {
      await ask(`/v1/analyses/${encodeURIComponent(id)}/abort`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ reason }),
      });
    },
    lastReport: () => last,
  };
}
