import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, it } from "vitest";
import { buildEntries } from "#test/support/built-examples.ts";
import { until } from "#test/support/listening.ts";
import { startOtlpSink } from "#test/support/otlp-sink.ts";

it("the quickstart service sends one server span a request, with the five attributes that name its deployment", async () => {
  const folder = await buildEntries("quickstart", ["examples/quickstart-main.ts"]);
  const sink = await startOtlpSink();
  const service = spawn(process.execPath, [join(folder, "quickstart-main.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, VERSION: "v2", PORT: "0", FAIL: "1", OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  });
  let said = "";
  service.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => said.endsWith("\n"));
  const url = /http:\S+/.exec(said)?.[0] ?? "";
  const statuses = await Promise.all(Array.from({ length: 12 }, async () => (await fetch(url)).status));
  service.kill("SIGTERM");
  await once(service, "exit");
  await sink.close();

  expect(new Set(statuses)).toEqual(new Set([500]));
  expect(sink.spans.length).toBe(12);
  expect(sink.spans.every(({ kind, failed, name }) => kind === 2 && failed && name === "GET /hello")).toBe(
    true,
  );
  expect(Object.keys(sink.spans[0]?.resource ?? {}).sort()).toEqual([
    "deployment.environment.name",
    "service.instance.id",
    "service.name",
    "service.namespace",
    "service.version",
  ]);
});
