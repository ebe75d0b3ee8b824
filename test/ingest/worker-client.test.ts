import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signature } from "#analyzers/logs/signatures/signature.ts";
import { startIngestWorker, type IngestClient, type WorkerFailure } from "#ingest/worker-client.ts";
import type { HandedBody } from "#ingest/otlp/receiver.ts";
import { openTelemetry } from "#store/sqlite/open-telemetry.ts";
import { patternsIn } from "#test/support/logged.ts";
import { storedCounts } from "#test/support/stored-counts.ts";

const t0 = 1_700_000_000_000;
const root = new URL("../../", import.meta.url);
const built = new URL("node_modules/.cache/haldane-test/ingest-worker.mjs", root);
let folder = "";

function logs(time: number, version = "1", body: string | null = null): HandedBody {
  const attributes = Object.entries({ "service.name": "shop", "service.version": version }).map(
    ([key, stringValue]) => ({ key, value: { stringValue } }),
  );
  const said = body === null ? { severityNumber: 9 } : { severityNumber: 17, body: { stringValue: body } };
  const logRecords = [{ timeUnixNano: `${time}000000`, ...said }];
  const text = JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs: [{ logRecords }] }] });
  const bytes = new TextEncoder().encode(text);
  return { signal: "logs", contentType: "application/json", contentEncoding: "", bytes };
}

async function start(path: string, failures: WorkerFailure[] = []): Promise<IngestClient> {
  const failed = (failure: WorkerFailure): void => {
    failures.push(failure);
  };
  return startIngestWorker({ workerFile: built, start: { path }, failed });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "haldane-worker-"));
  const entry = new URL("src/ingest-worker.ts", root);
  await build({
    ...{ entryPoints: [fileURLToPath(entry)], outfile: fileURLToPath(built), bundle: true, format: "esm" },
    ...{ platform: "node", target: "node20", packages: "external", logLevel: "error" },
  });
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("the ingest worker", () => {
  it("looks for the failures and takes out what the operator's rules say", async () => {
    const path = join(folder, "rules.db");
    const signature: Signature = {
      ...{
        id: "ledger-out-of-step",
        title: "Ledger",
        category: "code-bug",
        severity: "high",
        runtime: "any",
      },
      match: [{ text: "ledger out of step", anyCase: false }],
      ...{ unless: [], examples: ["ledger out of step"], nonExamples: ["ledger in step"] },
    };
    const rule = { name: "account", literal: "acc", pattern: "acc[a-z]+", examples: [] };
    const worker = await startIngestWorker({
      workerFile: built,
      start: { path, logs: { signatures: [signature], redaction: { ips: true, rules: [rule] } } },
      failed: () => undefined,
    });
    await worker.accept(logs(t0, "1", "ledger out of step for accswordfish at 10.1.2.3"));
    await worker.seal(t0 + 20_000);
    await worker.stop();
    const store = openTelemetry(path);
    if (!store.ok) throw new Error("the store does not open");
    expect(patternsIn(store.value)[0]).toMatchObject({ signatures: ["ledger-out-of-step"] });
    store.value.close();
    const bytes = readFileSync(path, "latin1");
    expect(bytes).toContain("[account] at [ip]");
    expect(bytes).not.toContain("swordfish");
    expect(bytes).not.toContain("10.1.2.3");
  });

  it("keeps what it acknowledged over a stop and a start, and knows a repeated body again", async () => {
    const path = join(folder, "telemetry.db");
    const first = await start(path);
    const accepted = { status: 200, rejected: 0, message: "" };
    expect(await first.accept(logs(t0))).toEqual(accepted);
    expect(await first.accept(logs(t0 + 1, "2"))).toEqual(accepted);
    expect(await first.seal(t0 + 20_000)).toBe(t0 + 20_000);
    await first.stop();
    const second = await start(path);
    expect(await second.accept(logs(t0))).toEqual(accepted);
    await second.accept(logs(t0 + 2));
    await second.retain(t0 + 60_000, null);
    await second.stop();
    const store = openTelemetry(path);
    if (!store.ok) throw new Error(store.error.message);
    expect(storedCounts(store.value)).toMatchObject({
      [`1//logs/${t0}`]: { count: 2 },
      [`2//logs/${t0}`]: { count: 1 },
    });
    store.value.close();
  });

  it("says why it cannot start, with the exit code for I/O errors", async () => {
    const failures: WorkerFailure[] = [];
    await expect(start(join(folder, "nowhere", "telemetry.db"), failures)).rejects.toThrow(/telemetry store/);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.exitCode).toBe(74);
  });

  it("that crashed is told once, and bodies are answered 503 so that senders keep them", async () => {
    const failures: WorkerFailure[] = [];
    const crash = new URL(`data:text/javascript,${encodeURIComponent(crashing)}`);
    const client = await startIngestWorker({
      workerFile: crash,
      start: { path: pathToFileURL(folder).pathname },
      failed: (failure) => failures.push(failure),
    });
    expect(await client.accept(logs(t0))).toMatchObject({ status: 503, retryAfterSeconds: 5 });
    expect(await client.accept(logs(t0))).toMatchObject({ status: 503 });
    await expect(client.seal(t0)).rejects.toThrow(/ingest worker/);
    expect(failures).toHaveLength(1);
    expect(failures[0]?.message).toContain("out of luck");
  });
});

const crashing = `
import { parentPort } from "node:worker_threads";
parentPort.on("message", () => { throw new Error("out of luck"); });
parentPort.postMessage({ tag: "ready" });
`;
