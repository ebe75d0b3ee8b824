import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { problem, type Problem } from "./problem.ts";

type FieldProblem = NonNullable<Problem["errors"]>[number];

/** A strict object whose refusal of an unknown key lists the known ones. */
export function strictFields<T extends z.core.$ZodLooseShape>(shape: T): z.ZodObject<T, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? known.length === 0
          ? "remove it: nothing is taken here"
          : `remove it, or use one of: ${known.join(", ")}`
        : undefined,
  });
}

function places(target: string): string {
  return { query: "query parameter", param: "path", header: "header", json: "body" }[target] ?? target;
}

function ofIssue(issue: z.core.$ZodIssue, target: string): readonly FieldProblem[] {
  const path = issue.path.map(String).join(".");
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: path === "" ? key : `${path}.${key}`,
      problem: `unknown ${target === "json" ? "field" : places(target)}`,
      fix: issue.message,
    }));
  }
  const field = path === "" ? places(target) : path;
  if (issue.code === "invalid_type" && issue.message.endsWith("received undefined")) {
    return [{ field, problem: "is missing", fix: `send it as ${issue.expected}` }];
  }
  return [{ field, problem: issue.message, fix: `correct ${field} in the ${places(target)}` }];
}

/** Answers a request that does not fit its schema: one entry for each field, with the place and the fix. */
export function refuseRequest(
  result: { readonly success: boolean; readonly target: string; readonly error?: z.ZodError },
  c: Context,
): Response | undefined {
  if (result.success || result.error === undefined) return undefined;
  const errors = result.error.issues.flatMap((issue) => ofIssue(issue, result.target));
  const first = errors[0];
  const detail =
    first === undefined ? "The request is not valid." : `${first.field}: ${first.problem}; ${first.fix}.`;
  return problem(c, "invalid-request", { detail, errors });
}
