import { describe, expect, test } from "vitest";
import { openingsOf } from "#engine/automatic.ts";
import { compareNames } from "#engine/newer.ts";
import type { Deployment } from "#model/deployment.ts";

function version(
  id: number,
  name: string,
  firstSeen: number,
  earliestStart: number | null = null,
): Deployment {
  const aliases = [{ kind: "version" as const, value: name }];
  return { id, service: "shop", environment: "", aliases, firstSeen, lastSeen: 900_000, earliestStart };
}

function active(id: number, requests: number) {
  return { deploymentId: id, newestWindow: 895_000, oldestWindow: 840_000, requests };
}

function pair(...versions: readonly Deployment[]): string | undefined {
  const activity = versions.map(({ id }) => active(id, 100 * id));
  const [opening] = openingsOf(versions, activity, 900_000);
  return opening === undefined ? undefined : `${opening.canary} against ${opening.baseline}`;
}

describe("of two versions that emit at once", () => {
  test("the one that was heard of later is the canary", () => {
    expect(pair(version(1, "2.0.0", 0), version(2, "1.9.0", 600_000))).toBe("1.9.0 against 2.0.0");
  });

  test("the higher name is the canary where both were heard of in the same minute", () => {
    expect(pair(version(1, "v2", 10_000), version(2, "v1", 14_000))).toBe("v2 against v1");
    expect(pair(version(1, "v10", 10_000), version(2, "v9", 14_000))).toBe("v10 against v9");
    expect(pair(version(1, "1.10.0", 10_000), version(2, "1.9.3", 14_000))).toBe("1.10.0 against 1.9.3");
  });

  test("the one whose instances started later is the canary, whatever was heard of first", () => {
    expect(pair(version(1, "v1", 10_000, 5_000), version(2, "v2", 12_000, 1_000))).toBe("v1 against v2");
  });

  test("and a third, the newest is compared with the busiest of the others", () => {
    expect(pair(version(1, "v1", 0), version(2, "v2", 100_000), version(3, "v3", 300_000))).toBe(
      "v3 against v2",
    );
  });

  test("one that fell silent a minute ago is not compared", () => {
    const versions = [version(1, "v1", 0), version(2, "v2", 100_000)];
    const activity = [active(1, 5), { ...active(2, 5), newestWindow: 835_000 }];
    expect(openingsOf(versions, activity, 900_000)).toEqual([]);
  });
});

test("names are ordered by semantic version first, release candidates before their release", () => {
  const names = ["1.2.0", "build-9", "1.10.0", "build-10", "1.2.0-rc.1"];
  expect([...names].sort(compareNames).filter((name) => name.startsWith("1"))).toEqual([
    "1.2.0-rc.1",
    "1.2.0",
    "1.10.0",
  ]);
  expect(compareNames("build-10", "build-9")).toBeGreaterThan(0);
});
