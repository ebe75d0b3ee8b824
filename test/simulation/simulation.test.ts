import { expect, test } from "vitest";
import { simulateMany, tellFailure } from "./simulate-many.ts";

const seeds = 500;

test(`no promise breaks in ${seeds} seeds of faults, crashes, operators and bad telemetry`, async () => {
  const failures: string[] = [];
  const summary = await simulateMany({ from: 1, seeds }, (outcome) => {
    if (outcome.violations.length > 0) failures.push(tellFailure(outcome));
  });
  console.log(summary.text);
  expect(failures.slice(0, 3).join("\n\n")).toBe("");
  // The runs see all that they are meant to see: else they would prove nothing.
  for (const seen of [
    "healthy promote",
    "failing rollback",
    "slow rollback",
    "neverSeen inconclusive",
    "dies rollback",
  ]) {
    expect(summary.tally.get(seen) ?? 0, seen).toBeGreaterThan(10);
  }
  expect(summary.crashes).toBeGreaterThan(seeds / 2);
}, 240_000);
