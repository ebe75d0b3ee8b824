import { expect, test } from "vitest";
import { windowLengthMs } from "#model/time.ts";
import { SmallWorld } from "#test/support/small-world.ts";

/** A world with one acting analysis that has gathered evidence, in the moment before its next seal is looked at. */
function beforeSeal(): { readonly world: SmallWorld; readonly id: string } {
  const world = new SmallWorld({
    policy: { settle: "5s", warmUp: "0s", steps: [{ weight: 50, dwell: "5m" }] },
  });
  world.run(30_000);
  const id = world.open("act");
  world.run(30_000);
  world.step(0);
  world.now += windowLengthMs;
  return { world, id };
}

/** Looks in steps and does something in the pause after the first `steps` of them; returns how many there were. */
function lookAndMeanwhile(world: SmallWorld, steps: number, deed: () => void): number {
  const looking = world.ledger.lookInSteps(world.now);
  let taken = 0;
  while (looking.next().done !== true) {
    taken += 1;
    if (taken === steps) deed();
  }
  return taken;
}

test("a look with pauses gives what it gives at once", () => {
  const paused = beforeSeal();
  const whole = beforeSeal();
  expect(lookAndMeanwhile(paused.world, 1, () => undefined)).toBeGreaterThan(10);
  whole.world.ledger.look(whole.world.now);
  expect(paused.world.ledger.report(paused.id)).toEqual(whole.world.ledger.report(whole.id));
});

test("a hold that an operator commands in any pause of a look stands after it", () => {
  const steps = lookAndMeanwhile(beforeSeal().world, 0, () => undefined);
  for (let pause = 1; pause <= steps; pause += 5) {
    const { world, id } = beforeSeal();
    lookAndMeanwhile(world, pause, () => {
      const held = world.ledger.operate(id, { deed: "hold", reason: "lunch", actor: "me" }, world.now);
      expect(held.ok).toBe(true);
    });
    expect(world.ledger.analysis(id)!.phase).toMatchObject({ phase: "held", why: "held by me: lunch" });
  }
});

test("an analysis that is aborted in a pause stays aborted, with one rollback commanded", () => {
  const { world, id } = beforeSeal();
  lookAndMeanwhile(world, 5, () => {
    world.ledger.operate(id, { deed: "abort", reason: "enough", actor: "me" }, world.now);
  });
  world.run(20_000);
  const report = world.ledger.report(id)!;
  expect(report.analysis.phase).toMatchObject({ phase: "ended", as: "rolledBack" });
  expect(report.commands.filter(({ command }) => command.kind === "rollback")).toHaveLength(1);
});

test("a report-only analysis that gives way in a pause is not looked at any further", () => {
  const world = new SmallWorld({ policy: { settle: "5s", warmUp: "0s" } });
  world.run(30_000);
  const first = world.open("report");
  world.arms.v2.share = 0.5;
  world.run(30_000);
  world.step(0);
  world.now += windowLengthMs;
  let second = "";
  lookAndMeanwhile(world, 5, () => {
    second = world.open("act");
  });
  expect(world.ledger.analysis(first)!.phase).toMatchObject({ phase: "ended", as: "superseded" });
  expect(world.ledger.openAnalyses().map(({ id }) => id)).toEqual([second]);
});
