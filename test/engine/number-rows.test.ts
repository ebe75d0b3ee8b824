import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberRows, type NumberRow } from "#engine/number-rows.ts";

test("rows that are in use never overlap, whatever was given back between", () => {
  const step = fc.record({ length: fc.integer({ min: 1, max: 3000 }), givesBack: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const rows = new NumberRows();
      const used: { readonly row: NumberRow; readonly length: number; readonly mark: number }[] = [];
      steps.forEach(({ length, givesBack }, mark) => {
        if (givesBack) {
          const [last] = used.splice(-1);
          if (last !== undefined) rows.giveBack(last.row);
        }
        const row = rows.take(length);
        expect(row.room).toBeGreaterThanOrEqual(length);
        row.numbers.fill(mark, row.at, row.at + row.room);
        used.push({ row, length, mark });
      });
      for (const { row, length, mark } of used) {
        const own = row.numbers.subarray(row.at, row.at + length);
        expect(own.length === length && own.every((number) => number === mark)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test("a row that was given back is used again", () => {
  const rows = new NumberRows();
  const first = rows.take(20);
  rows.giveBack(first);
  expect(rows.take(17)).toBe(first);
});
