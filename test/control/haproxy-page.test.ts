import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadDocuments } from "#config/load-documents.ts";
import { planWeights, shareOf } from "#control/haproxy-weights.ts";
import { createControllers } from "#src/controllers.ts";
import { haproxyPath } from "#test/support/real-haproxy.ts";

const page = readFileSync(new URL("../../docs/controllers/haproxy.md", import.meta.url), "utf8");

function block(language: string): string {
  return new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "ms").exec(page)?.[1] ?? "";
}

test("the configuration of the page makes a controller", () => {
  const text = `apiVersion: haldane/v1\nkind: Configuration\n${block("yaml")}`;
  const loaded = loadDocuments([{ file: "haproxy.md", text }]);
  const document = loaded.ok ? loaded.value[0] : undefined;
  if (document?.kind !== "Configuration") throw new Error(JSON.stringify(loaded));
  const { controllers } = document.value;
  const created = createControllers(controllers, new Map(), { info: () => undefined });
  expect(created.ok && [...created.value.keys()]).toStrictEqual(["edge"]);
  const remote = controllers.map((each) => ({ ...each, socket: "10.0.0.7:9999" }));
  expect(createControllers(remote, new Map(), { info: () => undefined })).toMatchObject({
    error: { message: expect.stringContaining("controller edge: socket: 10.0.0.7") as string },
  });
});

test.skipIf(haproxyPath === null && process.env["CI"] === undefined)(
  "HAProxy itself finds nothing wrong with the page's haproxy.cfg",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "haldane-hap-"));
    const file = join(folder, "haproxy.cfg");
    writeFileSync(file, block("haproxy").replace("/run/haproxy", folder));
    const checked = spawnSync(haproxyPath ?? "haproxy", ["-c", "-f", file], { encoding: "utf8" });
    rmSync(folder, { recursive: true });
    expect(checked).toMatchObject({ status: 0, stderr: "" });
  },
);

test("the table of weights is what is planned for 2 canary and 3 baseline servers", () => {
  const counts = { canary: 2, baseline: 3 };
  const rows = [...page.matchAll(/^\| ([\d.]+) % \| (\d+) \| (\d+) \| ([\d.]+) % \|$/gm)];
  expect(rows).toHaveLength(6);
  for (const [, asked, canary, baseline, share] of rows) {
    const plan = planWeights(Number(asked) / 100, counts);
    expect([plan.canary, plan.baseline]).toStrictEqual([Number(canary), Number(baseline)]);
    expect(shareOf(plan, counts) * 100).toBeCloseTo(Number(share), 2);
  }
});
