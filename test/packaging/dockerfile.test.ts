import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";

const root = new URL("../../", import.meta.url);

interface Copy {
  readonly stage: string | null;
  readonly sources: readonly string[];
  readonly target: string;
}

interface Stage {
  readonly copies: readonly Copy[];
  readonly lines: readonly string[];
}

/** Stages of a Dockerfile with their COPY lines; continuation lines are joined. */
function stagesOf(text: string): readonly Stage[] {
  const lines = text
    .replaceAll(/\\\n/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const starts = lines.flatMap((line, at) => (line.startsWith("FROM ") ? [at] : []));
  return starts.map((start, at) => {
    const own = lines.slice(start, starts[at + 1]);
    const copies = own.flatMap((line): Copy[] => {
      const words = line.split(/\s+/);
      if (words[0] !== "COPY") return [];
      const from = words.find((word) => word.startsWith("--from="));
      const paths = words.slice(1).filter((word) => !word.startsWith("--"));
      return [{ stage: from?.slice(7) ?? null, sources: paths.slice(0, -1), target: paths.at(-1) ?? "" }];
    });
    return { copies, lines: own };
  });
}

function missingSources(stages: readonly Stage[]): readonly string[] {
  return stages
    .flatMap(({ copies }) => copies)
    .filter(({ stage }) => stage === null)
    .flatMap(({ sources }) => sources)
    .filter((source) => !existsSync(new URL(source, root)));
}

/** What lands in the image's application folder, by its top-level names. */
function layoutOf(stage: Stage): readonly string[] {
  return stage.copies
    .flatMap(({ sources, target }) => (target === "./" ? sources : [target.replace(/^\.\//, "")]))
    .sort();
}

const dockerfile = await readFile(new URL("Dockerfile", root), "utf8");
const stages = stagesOf(dockerfile);
const image = stages.at(-1)!;

describe("the Dockerfile", () => {
  test("every file that it copies from the project exists", () => {
    expect(stages).toHaveLength(4);
    expect(missingSources(stages)).toEqual([]);
  });

  test("a file that does not exist would be found", () => {
    expect(missingSources(stagesOf("FROM x\nCOPY package.json nowhere.json ./\n"))).toEqual(["nowhere.json"]);
  });

  test("every file that it copies passes .dockerignore", async () => {
    const ignore = (await readFile(new URL(".dockerignore", root), "utf8")).split("\n");
    const copied = stages
      .flatMap(({ copies }) => copies)
      .filter(({ stage }) => stage === null)
      .flatMap(({ sources }) => sources);
    expect(copied.filter((source) => !ignore.includes(`!${source}`))).toEqual([]);
  });

  test("the image holds what the package holds, and its production dependencies", async () => {
    const manifest = JSON.parse(await readFile(new URL("package.json", root), "utf8")) as { files: string[] };
    expect(layoutOf(image)).toEqual(
      [...manifest.files.filter((entry) => !entry.startsWith("!")), "package.json", "node_modules"].sort(),
    );
  });

  test("it runs without root, says when it is ready, and keeps its data in a volume", () => {
    const has = (pattern: RegExp): boolean => image.lines.some((line) => pattern.test(line));
    expect(has(/^USER node$/)).toBe(true);
    expect(has(/^HEALTHCHECK .*\/readyz/)).toBe(true);
    expect(has(/^VOLUME \/data$/)).toBe(true);
    expect(has(/^EXPOSE 8080 4318$/)).toBe(true);
    expect(image.lines.some((line) => line.includes("apt-get"))).toBe(false);
  });

  test("no compiler and no development package reaches the image", () => {
    expect(dockerfile).toContain("npm ci --omit=dev");
    expect(image.copies.find(({ target }) => target === "./node_modules")?.stage).toBe("production");
  });
});
