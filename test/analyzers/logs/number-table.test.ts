import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NumberTable } from "#analyzers/logs/number-table.ts";
import { Siblings } from "#analyzers/logs/siblings.ts";

// Few low bits, so that many keys want one cell.
const keyOf = fc.tuple(fc.nat(7), fc.nat(40)).map(([low, high]) => high * 2 ** 32 + low + (high % 3) * 64);
const stepOf = fc.record({ key: keyOf, place: fc.nat(1000), remove: fc.boolean() });

describe("a table of numbers", () => {
  test("answers as a map does, whatever was set and deleted", () => {
    fc.assert(
      fc.property(fc.array(stepOf, { maxLength: 300 }), (steps) => {
        const table = new NumberTable();
        const map = new Map<number, number>();
        for (const { key, place, remove } of steps) {
          if (remove) {
            table.delete(key);
            map.delete(key);
          } else {
            table.set(key, place);
            map.set(key, place);
          }
          expect(table.size).toBe(map.size);
        }
        for (const { key } of steps) expect(table.get(key)).toBe(map.get(key) ?? -1);
      }),
    );
  });

  test("100,000 hashes that agree in their low 20 bits are all found again", () => {
    const table = new NumberTable();
    const key = (at: number) => at * 2 ** 20;
    for (let at = 0; at < 100_000; at += 1) table.set(key(at), at);
    for (let at = 0; at < 100_000; at += 1) expect(table.get(key(at))).toBe(at);
    expect(table.get(0.5)).toBe(-1);
  });
});

describe("siblings", () => {
  test("so many show a variable, once, and later ones know it", () => {
    const siblings = new Siblings(10);
    expect(siblings.add(7, 100, 3).tag).toBe("open");
    expect(siblings.add(7, 101, 3).tag).toBe("open");
    expect(siblings.add(7, 102, 3)).toEqual({ tag: "shown", members: [100, 101, 102] });
    siblings.settle(7, 55);
    expect(siblings.add(7, 103, 3)).toEqual({ tag: "known", pattern: 55 });
    expect(siblings.known(7)).toBe(55);
    expect(siblings.known(8)).toBe(-1);
  });

  test("past the capacity the oldest place is forgotten, and counted where it had shown nothing", () => {
    const siblings = new Siblings(3);
    for (const key of [1, 2, 3]) siblings.add(key, key, 2);
    siblings.add(1, 9, 2);
    siblings.settle(1, 77);
    siblings.add(4, 4, 2);
    expect(siblings.known(1)).toBe(-1);
    expect(siblings.forgotten).toBe(0);
    siblings.add(5, 5, 2);
    expect(siblings.forgotten).toBe(1);
    expect(siblings.add(2, 2, 2).tag).toBe("open");
    expect(siblings.add(4, 40, 2)).toEqual({ tag: "shown", members: [4, 40] });
  });
});
