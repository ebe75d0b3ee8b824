import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { documentKinds, jsonSchemaOf, type JsonSchema } from "#config/json-schema.ts";
import { settings, tokenVariable } from "#config/settings.ts";

const page = new URL("../../docs/configuration.md", import.meta.url);

function formOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum.map(String).join(" or ");
  if (schema.pattern?.endsWith("(ms|s|m|h)$") === true) return "duration";
  const branches = schema.anyOf ?? schema.oneOf;
  if (branches !== undefined) return [...new Set(branches.map(formOf))].join(" or ");
  if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  return [schema.type ?? "any"].flat().join(" or ");
}

/** One row a key, depth first; lists of objects go on under `key[]`. */
function rowsOf(schema: JsonSchema, prefix: string): readonly string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, part]) => {
    const path = `${prefix}${key}`;
    if (part.properties !== undefined) {
      const heading = part.description === undefined ? [] : [`| \`${path}\` | | | ${part.description} |`];
      return [...heading, ...rowsOf(part, `${path}.`)];
    }
    const required = schema.required?.includes(key) === true;
    const fallback =
      part.default === undefined ? (required ? "required" : "") : `\`${JSON.stringify(part.default)}\``;
    const about = (part.description ?? "").replaceAll("|", "\\|");
    const row = `| \`${path}\` | ${formOf(part)} | ${fallback} | ${about} |`;
    const items = part.items?.oneOf ?? (part.items === undefined ? [] : [part.items]);
    const below = items.flatMap((item) => {
      const kind = item.properties?.["kind"]?.const;
      return rowsOf(item, kind === undefined ? `${path}[].` : `${path}[${kind}].`);
    });
    return [row, ...below];
  });
}

function tableOf(kind: (typeof documentKinds)[number]): string {
  const rows = rowsOf(jsonSchemaOf(kind), "");
  return ["| key | form | default | about |", "| --- | --- | --- | --- |", ...rows].join("\n");
}

describe("the page on configuration", () => {
  test.each(documentKinds)("its table of %s is what the schema generates", async (kind) => {
    const generated = `\n\n${tableOf(kind)}\n\n`;
    const marks = new RegExp(`(?<=<!-- begin ${kind} -->)[^]*(?=<!-- end ${kind} -->)`);
    if (process.env["HALDANE_WRITE_DOCS"] === "1") {
      const text = await readFile(page, "utf8");
      await writeFile(
        page,
        text.replace(marks, () => generated),
      );
    }
    expect(marks.exec(await readFile(page, "utf8"))?.[0]).toBe(generated);
  });

  test("it names every variable of the environment with the key that it stands for", async () => {
    const text = await readFile(page, "utf8");
    expect(text).toContain(`\`${tokenVariable}\``);
    for (const { variable, path, flag } of settings) {
      const row = text.split("\n").find((line) => line.startsWith(`| \`${variable}\``));
      expect(row).toContain(`\`${path.join(".")}\``);
      expect(row).toContain(`\`${flag}\``);
    }
  });
});
