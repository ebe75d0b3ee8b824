import { z } from "@hono/zod-openapi";
import type { Context, TypedResponse } from "hono";

/** The kinds of refusal, each with its stable type URI `/problems/<kind>` (RFC 9457). */
const kinds = {
  "invalid-request": { status: 400, title: "The request is not valid" },
  unauthorized: { status: 401, title: "A token is needed" },
  "read-only": { status: 403, title: "Changes are refused here" },
  "not-found": { status: 404, title: "There is no such thing" },
  "method-not-allowed": { status: 405, title: "The method does not fit this path" },
  "too-slow": { status: 408, title: "The request did not come in time" },
  conflict: { status: 409, title: "The state does not allow this" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "The body must be JSON" },
  "not-possible": { status: 422, title: "The request is well formed and cannot be done" },
  "headers-too-large": { status: 431, title: "The headers are too large" },
  "internal-error": { status: 500, title: "Haldane failed" },
  "limit-met": { status: 503, title: "A limit is met" },
} as const;

export type ProblemKind = keyof typeof kinds;
type StatusOf<K extends ProblemKind> = (typeof kinds)[K]["status"];

export const problemSchema = z
  .object({
    type: z.string().describe("Stable, relative URI of the kind of problem."),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe("One line: what is wrong here and what helps."),
    instance: z.string().describe("The path that was asked for."),
    errors: z
      .array(z.object({ field: z.string(), problem: z.string(), fix: z.string() }))
      .optional()
      .describe("Each field at fault."),
    analysis: z.string().optional().describe("The analysis in the way, where there is one."),
  })
  .openapi("Problem");
export type Problem = z.infer<typeof problemSchema>;

type About = Pick<Problem, "detail" | "errors" | "analysis">;

/** Headers of every problem. */
export const problemHeaders = {
  "Content-Type": "application/problem+json",
  "Cache-Control": "no-store",
} as const;

/** The body of a refusal of what was asked at a path. `detail` is one line, since some callers show it raw. */
export function problemBody(kind: ProblemKind, about: About, path: string): Problem {
  const { status, title } = kinds[kind];
  const detail = about.detail.replace(/\s+/g, " ").trim();
  return { ...about, type: `/problems/${kind}`, title, status, detail, instance: path };
}

/** The one way in which a route says no: `application/problem+json` (RFC 9457). */
export function problem<K extends ProblemKind>(
  c: Context,
  kind: K,
  about: About,
): Response & TypedResponse<Problem, StatusOf<K>, "json"> {
  return c.json(problemBody(kind, about, c.req.path), kinds[kind].status, problemHeaders);
}

/** A response of a route definition. */
export function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problemSchema } } };
}

/** What any route may answer. */
export const anyRoute = {
  400: problemResponse("The request is not valid; `errors` names the fields."),
  401: problemResponse("A token is needed and was not sent, or is not the right one."),
};

/** What a route that changes something may answer besides. */
export const changingRoute = {
  ...anyRoute,
  403: problemResponse("Haldane listens beyond loopback without a token: reads only."),
  413: problemResponse("The body is larger than 64 KiB."),
  415: problemResponse("The body is not application/json."),
};
