import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { formatInstant } from "#model/time.ts";
import { analysisIdSchema } from "./analyses.ts";
import type { ApiContext } from "./api-context.ts";
import type { CommitEvent } from "./event-feed.ts";
import { anyRoute, problem, problemResponse } from "./problem.ts";
import { strictFields } from "./request-problems.ts";

const reconnectMs = 3000;

const streamEvents = createRoute({
  method: "get",
  path: "/v1/events",
  summary: "An event for each commit of an analysis (server-sent events)",
  description:
    "`commit` carries {analysisId, verdict, phase, at}; `heartbeat` carries {at} at once and then every 15 s. A slow reader gets the newest event of each analysis.",
  request: {
    query: strictFields({
      analysis: analysisIdSchema.optional().describe("One analysis; all if not given."),
    }),
  },
  responses: {
    200: { description: "The stream.", content: { "text/event-stream": { schema: z.string() } } },
    ...anyRoute,
    404: problemResponse("No such analysis."),
    503: problemResponse("As many streams are open as the limit allows."),
  },
});

/** The newest event of each analysis until it is read, and a promise of the next one. */
function createPending(context: Pick<ApiContext, "limits" | "limitMet">) {
  const events = new Map<string, CommitEvent>();
  let wake: () => void = () => undefined;
  return {
    put: (event: CommitEvent): void => {
      events.delete(event.analysisId);
      const oldest = events.keys().next();
      if (events.size >= context.limits.pendingEvents && oldest.done !== true) {
        context.limitMet("pendingEvents");
        events.delete(oldest.value);
      }
      events.set(event.analysisId, event);
      wake();
    },
    take: (): readonly CommitEvent[] => {
      const taken = [...events.values()];
      events.clear();
      return taken;
    },
    isEmpty: (): boolean => events.size === 0,
    /** Resolves at the next event, after a time, or when woken. */
    next: (waitMs: number): Promise<void> =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    wake: (): void => {
      wake();
    },
  };
}

type Pending = ReturnType<typeof createPending>;

async function pump(stream: SSEStreamingApi, pending: Pending, context: ApiContext): Promise<void> {
  const { clock, limits, stopping } = context;
  const beat = (): Promise<void> =>
    stream.writeSSE({
      event: "heartbeat",
      data: JSON.stringify({ at: formatInstant(clock.now()) }),
      retry: reconnectMs,
    });
  const ended = (): boolean => stream.aborted || stopping.aborted;
  await beat();
  while (!ended()) {
    for (const event of pending.take()) {
      await stream.writeSSE({ event: "commit", data: JSON.stringify(event) });
    }
    if (!pending.isEmpty()) continue;
    await pending.next(limits.heartbeatMs);
    if (pending.isEmpty() && !ended()) await beat();
  }
}

export function addEvents(app: OpenAPIHono, context: ApiContext): void {
  const { asking, feed, limitMet, stopping } = context;
  app.openapi(streamEvents, (c) => {
    const analysisId = c.req.valid("query").analysis ?? null;
    if (analysisId !== null && asking.report(analysisId) === null) {
      return problem(c, "not-found", { detail: `There is no analysis "${analysisId}".` });
    }
    if (c.req.raw.method === "HEAD") return c.body(null, 200, { "Content-Type": "text/event-stream" });
    const pending = createPending(context);
    const listening = feed.listen(analysisId, pending.put);
    if (listening === null) {
      limitMet("listeners");
      return problem(c, "limit-met", {
        detail: "As many event streams are open as this Haldane serves; close one, or poll /v1/verdict.",
      });
    }
    return streamSSE(c, async (stream) => {
      stream.onAbort(pending.wake);
      stopping.addEventListener("abort", pending.wake);
      try {
        await pump(stream, pending, context);
      } finally {
        listening.stop();
        stopping.removeEventListener("abort", pending.wake);
      }
    });
  });
}
