import { expect, test } from "vitest";
import { EndedAnalyses } from "#src/ended-analyses.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function ended(world: SmallWorld): string {
  const id = world.open("report");
  world.step();
  world.ledger.operate(id, { deed: "abort", actor: "ann", reason: "a test" }, world.now);
  world.run(30_000, () => world.ledger.analysis(id)?.phase.phase === "ended");
  return id;
}

test("the newest ended analyses are known as soon as they end and after a restart, those opened last first", () => {
  const world = new SmallWorld({ policy: { minimum: "10m" } });
  const atOnce = new EndedAnalyses(world.ledger, world.control, 2);
  const ids = [ended(world), ended(world), ended(world)];
  const newest = [ids[2], ids[1]];
  expect(atOnce.newest().map(({ id }) => id)).toEqual(newest);
  expect(atOnce.newest().map(({ terminal }) => terminal)).toEqual(
    newest.map((id) => world.control.analysis(id ?? "")?.analysis.terminal),
  );
  world.restart();
  expect(new EndedAnalyses(world.ledger, world.control, 2).newest().map(({ id }) => id)).toEqual(newest);
});
