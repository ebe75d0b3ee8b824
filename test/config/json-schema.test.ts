import { readFile, writeFile } from "node:fs/promises";
import { format } from "prettier";
import { describe, expect, test } from "vitest";
import { documentKinds, durationText, jsonSchemaOf, type JsonSchema } from "#config/json-schema.ts";
import { configurationSchema } from "#engine/configuration.ts";
import { durationMs, policySchema } from "#engine/policy.ts";
import { signatureRulesSchema } from "#engine/signature-rules.ts";

/** The document that the defaults of a JSON Schema spell out. */
function documentOfDefaults(schema: JsonSchema): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).flatMap(([key, part]): [string, unknown][] => {
      if (part.properties !== undefined) return [[key, documentOfDefaults(part)]];
      const value = part.default ?? part.const;
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

const schemas = {
  Configuration: configurationSchema,
  Policy: policySchema,
  Signatures: signatureRulesSchema,
};

describe("the published JSON Schema", () => {
  test.each(documentKinds)("the file for %s is what the parser's schema generates", async (kind) => {
    const path = new URL(`../../docs/schemas/${kind.toLowerCase()}.json`, import.meta.url);
    const generated = await format(JSON.stringify(jsonSchemaOf(kind)), { parser: "json", printWidth: 110 });
    if (process.env["HALDANE_WRITE_DOCS"] === "1") await writeFile(path, generated);
    expect(await readFile(path, "utf8")).toBe(generated);
  });

  test.each(documentKinds)(
    "the defaults written in it for %s parse to the defaults of the parser",
    (kind) => {
      const written = documentOfDefaults(jsonSchemaOf(kind));
      const bare = { apiVersion: "haldane/v1", kind };
      expect(Object.keys(written).length).toBeGreaterThan(3);
      expect(schemas[kind].parse(written)).toEqual(schemas[kind].parse(bare));
    },
  );

  test("durations are written as people write them", () => {
    const texts = [0, 250, 1500, 10_000, 120_000, 5_400_000, 3_600_000].map(durationText);
    expect(texts).toEqual(["0ms", "250ms", "1500ms", "10s", "2m", "90m", "1h"]);
    expect(texts.map((text) => durationMs.parse(text))).toEqual([
      0, 250, 1500, 10_000, 120_000, 5_400_000, 3_600_000,
    ]);
  });
});
