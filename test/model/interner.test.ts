import fc from "fast-check";
import { expect, test } from "vitest";
import type { Interner } from "#engine/ports.ts";
import { BoundedInterner, defaultInternerLimits, overflowText } from "#model/interner.ts";

function internBytes(interner: Interner, text: string): number {
  const bytes = Buffer.from(`--${text}--`);
  return interner.fromBytes(bytes, 2, bytes.length - 2);
}

test("a string has one number, from bytes and from text, and gives itself back", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 30 }), { maxLength: 200 }), (texts) => {
      const interner = new BoundedInterner();
      const numbers = texts.map((text) => internBytes(interner, text));
      expect(texts.map((text) => interner.fromString(text))).toEqual(numbers);
      expect(numbers.map((number) => interner.textOf(number))).toEqual(texts);
      expect(new Set(numbers.filter((number) => number !== 0)).size).toBe(
        new Set(texts.filter((text) => text !== "")).size,
      );
    }),
  );
});

test("ten thousand strings stay apart while the table grows", () => {
  const interner = new BoundedInterner();
  const numbers = Array.from({ length: 10_000 }, (_, index) => interner.fromString(`/route/${index}`));
  expect(new Set(numbers).size).toBe(10_000);
  expect(interner.size).toBe(10_000);
  expect(interner.fromString("/route/77")).toBe(numbers[77]);
  expect(interner.textOf(numbers[9_999]!)).toBe("/route/9999");
});

test("the empty string is absent", () => {
  const interner = new BoundedInterner();
  expect([interner.fromString(""), internBytes(interner, ""), interner.textOf(0)]).toEqual([0, 0, ""]);
});

test("past the cap on texts every new string is the overflow text, and known ones are still found", () => {
  const interner = new BoundedInterner({ ...defaultInternerLimits, texts: 2 });
  const first = interner.fromString("a");
  interner.fromString("b");
  expect(interner.fromString("c")).toBe(overflowText);
  expect(interner.fromString("a")).toBe(first);
  expect(interner.textOf(overflowText)).toBe("(overflow)");
  expect(interner.counters).toEqual({ overflowed: 1, cut: 0 });
  const wider = new BoundedInterner({ ...defaultInternerLimits, texts: 3 });
  expect(["a", "b", "c"].map((text) => wider.fromString(text))).not.toContain(overflowText);
});

test("past the cap on bytes every new string is the overflow text", () => {
  const interner = new BoundedInterner({ ...defaultInternerLimits, tableBytes: 10 });
  expect(interner.fromString("0123456789")).not.toBe(overflowText);
  expect(interner.fromString("x")).toBe(overflowText);
});

test("a string over the length limit is cut between characters, the same from bytes and from text", () => {
  const interner = new BoundedInterner({ ...defaultInternerLimits, textBytes: 4 });
  const cut = interner.fromString("abcé-and-more");
  expect(interner.textOf(cut)).toBe("abc");
  expect(internBytes(interner, "abcé-and-more")).toBe(cut);
  expect(interner.fromString("abcd")).not.toBe(interner.fromString("abcde".slice(0, 3)));
  expect(interner.textOf(interner.fromString("abcd"))).toBe("abcd");
  expect(interner.counters.cut).toBe(2);
});

test("a reset starts a generation in which nothing is known", () => {
  const interner = new BoundedInterner();
  const generation = interner.generation;
  const old = interner.fromString("a");
  interner.reset();
  expect(interner.generation).not.toBe(generation);
  expect(() => interner.textOf(old)).toThrow(RangeError);
  expect(interner.textOf(interner.fromString("b"))).toBe("b");
});
