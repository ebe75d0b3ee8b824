import { setTimeout as wait } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { countFaults, storedRecords } from "#test/support/exact-batches.ts";
import { buildPlanted } from "#test/support/planted-build.ts";
import { seededRandom } from "#test/support/random.ts";
import { endServed, serveFiles, startServed, type Served } from "#test/support/served.ts";
import { startStubbornSender } from "#test/support/stubborn-sender.ts";

/** HALDANE_KILLS asks for a longer series; HALDANE_SEED for other moments. */
const kills = Number(process.env["HALDANE_KILLS"] ?? 20);
const seed = Number(process.env["HALDANE_SEED"] ?? 1);

let served: Served | null = null;
afterEach(async () => {
  if (served !== null) await endServed(served, "SIGKILL");
  served = null;
});

const configuration = "apiVersion: haldane/v1\nkind: Configuration\n";

/** Kills a real process under load so many times, and tells what its store then holds otherwise than it acknowledged. */
async function killSeries(times: number, main?: string) {
  const files = { ...(await serveFiles(configuration, {})), ...(main === undefined ? {} : { main }) };
  const random = seededRandom(seed);
  const sender = startStubbornSender();
  for (let kill = 0; kill < times; kill += 1) {
    served = await startServed(files);
    sender.aim(served.otlpUrl);
    await sender.repeatLostAnswers();
    // Under load at any speed of the machine; the moment itself is the subject of the test, and any must do.
    await sender.acknowledges(random.integer(40));
    await wait(random.integer(30));
    await endServed(served, "SIGKILL");
    sender.aim(null);
  }
  served = await startServed(files);
  sender.aim(served.otlpUrl);
  const acknowledged = await sender.finish();
  expect(await endServed(served, "SIGTERM")).toBe(0);
  return { faults: countFaults(acknowledged, storedRecords(files.data)), counters: sender.counters };
}

describe("kill -9 during ingest", () => {
  test(
    `${kills} kills under load: everything acknowledged is counted exactly once`,
    { timeout: 60_000 + kills * 10_000 },
    async () => {
      const { faults, counters } = await killSeries(kills);
      expect(faults).toEqual([]);
      expect(counters.acknowledged).toBeGreaterThan(kills * 10);
      expect(counters.resent).toBeGreaterThan(kills);
      expect(counters.repeated).toBeGreaterThan(kills);
    },
  );

  test(
    "the check can fail: an answer before the transaction loses batches",
    { timeout: 60_000 },
    async () => {
      const main = await buildPlanted("early-answer", [
        {
          file: "src/ingest/intake.ts",
          good: "return whenWritten(answer(",
          bad: "return ((outcome) => (void whenWritten(outcome), outcome))(answer(",
        },
      ]);
      const { faults } = await killSeries(3, main);
      expect(faults.filter((fault) => fault.endsWith("lost")).length, faults.join("\n")).toBeGreaterThan(0);
    },
  );

  test(
    "the check can fail: a store that forgets digests counts batches twice",
    { timeout: 60_000 },
    async () => {
      const main = await buildPlanted("no-digests", [
        {
          file: "src/store/sqlite/telemetry-writer.ts",
          good: "knowsDigest: (text) => digest.get(text) !== undefined",
          bad: "knowsDigest: () => false",
        },
      ]);
      const { faults } = await killSeries(1, main);
      expect(faults.filter((fault) => fault.endsWith("doubled")).length, faults.join("\n")).toBeGreaterThan(
        0,
      );
    },
  );
});
