import fc from "fast-check";
import { expect, test } from "vitest";
import { PairTable } from "#engine/pair-table.ts";
import { TextJudgements } from "#engine/text-judgements.ts";

test("a table of pairs holds what a map of both numbers holds, while it grows", () => {
  const entry = fc.tuple(fc.nat(60), fc.nat(60), fc.nat(1000));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 1500 }), (entries) => {
      const table = new PairTable();
      const map = new Map<string, number>();
      for (const [first, second, value] of entries) {
        table.set(first, second, value);
        map.set(`${first}/${second}`, value);
      }
      expect(table.size).toBe(map.size);
      for (let first = 0; first <= 60; first += 1)
        for (let second = 0; second <= 60; second += 3)
          expect(table.get(first, second)).toBe(map.get(`${first}/${second}`) ?? -1);
    }),
    { numRuns: 20 },
  );
});

test("a cleared table holds nothing", () => {
  const table = new PairTable();
  table.set(3, 4, 0);
  expect(table.get(3, 4)).toBe(0);
  table.clear();
  expect([table.get(3, 4), table.size]).toEqual([-1, 0]);
});

test("each text is judged once, until what was judged is forgotten", () => {
  const asked: number[] = [];
  const even = new TextJudgements((text) => {
    asked.push(text);
    return text % 2 === 0;
  });
  expect([2, 3, 2, 3, 70_000].map((text) => even.of(text))).toEqual([true, false, true, false, true]);
  expect(asked).toEqual([2, 3, 70_000]);
  even.forget();
  expect(even.of(2)).toBe(true);
  expect(asked).toEqual([2, 3, 70_000, 2]);
});
