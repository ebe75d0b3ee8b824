import { z } from "zod";
import { configurationSchema } from "#engine/configuration.ts";
import { policySchema } from "#engine/policy.ts";
import { signatureRulesSchema } from "#engine/signature-rules.ts";

/** The parts of a JSON Schema that Haldane writes and reads. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

/** The kinds of document that a file may hold. */
export const documentKinds = ["Configuration", "Policy", "Signatures"] as const;
export type DocumentKind = (typeof documentKinds)[number];

/** True for a string that is parsed as a duration. */
export function isDuration(schema: JsonSchema): boolean {
  return schema.type === "string" && schema.pattern?.endsWith("(ms|s|m|h)$") === true;
}

/** Milliseconds as a policy writes them: the largest unit that needs no fraction. */
export function durationText(durationMs: number): string {
  const units = [
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const;
  const fits = units.find(([, unitMs]) => durationMs >= unitMs && durationMs % unitMs === 0);
  return fits === undefined ? `${durationMs}ms` : `${durationMs / fits[1]}${fits[0]}`;
}

/** A parsed value as its document writes it: durations as text. */
function asWritten(schema: JsonSchema, value: unknown): unknown {
  if (typeof value === "number") return isDuration(schema) ? durationText(value) : value;
  if (Array.isArray(value)) return value.map((item: unknown) => asWritten(schema.items ?? {}, item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]: [string, unknown]) => [
      key,
      asWritten(schema.properties?.[key] ?? {}, part),
    ]),
  );
}

const schemaOf = {
  Configuration: configurationSchema,
  Policy: policySchema,
  Signatures: signatureRulesSchema,
};

/**
 * JSON Schema (2020-12) of what an author writes. Generated from the schemas that parse, so it cannot drift from them;
 * rules between keys (tolerance below margin, names that must exist) are beyond JSON Schema and are checked when parsed.
 */
export function jsonSchemaOf(kind: DocumentKind): JsonSchema {
  const json = z.toJSONSchema(schemaOf[kind], {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      const definition = zodSchema._zod.def;
      if (definition.type !== "default" || !("defaultValue" in definition)) return;
      const written = asWritten(jsonSchema as JsonSchema, definition.defaultValue);
      Object.assign(jsonSchema, { default: written });
    },
  });
  const { $schema, ...rest } = json;
  return { $schema, title: `haldane/v1 ${kind}`, ...rest } as JsonSchema;
}

/** The branches of a schema that may be one of several. */
function branchesOf(schema: JsonSchema): readonly JsonSchema[] {
  const branches = schema.oneOf ?? schema.anyOf;
  return branches === undefined ? [schema] : branches.flatMap(branchesOf);
}

/** Every schema that may govern a path: more than one where the document chooses by kind. */
export function schemasAt(root: JsonSchema, path: readonly (string | number)[]): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, part) =>
      schemas.flatMap((schema) => {
        const next = typeof part === "number" ? schema.items : schema.properties?.[part];
        return next === undefined ? [] : branchesOf(next);
      }),
    branchesOf(root),
  );
}
