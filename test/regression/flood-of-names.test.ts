import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Attribution } from "#engine/attribute.ts";
import { DeploymentRegistry } from "#engine/deployment-registry.ts";
import { defaultIngestLimits } from "#engine/ingest-limits.ts";
import { partition, sightingKey, type Sighting } from "#engine/partition.ts";
import { aliasKinds, type Alias } from "#model/deployment.ts";
import { accumulateOn, openStore } from "#test/support/stored-counts.ts";
import { logView, pointView, spanView } from "#test/support/views.ts";

function attributionOf({ instance, aliases }: Sighting): Attribution {
  const named = { name: instance ?? "", identified: instance !== null };
  return { service: "shop", environment: "", aliases, instance: named, started: null, traits: {} };
}

const names = fc
  .tuple(
    ...aliasKinds.map((kind) =>
      fc
        .option(fc.constantFrom("1", "2"), { nil: null })
        .map((n): readonly Alias[] => (n === null ? [] : [{ kind, value: kind + n }])),
    ),
  )
  .map((lists) => lists.flat())
  .filter((aliases) => aliases.length > 0);
const sighting: fc.Arbitrary<Sighting> = fc.record({
  instance: fc.constantFrom(null, "a", "b", "c", "d", "e"),
  aliases: names,
});

describe("a flood of names", () => {
  it("instances that join a known revision stand where grouping all of them anew puts them", () => {
    fc.assert(
      fc.property(fc.array(sighting, { maxLength: 14 }), (sightings) => {
        const registry = new DeploymentRegistry({ ...defaultIngestLimits, namingsOfInstance: 100 });
        const group = registry.group("shop", "");
        if (group === null) throw new Error("no group");
        for (const one of sightings) registry.place(group, attributionOf(one));
        const { homes, revisions } = partition(sightings);
        expect([...group.partition.revisions.keys()].sort()).toEqual([...revisions.keys()].sort());
        for (const one of sightings) {
          const key = sightingKey(one);
          expect(group.partition.homes.get(key)).toBe(homes.get(key));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("ten thousand instances of one version are grouped a handful of times, not ten thousand", () => {
    const registry = new DeploymentRegistry({ ...defaultIngestLimits, instancesOfService: 10_000 });
    const group = registry.group("shop", "");
    if (group === null) throw new Error("no group");
    const aliases: readonly Alias[] = [{ kind: "version", value: "1" }];
    for (let i = 0; i < 10_000; i += 1) {
      expect(registry.place(group, attributionOf({ instance: `pod-${i}`, aliases })).placed).toBe("row");
    }
    expect(group.epoch).toBe(1);
  });

  it("instances of one service past its cap leave room to the instances of another", () => {
    const registry = new DeploymentRegistry({
      ...defaultIngestLimits,
      instances: 100,
      instancesOfService: 20,
    });
    const flooded = registry.group("bomb", "");
    const other = registry.group("shop", "");
    if (flooded === null || other === null) throw new Error("no group");
    const aliases: readonly Alias[] = [{ kind: "version", value: "1" }];
    const placed = Array.from(
      { length: 500 },
      (_, i) => registry.place(flooded, attributionOf({ instance: `pod-${i}`, aliases })).placed,
    );
    expect(placed.filter((word) => word === "row")).toHaveLength(20);
    expect(registry.isCrowded).toBe(true);
    expect(registry.place(other, attributionOf({ instance: "a", aliases })).placed).toBe("row");
  });

  it("series and streams of one service past its cap leave room to another", () => {
    const limits = { seriesOfService: 5, streamsOfService: 4 };
    const on = accumulateOn(openStore(), { limits, namedMetrics: new Set(["jobs"]) });
    const t0 = 1_700_000_000_000;
    on.accumulate.begin(t0);
    const resourceOf = (service: string): number =>
      on.accumulate.resource(
        new Map([
          ["service.name", service],
          ["service.version", "1"],
        ]),
      );
    for (let i = 0; i < 100; i += 1) {
      const at = { resource: resourceOf("bomb"), time: t0, value: 1 };
      on.accumulate.point(pointView(on.interner, { ...at, attributesHashLow: i }));
      on.accumulate.span(
        spanView(
          on.interner,
          { "http.request.method": "GET", "http.route": `/r${i}` },
          { resource: at.resource, end: t0, durationSeconds: 1 },
        ),
      );
    }
    expect(on.accumulate.sizes()).toMatchObject({ series: 5, streams: 4 });
    on.accumulate.point(pointView(on.interner, { resource: resourceOf("shop"), time: t0, value: 1 }));
    on.accumulate.log(logView({ resource: resourceOf("shop"), time: t0 }));
    expect(on.accumulate.sizes()).toMatchObject({ series: 6, streams: 5 });
    on.store.close();
  });

  it("one instance that shows ever new versions is not believed, and does not grow", () => {
    const registry = new DeploymentRegistry(defaultIngestLimits);
    const group = registry.group("shop", "");
    if (group === null) throw new Error("no group");
    for (let i = 0; i < 1000; i += 1) {
      registry.place(group, attributionOf({ instance: "a", aliases: [{ kind: "version", value: `v${i}` }] }));
    }
    expect(group.sightings.size).toBeLessThanOrEqual(defaultIngestLimits.namingsOfInstance);
  });
});
