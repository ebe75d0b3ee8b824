import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { LogPattern } from "#model/log-pattern.ts";
import { openTelemetryReader } from "#store/sqlite/telemetry-reader.ts";
import { otlpJson } from "#test/support/otlp-encoder.ts";
import { requestTypes } from "#test/support/otlp-oracle.ts";
import { value } from "#test/support/result-value.ts";
import { endServed, serveFiles, startServed, type Served, type ServeFiles } from "#test/support/served.ts";

let served: Served | null = null;
afterEach(kill);

async function kill(): Promise<void> {
  if (served !== null) await endServed(served, "SIGKILL");
  served = null;
}

const configuration = "apiVersion: haldane/v1\nkind: Configuration\n";
const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });

/** Sends ERROR records of one pod in one request; resolves once it is acknowledged. */
async function send(to: Served, lines: readonly string[]): Promise<void> {
  const names = { "service.name": "shop", "service.version": "1", "service.instance.id": "pod-a" };
  const logRecords = lines.map((stringValue, at) => ({
    ...{ timeUnixNano: BigInt(Date.now() + at) * 1_000_000n, severityNumber: 17 },
    ...{ body: { stringValue }, traceId: new Uint8Array(16).fill(at + 1) },
  }));
  const resource = { attributes: Object.entries(names).map(([key, name]) => text(key, name)) };
  const scopeLogs = [{ scope: { name: "app" }, logRecords }];
  const response = await fetch(`${to.otlpUrl}/v1/logs`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: otlpJson(requestTypes.logs, { resourceLogs: [{ resource, scopeLogs }] }),
  });
  expect(response.status).toBe(200);
}

function patternsIn({ data }: ServeFiles): readonly LogPattern[] {
  const reader = value(openTelemetryReader(join(data, "telemetry.db")));
  const found = reader.patterns(reader.deployments().map(({ id }) => id));
  reader.close();
  return found;
}

test(
  "acknowledged lines are patterns on disk after kill -9, which go on where they stood, and no secret is there",
  { timeout: 60_000 },
  async () => {
    const files = await serveFiles(configuration, {});
    const plugin = (name: string): string => `plugin ${name} could not be loaded with token=swordfish`;
    served = await startServed(files);
    await send(served, ["auth", "cart"].map(plugin));
    await kill();
    const before = patternsIn(files);
    expect(before.map(({ template }) => template).sort()).toEqual([
      "plugin auth could not be loaded with token=[secret]",
      "plugin cart could not be loaded with token=[secret]",
    ]);
    served = await startServed(files);
    await send(served, ["mail", "price", "stock"].map(plugin));
    await kill();
    const [pattern, ...others] = patternsIn(files);
    expect(others).toEqual([]);
    expect(pattern!.template).toBe("plugin <*> could not be loaded with token=[secret]");
    expect(pattern!.ids).toEqual(expect.arrayContaining(before.map(({ id }) => id)));
    expect(pattern!.examples[0]!.line).toBe("plugin auth could not be loaded with token=[secret]");
    expect(pattern!.examples[0]!.traceId).toBe("01".repeat(16));
    const stored = readdirSync(files.data).map((name) => readFileSync(join(files.data, name), "latin1"));
    expect(stored.join("")).toContain("could not be loaded");
    expect(stored.join("")).not.toContain("swordfish");
  },
);
