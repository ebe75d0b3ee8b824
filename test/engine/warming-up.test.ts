import { expect, test } from "vitest";
import { SmallWorld } from "#test/support/small-world.ts";

/** What the analysis says of itself at each look after it was opened together with the canary. */
function saidFor(
  ms: number,
): { readonly reasons: readonly string[]; readonly findings: readonly string[] }[] {
  const world = new SmallWorld({ policy: { settle: "10s", warmUp: "2m" } });
  world.arms.v2.silent = true;
  world.run(60_000);
  const id = world.open("report");
  world.arms.v2.silent = false;
  world.arms.v2.share = 0.5;
  const said: ReturnType<typeof saidFor> = [];
  for (let at = 0; at < ms; at += 5000) {
    world.run(5000);
    const { analysis } = world.ledger.report(id)!;
    said.push({
      reasons: analysis.verdict.reasons.map(({ text }) => text),
      findings: analysis.findings.flatMap((one) => [one.why, one.marginWhy ?? ""]),
    });
  }
  return said;
}

test("before its first window is sealed an analysis says that it warms up, and when it judges", () => {
  const warming = saidFor(15_000).flatMap(({ reasons }) =>
    reasons.flatMap(
      (text) => /^warming up: the first 5 s of both versions are judged within (\d+) s$/.exec(text) ?? [],
    ),
  );
  expect(warming.length).toBeGreaterThan(0);
});

test("latency without a warm instance says from which age durations count", () => {
  const whys = saidFor(30_000).flatMap(({ findings }) => findings);
  expect(whys).toContain(
    "the service: no durations of the canary to compare yet: those of an instance count once it is 2 min old",
  );
});

test("a margin is never explained by instances that are not there", () => {
  const whys = saidFor(60_000).flatMap(({ findings }) => findings);
  expect(whys.filter((why) => why.includes("cannot exclude")).length).toBeGreaterThan(0);
  expect(whys.filter((why) => /0 canary instances|against 0 cannot/.test(why))).toEqual([]);
});
