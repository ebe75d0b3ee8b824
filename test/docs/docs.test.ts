import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { readLimits } from "#cli/read-otlp-lines.ts";
import { yamlLimits } from "#config/yaml-documents.ts";
import { defaultIngestLimits } from "#engine/ingest-limits.ts";
import { defaultHttpLimits } from "#http/limits.ts";
import { defaultIntakeLimits } from "#ingest/intake.ts";
import { defaultKafkaLimits } from "#ingest/kafka/limits.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { retentionDefaults } from "#store/sqlite/retention.ts";

const root = new URL("../../", import.meta.url);

async function pages(): Promise<readonly string[]> {
  const docs = await readdir(new URL("docs/", root), { recursive: true });
  return [
    "README.md",
    "CHANGELOG.md",
    ...docs.filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`),
  ];
}

function brokenLinks(page: string, text: string): readonly string[] {
  const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!);
  return targets.filter(
    (target) => !/^[a-z]+:/.test(target) && !existsSync(new URL(target, new URL(page, root))),
  );
}

function namedScripts(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm run (?:-s )?([a-z][\w:-]*)/g)].map((match) => match[1]!);
}

/** Source files that a page names by path, such as `engine/judge.ts`. */
function namedSources(text: string): readonly string[] {
  return [
    ...text.matchAll(/`((?:model|engine|config|ingest|store|control|http|ui|cli)\/[\w/.-]+\.ts)`/g),
  ].map((match) => match[1]!);
}

const text = async (page: string): Promise<string> => readFile(new URL(page, root), "utf8");

describe("the pages", () => {
  test("the README is under 150 lines", async () => {
    expect((await text("README.md")).split("\n").length).toBeLessThan(150);
  });

  test("every relative link leads to a file", async () => {
    const found = await pages();
    expect(found.length).toBeGreaterThan(15);
    const broken = await Promise.all(
      found.map(async (page) => brokenLinks(page, await text(page)).map((link) => `${page}: ${link}`)),
    );
    expect(broken.flat()).toEqual([]);
  });

  test("a link that leads nowhere would be found", () => {
    expect(brokenLinks("docs/api.md", "[a](nowhere.md) [b](../README.md#x) [c](https://x.y/)")).toEqual([
      "nowhere.md",
    ]);
  });

  test("every npm script that a page names exists", async () => {
    const { scripts } = JSON.parse(await text("package.json")) as { scripts: Record<string, string> };
    const named = (await Promise.all((await pages()).map(text))).flatMap(namedScripts);
    expect(named).toContain("demo");
    expect([...new Set(named)].filter((name) => !(name in scripts))).toEqual([]);
  });

  test("every source file that the architecture names exists", async () => {
    const named = namedSources(await text("docs/architecture.md"));
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !existsSync(new URL(`src/${name}`, root)))).toEqual([]);
  });
});

describe("the table of limits", () => {
  test.each([
    ["Receiving OTLP", defaultOtlpLimits],
    ["Committing", defaultIntakeLimits],
    ["Reading Kafka", defaultKafkaLimits],
    ["Holding telemetry", defaultIngestLimits],
    ["Answering", defaultHttpLimits],
    ["Reading files", { ...yamlLimits, ...readLimits }],
    ["Keeping samples", retentionDefaults],
  ])("%s names every limit with its default, and no other", async (section, limits) => {
    const page = await text("docs/operations.md");
    const body = page.split(`### ${section}\n`)[1]?.split("\n#")[0] ?? "";
    const rows = [...body.matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)].map((row) => [row[1], Number(row[2])]);
    expect(Object.fromEntries(rows)).toEqual({ ...limits });
  });
});
