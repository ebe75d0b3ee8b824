import { Hono } from "hono";
import { problem } from "./problem.ts";

/** JSON Schemas of the document kinds at /schemas/KIND.json, for editors and pipelines. Mounted beside the API. */
export function createSchemas(schemas: Readonly<Record<string, unknown>>): Hono {
  const app = new Hono();
  app.get("/schemas/:file", (c) => {
    const kind = c.req.param("file").replace(/\.json$/, "");
    const schema = Object.entries(schemas).find(([name]) => name.toLowerCase() === kind.toLowerCase())?.[1];
    if (schema !== undefined) return c.json(schema, 200, { "Content-Type": "application/schema+json" });
    const known = Object.keys(schemas)
      .map((name) => `/schemas/${name.toLowerCase()}.json`)
      .join(", ");
    return problem(c, "not-found", { detail: `No such schema; known: ${known}.` });
  });
  return app;
}
