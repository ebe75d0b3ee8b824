import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { partition, sightingKey, type Sighting } from "#engine/partition.ts";
import { aliasKinds, type Alias, type AliasKind } from "#model/deployment.ts";

const short: Readonly<Record<string, AliasKind>> = {
  d: "deploymentId",
  h: "templateHash",
  i: "imageDigest",
  v: "version",
  r: "vcsRevision",
};

/** "pod-a h1 v2": instance (or "-") and aliases, strongest first. */
function seen(text: string): Sighting {
  const [instance = "-", ...names] = text.split(" ");
  const aliases = names.map((name): Alias => ({ kind: short[name[0] ?? ""] ?? "version", value: name }));
  return { instance: instance === "-" ? null : instance, aliases };
}

/** Home of each sighting by the value of its anchor; null where ambiguous. */
function homes(...texts: readonly string[]): readonly (string | null)[] {
  const found = partition(texts.map(seen));
  return texts.map((text) => {
    const home = found.homes.get(sightingKey(seen(text))) ?? null;
    return home === null ? null : (found.revisions.get(home)?.anchor.value ?? null);
  });
}

describe("revisions", () => {
  it("a config-only change is two revisions though the version agrees", () => {
    expect(homes("- h1 v1", "- h2 v1")).toEqual(["h1", "h2"]);
  });
  it("a cold cache invents no revision: the version alone joins the only hash that carries it", () => {
    expect(homes("- v2", "- h2 v2", "- h1 v1")).toEqual(["h2", "h2", "h1"]);
  });
  it("a version that fits two hashes is ambiguous, except on an instance that is known", () => {
    expect(homes("- v1", "a v1", "a h1 v1", "b h2 v1")).toEqual([null, "h1", "h1", "h2"]);
  });
  it("names that one instance shows apart are one revision", () => {
    expect(homes("a v2", "a h2", "b v2")).toEqual(["h2", "h2", "h2"]);
  });
  it("an instance name that lives on in the next version does not join the versions", () => {
    expect(homes("shop-0 v1", "shop-0 v2")).toEqual(["v1", "v2"]);
  });
  it("an instance that gives one hash two versions in separate sightings is not believed", () => {
    expect(homes("a h1", "a v1", "a v2")).toEqual(["h1", null, null]);
  });
  it("a label that changes in place leaves the revision: the hash decides", () => {
    expect(homes("a h1 v1", "a h1 v2")).toEqual(["h1", "h1"]);
  });

  const alias = (kind: AliasKind): fc.Arbitrary<readonly Alias[]> =>
    fc
      .option(fc.constantFrom("1", "2"), { nil: null })
      .map((n) => (n === null ? [] : [{ kind, value: kind + n }]));
  const sighting = fc
    .record({
      instance: fc.constantFrom(null, "a", "b", "c"),
      aliases: fc.tuple(...aliasKinds.map(alias)).map((lists) => lists.flat()),
    })
    .filter(({ aliases }) => aliases.length > 0);

  it("the order of arrival never changes them", () => {
    const shuffled = fc
      .uniqueArray(sighting, { minLength: 1, maxLength: 12, selector: sightingKey })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));
    fc.assert(
      fc.property(shuffled, ([all, other]) => {
        const a = partition(all);
        const b = partition(other);
        expect(new Map([...b.homes].sort())).toEqual(new Map([...a.homes].sort()));
        expect(new Map([...b.revisions].sort())).toEqual(new Map([...a.revisions].sort()));
      }),
      { numRuns: 500 },
    );
  });
});
