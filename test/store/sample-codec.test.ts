import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Histogram } from "#model/histogram.ts";
import type { Sample } from "#model/sample.ts";
import { decodePage, encodePage } from "#store/sqlite/cumulative-codec.ts";
import { decodeSample, encodeSample } from "#store/sqlite/sample-codec.ts";

/** fast-check also makes objects without a prototype; the codec gives back ordinary ones. */
const plain = <T>(written: T): T => structuredClone(written);

const anyNumber = fc.oneof(
  fc.nat(),
  fc.maxSafeNat(),
  fc.double(),
  fc.double({ min: 0, max: 10, noNaN: true }),
  fc.integer({ min: -1000, max: 10_000_000 }).map((millionths) => millionths / 1e6),
);
const numbers = fc.array(anyNumber, { maxLength: 40 });
const small = fc.integer({ min: -2000, max: 2000 });

const histogram: fc.Arbitrary<Histogram> = fc.oneof(
  fc.record({
    layout: fc.constant("exponential" as const),
    unit: fc.string({ unit: "binary" }),
    scale: small,
    zeroCount: anyNumber,
    offset: small,
    counts: numbers,
    sum: anyNumber,
  }),
  fc.record({
    layout: fc.constant("explicit" as const),
    unit: fc.string(),
    bounds: numbers,
    counts: numbers,
    sum: anyNumber,
  }),
);

const sample: fc.Arbitrary<Sample> = fc.oneof(
  fc.record({
    kind: fc.constant("requests" as const),
    count: anyNumber,
    errors: anyNumber,
    clientErrors: anyNumber,
    duration: fc.option(histogram),
    sampledShare: fc.option(anyNumber),
  }),
  fc.record({
    kind: fc.constantFrom("logs" as const, "pattern" as const),
    traces: fc.array(fc.bigInt({ min: 0n, max: 2n ** 52n - 1n }).map(Number)),
    untracedLines: anyNumber,
    records: anyNumber,
  }),
  fc.record({ kind: fc.constant("counter" as const), total: anyNumber }),
  fc.record({
    kind: fc.constant("gauge" as const),
    count: anyNumber,
    sum: anyNumber,
    sumOfSquares: anyNumber,
    minimum: anyNumber,
    maximum: anyNumber,
  }),
  fc.record({ kind: fc.constant("histogram" as const), histogram }),
);

describe("sample codec", () => {
  test("every sample reads back as it was written, bit for bit", () => {
    fc.assert(
      fc.property(sample, (written) => {
        expect(decodeSample(encodeSample(written))).toStrictEqual(plain(written));
      }),
      { numRuns: 2000 },
    );
  });

  test("the edges of what a number can be survive", () => {
    for (const total of [
      0,
      -0,
      1,
      NaN,
      Infinity,
      -Infinity,
      2 ** 53 - 1,
      2 ** 53,
      -1,
      5e-324,
      0.005,
      1e300,
    ]) {
      expect(decodeSample(encodeSample({ kind: "counter", total }))).toStrictEqual({
        kind: "counter",
        total,
      });
    }
  });

  test("a busy latency sample takes less than half of its JSON", () => {
    const busy: Sample = {
      kind: "requests",
      count: 1500,
      errors: 3,
      clientErrors: 20,
      sampledShare: 1,
      duration: {
        layout: "exponential",
        unit: "s",
        scale: 4,
        zeroCount: 0,
        offset: -90,
        counts: Array.from({ length: 60 }, (_, i) => (i * 37) % 90),
        sum: 71.238_734_001,
      },
    };
    expect(encodeSample(busy).length).toBeLessThan(JSON.stringify(busy).length / 2);
  });

  test("bytes cut short, bytes too many and a later layout are refused, never read as something else", () => {
    const bytes = encodeSample({ kind: "counter", total: 0.1 + 0.2 });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSample(bytes.subarray(0, length))).toThrow(/stored sample/);
    }
    expect(() => decodeSample(Buffer.concat([bytes, Buffer.from([0])]))).toThrow("1 bytes too many");
    const later = Buffer.from(bytes);
    later[0] = 2;
    expect(() => decodeSample(later)).toThrow("layout 2, this program reads layout 1");
  });

  test("cumulative states read back as they were written, an absent sum included", () => {
    const state = fc.record({
      key: fc.string(),
      start: anyNumber,
      time: anyNumber,
      value: anyNumber,
      sum: fc.oneof(anyNumber, fc.constant(NaN)),
      counts: fc.option(numbers),
      offset: small,
      scale: small,
    });
    fc.assert(
      fc.property(fc.array(state), (written) => {
        expect(decodePage(encodePage(written))).toStrictEqual(written.map(plain));
      }),
    );
  });
});
