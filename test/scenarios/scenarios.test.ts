import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { playScenario } from "#test/support/scenario.ts";

const folder = new URL(".", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));
const divider = "\n----\n";

// HALDANE_REWRITE=1 writes what is traced now; read the difference before it is committed.
test.each(files)("%s ends as its trace says", (name) => {
  const file = new URL(name, folder);
  const [script = "", expected = ""] = readFileSync(file, "utf8").split(divider);
  const trace = playScenario(script);
  if (process.env["HALDANE_REWRITE"] === "1") writeFileSync(file, `${script}${divider}${trace}`);
  else expect(trace).toBe(expected);
});
