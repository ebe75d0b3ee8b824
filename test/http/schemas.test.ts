import { describe, expect, test } from "vitest";
import { documentKinds, jsonSchemaOf } from "#config/json-schema.ts";
import { createSchemas } from "#http/schemas.ts";

const app = createSchemas(Object.fromEntries(documentKinds.map((kind) => [kind, jsonSchemaOf(kind)])));

describe("the schemas of the documents", () => {
  test.each(documentKinds)("are served under the kind's own path: %s", async (kind) => {
    const response = await app.request(`/schemas/${kind.toLowerCase()}.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/schema+json");
    expect(await response.json()).toEqual(JSON.parse(JSON.stringify(jsonSchemaOf(kind))));
  });

  test("that there is not are answered with those that there are", async () => {
    const response = await app.request("/schemas/rollout.json");
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      detail:
        "No such schema; known: /schemas/configuration.json, /schemas/policy.json, /schemas/signatures.json.",
    });
  });
});
