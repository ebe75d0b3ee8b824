import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attribute } from "#engine/attribute.ts";
import { confoundersOf } from "#engine/parity.ts";
import { joinTraits } from "#engine/traits.ts";
import type { Instance, Traits } from "#model/deployment.ts";
import { SmallWorld } from "#test/support/small-world.ts";

function instances(...traits: Traits[]): Instance[] {
  return traits.map((own, i) => {
    const seen = { started: null, firstSeen: 0, lastSeen: 1 };
    return { id: i + 1, deploymentId: 1, name: `pod-${i}`, identified: true, traits: own, ...seen };
  });
}
const a = { zone: "eu-1a" };
const b = { zone: "eu-1b" };
const c = { zone: "eu-1c" };

describe("what differs between the arms beyond the version", () => {
  it("is nothing where both run alike, or where one side does not tell", () => {
    expect(confoundersOf(instances(a, b), instances(a, b, a, b))).toEqual([]);
    expect(confoundersOf(instances({}, {}), instances(a, b))).toEqual([]);
  });

  it("is named where the canary runs where no baseline instance does", () => {
    const graviton = { "processor architecture": "arm64" };
    const intel = { "processor architecture": "amd64" };
    expect(confoundersOf(instances(graviton), instances(intel, intel))).toEqual([
      "processor architecture: arm64 in the canary, amd64 in the baseline",
    ]);
  });

  it("is named where all of several canary instances crowd into one of three zones", () => {
    expect(confoundersOf(instances(a, a), instances(a, b, c))).toEqual([
      "zone: eu-1a in the canary, eu-1a (33 %, and 2 others) in the baseline",
    ]);
  });

  it("is no news of a single instance, which is always in one of them", () => {
    expect(confoundersOf(instances(a), instances(a, b, c))).toEqual([]);
  });
});

describe("traits of an instance", () => {
  it("are read from its resource, whatever else that says", () => {
    const attributes = new Map<string, string>([
      ["service.name", "shop"],
      ["service.version", "2"],
      ["host.type", "c7g.large"],
      ["cloud.availability_zone", "eu-1a"],
      ["host.arch", " "],
    ]);
    const found = attribute(attributes);
    expect(found.ok && found.value.traits).toEqual({ "node type": "c7g.large", zone: "eu-1a" });
  });

  it("are the same whatever record came first", () => {
    const traits = fc.dictionary(
      fc.constantFrom("zone", "runtime", "region"),
      fc.constantFrom("1", "2", "3"),
    );
    fc.assert(
      fc.property(traits, traits, traits, (x, y, z) => {
        expect(joinTraits(joinTraits(x, y), z)).toEqual(joinTraits(z, joinTraits(y, x)));
      }),
    );
  });
});

it("a report says on what different ground its versions run", () => {
  const world = new SmallWorld({
    policy: { settle: "5s", warmUp: "0s", steps: [{ weight: 50, dwell: "5m" }] },
  });
  world.arms.v1.traits = { zone: "eu-1a" };
  world.arms.v2.traits = { zone: "eu-1b" };
  world.run(30_000);
  const id = world.open("act");
  world.run(60_000);
  expect(world.ledger.report(id)!.notes).toContain(
    "The versions run on different ground, which may be what is seen: zone: eu-1b in the canary, eu-1a in the baseline.",
  );
});
