import { expect, test } from "vitest";
import { SmallWorld } from "#test/support/small-world.ts";

/** Harm that only the exact test at the horizon shows; as in the scenario of that name. */
function endedAfter(looksPerWindow: number) {
  const policy = {
    name: "short",
    settle: "3s",
    warmUp: "5s",
    horizon: "75s",
    steps: [{ weight: 50, dwell: "10m" }],
    operations: false,
  };
  const world = new SmallWorld({ policy, seed: 2 });
  Object.assign(world.arms.v1, { rps: 60, instances: 6, errors: 0.01 });
  Object.assign(world.arms.v2, { rps: 60, instances: 6, errors: 0.026 });
  world.run(30_000);
  const id = world.open("act");
  for (let window = 0; window < 24; window += 1) world.step(looksPerWindow);
  const { verdict, terminal } = world.ledger.analysis(id)!;
  return { word: terminal?.word, codes: verdict.reasons.map(({ code }) => code) };
}

test("the deadline test is made although the horizon comes between two seals", () => {
  const harm = { word: "rollback", codes: ["deadlineHarm"] };
  expect(endedAfter(1)).toEqual(harm);
  expect(endedAfter(4)).toEqual(harm);
});
