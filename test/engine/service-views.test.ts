import { expect, test } from "vitest";
import { serviceViews } from "#engine/service-views.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function why(world: SmallWorld): string | null {
  const open = world.ledger.openAnalyses();
  const ended = world.control.analyses({ service: null, environment: null, open: false, limit: 10 });
  const [view] = serviceViews(world.telemetry.reader, { open, ended }, world.now);
  return view!.whyNoAnalysis;
}

/** Two versions that serve together, and the analysis of the newer one. */
function comparing(): { readonly world: SmallWorld; readonly id: string } {
  const world = new SmallWorld();
  world.run(30_000);
  const id = world.open("report");
  world.arms.v2.share = 0.5;
  world.run(20_000);
  return { world, id };
}

test("while an analysis is open nothing has to be explained", () => {
  const { world } = comparing();
  expect(why(world)).toBeNull();
});

test("an analysis that ended for the version that would be compared is named with its verdict", () => {
  const { world, id } = comparing();
  const aborted = world.ledger.operate(id, { deed: "abort", reason: "enough", actor: "me" }, world.now);
  expect(aborted.ok).toBe(true);
  world.run(5000);
  expect(why(world)).toBe(
    `analysis ${id} of v2 against v1 ended with rollback; POST /v1/analyses opens another attempt`,
  );
});

test("where one version is left, the last analysis stands behind the reason", () => {
  const { world, id } = comparing();
  world.ledger.operate(id, { deed: "abort", reason: "enough", actor: "me" }, world.now);
  world.arms.v2.silent = true;
  world.run(120_000);
  expect(why(world)).toBe(
    `only one of its versions emits now; an analysis opens by itself when two emit at once; analysis ${id} of v2 against v1 ended with rollback`,
  );
});
