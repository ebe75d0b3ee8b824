import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { notificationStates, type NotificationRecord } from "#engine/notifying.ts";
import { noticeEvents } from "#model/notice.ts";
import { formatInstant } from "#model/time.ts";
import { analysisIdSchema } from "./analyses.ts";
import { instantSchema } from "./analysis-json.ts";
import type { ApiContext } from "./api-context.ts";
import { anyRoute, changingRoute, problem, problemResponse } from "./problem.ts";
import { strictFields } from "./request-problems.ts";

const notificationSchema = z
  .object({
    id: z.string().describe("The webhook-id that the receiver gets: constant over retries and replays."),
    analysis: z.string(),
    event: z.enum(noticeEvents),
    command: z.string().nullable().describe("The stalled command; null for a verdict."),
    receiver: z.string(),
    state: z.enum(notificationStates),
    tries: z.number().int().describe("Attempts since it was written or last replayed."),
    createdAt: instantSchema,
    nextAt: instantSchema.nullable().describe("The next attempt; null where none is due."),
    deliveredAt: instantSchema.nullable(),
    log: z
      .array(
        z.object({
          at: instantSchema,
          status: z.number().int().nullable().describe("HTTP status; null where there was no answer."),
          error: z.string().nullable().describe("Null where it was delivered."),
        }),
      )
      .describe("Every attempt, oldest first."),
  })
  .openapi("Notification");

const listNotifications = createRoute({
  method: "get",
  path: "/v1/notifications",
  summary: "Who was told what, newest first, with the log of every delivery",
  request: {
    query: strictFields({
      analysis: analysisIdSchema.optional(),
      state: z.enum(notificationStates).optional(),
      limit: z
        .string()
        .regex(/^[1-9]\d{0,5}$/, "must be a whole number from 1")
        .optional()
        .describe("50 if not given; cut to 500."),
    }),
  },
  responses: {
    200: {
      description: "The notifications that fit the filter.",
      content: {
        "application/json": { schema: z.object({ notifications: z.array(notificationSchema) }) },
      },
    },
    ...anyRoute,
  },
});

const replayNotification = createRoute({
  method: "post",
  path: "/v1/notifications/{id}/replay",
  summary: "Send a notification again, now, under the same id",
  description:
    "A receiver that was disabled by a 410 is tried again, and stays enabled if it answers otherwise.",
  request: {
    params: z.object({ id: z.string().min(1).max(128) }),
    body: {
      required: true,
      content: { "application/json": { schema: strictFields({}).openapi("Replay") } },
    },
  },
  responses: {
    200: {
      description: "It is due at once; its log says what became of it.",
      content: { "application/json": { schema: notificationSchema } },
    },
    ...changingRoute,
    404: problemResponse("No such notification."),
    409: problemResponse("Its receiver is not configured any more."),
  },
});

const listedByDefault = 50;

function notificationJson(record: NotificationRecord): z.infer<typeof notificationSchema> {
  return {
    id: record.id,
    analysis: record.told.analysisId,
    event: record.event,
    command: record.subject === "" ? null : record.subject,
    receiver: record.receiver,
    state: record.state,
    tries: record.tries,
    createdAt: formatInstant(record.createdAt),
    nextAt: record.state === "waiting" ? formatInstant(record.nextAt) : null,
    deliveredAt: record.deliveredAt === null ? null : formatInstant(record.deliveredAt),
    log: record.log.map(({ at, status, error }) => ({ at: formatInstant(at), status, error })),
  };
}

/** The delivery log of alerts, and sending one again. */
export function addNotifications(app: OpenAPIHono, { notifying, limits, limitMet }: ApiContext): void {
  app.openapi(listNotifications, (c) => {
    const { analysis, state, limit } = c.req.valid("query");
    const asked = limit === undefined ? listedByDefault : Number(limit);
    if (asked > limits.listed) limitMet("listed");
    const notifications = notifying.list({
      analysis: analysis ?? null,
      state: state ?? null,
      limit: Math.min(asked, limits.listed),
    });
    return c.json({ notifications: notifications.map(notificationJson) }, 200);
  });

  app.openapi(replayNotification, (c) => {
    const replayed = notifying.replay(c.req.valid("param").id);
    if (replayed.ok) return c.json(notificationJson(replayed.value), 200);
    const { error } = replayed;
    return problem(c, error.tag === "notFound" ? "not-found" : "conflict", { detail: error.message });
  });
}
