import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { cardinalityBomb, type BombKind } from "#test/support/cardinality-bomb.ts";
import { exactBatch, storedRecords } from "#test/support/exact-batches.ts";
import { recordedLines, recordingStart, type RecordedArm } from "#test/support/recorded-service.ts";
import { replayed } from "#test/support/replayed.ts";
import { endServed, serveFiles, startServed } from "#test/support/served.ts";

const labelSets = 100_000;
const kinds: readonly BombKind[] = ["points", "spans", "instances"];

const services = z.object({
  services: z.array(
    z.object({ service: z.string(), tallies: z.array(z.object({ name: z.string(), count: z.number() })) }),
  ),
});

/** What a bomb may make the process grow by at its highest, in MB; more label sets of the same kind add nothing. */
const growth = 250;

test.for([
  ["points", "overflow.streams"],
  ["spans", "overflow.operations"],
  ["instances", "overflow.instances"],
] as const)(
  "a bomb of 100,000 label sets by %s in one service: memory stays, what overflows is counted, others count exactly",
  { timeout: 180_000 },
  async ([kind, overflow], { annotate }) => {
    const files = await serveFiles("apiVersion: haldane/v1\nkind: Configuration\n", {});
    const served = await startServed(files);
    try {
      const post = async (path: string, headers: Record<string, string>, body: string | Uint8Array) => {
        const response = await fetch(`${served.otlpUrl}${path}`, { method: "POST", headers, body });
        await response.arrayBuffer();
        return response.status;
      };
      const most = (): number => {
        const status = readFileSync(`/proc/${served.process.pid ?? 0}/status`, "utf8");
        return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Infinity) / 1024;
      };
      const before = most();
      const path = kind === "spans" ? "/v1/traces" : "/v1/metrics";
      for (const body of cardinalityBomb(kind, labelSets, Date.now()))
        expect(await post(path, { "content-type": "application/json" }, body)).toBe(200);
      await annotate(`${Math.round(before)} MB before, ${Math.round(most())} MB at most`);
      expect(most() - before).toBeLessThan(growth);
      const batches = Array.from({ length: 12 }, (_, at) => exactBatch(at, Date.now()));
      for (const batch of batches) expect(await post(batch.path, { ...batch.headers }, batch.body)).toBe(200);
      const seen = services.parse(await (await fetch(`${served.url}/v1/services`)).json());
      const counted = seen.services.find(({ service }) => service === "bomb")?.tallies ?? [];
      expect(counted.find(({ name }) => name === overflow)?.count).toBeGreaterThan(labelSets / 4);
      expect(await endServed(served, "SIGTERM")).toBe(0);
      const stored = storedRecords(files.data);
      expect(batches.map(({ instance }) => stored.get(instance))).toEqual(
        batches.map(({ records }) => records),
      );
    } finally {
      await endServed(served, "SIGKILL");
    }
  },
);

const sound: RecordedArm = {
  version: "1.0.0",
  instances: 3,
  rps: 400,
  errors: () => 0.001,
  median: () => 0.08,
  tau: 0,
  speedTau: 0,
  from: 0,
};

test(
  "what is concluded on other services is the same, to the last digit, with a bomb beside them and without",
  { timeout: 180_000 },
  async () => {
    const recorded = (name: string, errors: number, seed: number) => ({
      name,
      canary: { ...sound, version: "2.0.0", from: 20, errors: () => errors },
      baseline: sound,
      seconds: 120,
      intervalSeconds: 5,
      seed,
    });
    const lines = recordedLines([recorded("shop/good", 0.001, 1), recorded("shop/bad", 0.1, 2)]);
    // In the middle of what is judged: the canaries have sent for 20 s.
    const bombs = kinds.flatMap((kind) => cardinalityBomb(kind, labelSets, (recordingStart + 40) * 1000));
    const middle = Math.floor(lines.length / 3);
    const bombed = [...lines.slice(0, middle), ...bombs, ...lines.slice(middle)];
    const [alone, beside] = [await replayed(lines), await replayed(bombed)];
    expect(beside.badLines).toEqual([]);
    for (const service of ["shop/good", "shop/bad"]) {
      const of = (looks: typeof alone.looks) => looks.filter((look) => look.service === service);
      expect(of(beside.finals)).toEqual(of(alone.finals));
      expect(of(beside.looks)).toEqual(of(alone.looks));
    }
    expect(alone.finals.map(({ service, verdict }) => [service, verdict])).toContainEqual([
      "shop/bad",
      "rollback",
    ]);
    expect(alone.looks.some(({ service, findings }) => service === "shop/good" && findings.length > 0)).toBe(
      true,
    );
  },
);
