import { describe, expect, test } from "vitest";
import { oracleDecode, requestTypes } from "#test/support/otlp-oracle.ts";
import { BackWriter } from "./back-writer.ts";
import { MovedBatches } from "./moved-batches.ts";
import { otlpBatch } from "./otlp-batches.ts";

const nowMs = 1_800_000_000_000;
const withoutTimes = (message: unknown): string =>
  JSON.stringify(message, (key, value: unknown) =>
    /timeUnixNano$/i.test(key)
      ? undefined
      : typeof value === "bigint"
        ? String(value)
        : value instanceof Uint8Array
          ? Buffer.from(value).toString("hex")
          : value,
  );

/** Every time in a message, in milliseconds, by the name of its field. */
function timesIn(message: unknown, found: Record<string, number[]> = {}): Record<string, number[]> {
  if (message === null || typeof message !== "object" || message instanceof Uint8Array) return found;
  for (const [key, value] of Object.entries(message)) {
    if (/timeUnixNano$/i.test(key)) (found[key] ??= []).push(Number(value) / 1e6);
    else timesIn(value, found);
  }
  return found;
}

describe.each(["traces", "metrics", "logs"] as const)("batches of %s, moved in time", (signal) => {
  test.each(["ascending", "descending"] as const)(
    "are the same records with times of the moment, %s",
    (order) => {
      const batches = new MovedBatches(signal, order, 2);
      const [, second] = batches.at(nowMs);
      const decoded = oracleDecode(requestTypes[signal], second!);
      const made = new BackWriter(order).encode(requestTypes[signal], otlpBatch(signal, 1));
      expect(withoutTimes(decoded)).toBe(withoutTimes(oracleDecode(requestTypes[signal], made)));
      for (const times of Object.values(timesIn(decoded))) {
        expect(Math.min(...times)).toBeGreaterThanOrEqual(nowMs);
        expect(Math.max(...times)).toBeLessThan(nowMs + 10_000);
      }
    },
  );

  test("are never the same bytes again, and never go back in time", () => {
    const batches = new MovedBatches(signal, "ascending", 2);
    const rounds = [batches.at(nowMs), batches.at(nowMs)].map((bodies) => Buffer.from(bodies[0]!));
    expect(rounds[0]!.equals(rounds[1]!)).toBe(false);
    const [first, again] = rounds.map((bytes) =>
      Math.min(...(Object.values(timesIn(oracleDecode(requestTypes[signal], bytes)))[0] ?? [])),
    );
    expect(again).toBeGreaterThan(first!);
  });
});
