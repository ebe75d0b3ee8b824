import { describe, expect, test } from "vitest";
import type { PartitionBounds } from "#ingest/kafka/broker-client.ts";
import { Positions, type Correction } from "#ingest/kafka/positions.ts";

const place = { topic: "otlp_spans", partition: 0 };

function at(next: number): Positions {
  return new Positions("main", [
    { source: "main", ...place, next },
    { source: "other", ...place, next: 99 },
  ]);
}

function compare(positions: Positions, low: number, high: number): readonly Correction[] {
  return positions.compare([{ ...place, low, high }], (bounds: PartitionBounds) => bounds.high);
}

describe("where reading goes on, beside what the broker has", () => {
  test("what fits needs no correction, and a partition that was never read begins where it is told to", () => {
    expect(compare(at(5), 0, 5)).toStrictEqual([]);
    expect(compare(at(5), 5, 9)).toStrictEqual([]);
    expect(compare(new Positions("main", []), 2, 7)).toMatchObject([
      { why: "begins", move: { from: null, next: 7 } },
    ]);
  });

  test("what was removed before it was read is counted", () => {
    expect(compare(at(5), 8, 9)).toStrictEqual([
      { why: "removed", move: { source: "main", ...place, from: 5, next: 8 }, lost: 3 },
    ]);
  });

  test("a partition too short at one look is left alone, at two in a row it is another one of that name", () => {
    const positions = at(5);
    expect(compare(positions, 0, 3)).toStrictEqual([]);
    expect(compare(positions, 0, 5)).toStrictEqual([]);
    expect(compare(positions, 0, 3)).toStrictEqual([]);
    expect(compare(positions, 0, 4)).toMatchObject([{ why: "shrunk", move: { from: 5, next: 0 } }]);
  });

  test("another source's offsets are its own, and lag is that of the partitions that were given", () => {
    const positions = at(5);
    compare(positions, 0, 7);
    expect(positions.lag()).toStrictEqual([]);
    positions.assign([place]);
    expect(positions.lag()).toStrictEqual([{ ...place, messages: 2 }]);
    positions.advance({ ...place, next: 7 }, 9, null);
    expect(positions.lag()).toStrictEqual([{ ...place, messages: 2 }]);
    expect(positions.standing()).toMatchObject([{ ...place, next: 7 }]);
  });

  test("are behind since the newest message taken of the partition furthest behind, and not at all where nothing waits", () => {
    const positions = new Positions("kafka", []);
    const [near, far] = [
      { topic: "t", partition: 0 },
      { topic: "t", partition: 1 },
    ] as const;
    positions.assign([near, far]);
    positions.advance({ ...near, next: 5 }, 9, 70_000);
    positions.advance({ ...far, next: 5 }, 9, 20_000);
    expect(positions.behindSince()).toBe(20_000);
    positions.advance({ ...far, next: 9 }, 9, 80_000);
    expect(positions.behindSince()).toBe(70_000);
    positions.advance({ ...near, next: 9 }, 9, 90_000);
    expect(positions.behindSince()).toBeNull();
  });
});
