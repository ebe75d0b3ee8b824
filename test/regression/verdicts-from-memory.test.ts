import { expect, test } from "vitest";
import type { ControlStore, TelemetryReader } from "#engine/ports.ts";
import { createAsking } from "#src/answer.ts";
import { SmallWorld } from "#test/support/small-world.ts";

/** A world of which it is known how often its stores were read since the callers were made. */
function counted(before: (world: SmallWorld) => void) {
  const world = new SmallWorld();
  world.run(30_000);
  before(world);
  const reads = { analyses: 0, deployments: 0 };
  const control: ControlStore = {
    ...world.control,
    analyses: (filter) => {
      reads.analyses += 1;
      return world.control.analyses(filter);
    },
  };
  const telemetry: TelemetryReader = {
    ...world.telemetry.reader,
    deployments: () => {
      reads.deployments += 1;
      return world.telemetry.reader.deployments();
    },
  };
  const asking = createAsking({
    ledger: world.ledger,
    control,
    telemetry,
    clock: { now: () => world.now },
    onChange: () => undefined,
    checks: () => [],
  });
  return { world, asking, reads, atStart: { ...reads } };
}

function abort(world: SmallWorld, id: string): void {
  const aborted = world.ledger.operate(id, { deed: "abort", reason: "enough", actor: "me" }, world.now);
  expect(aborted.ok).toBe(true);
}

const asked = { service: "shop", environment: "test", canary: "v2", baseline: null };

test("a poll reads no store, be its analysis open or ended, before this process began or since", () => {
  let first = "";
  const { world, asking, reads, atStart } = counted((early) => {
    first = early.open("report");
    abort(early, first);
  });
  expect(asking.verdict(asked)).toMatchObject({ analysis: first, terminal: true, verdict: "rollback" });
  const second = world.open("report");
  expect(asking.verdict(asked)).toMatchObject({ analysis: second, verdict: "continue" });
  abort(world, second);
  expect(asking.verdict(asked)).toMatchObject({ analysis: second, terminal: true, attempt: 2 });
  expect(reads).toEqual(atStart);
});

test("a name other than the one it was opened under is looked up", () => {
  const { world, asking, reads, atStart } = counted((early) => {
    early.open("report");
  });
  expect(asking.verdict({ ...asked, canary: "abc123" })).toMatchObject({ analysis: "" });
  expect(reads.deployments).toBeGreaterThan(atStart.deployments);
  world.run(5000);
});
