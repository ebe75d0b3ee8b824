import fc from "fast-check";
import { expect, test } from "vitest";
import { bodyDigest } from "#ingest/otlp/body-digest.ts";
import type { Signal } from "#ingest/otlp/schema.ts";

function digestOf(signal: Signal, bytes: Uint8Array): string {
  return bodyDigest({ signal, format: "protobuf", bytes });
}

test("the same bytes have one digest, wherever they stand in memory", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      const held = new Uint8Array(bytes.length + 3);
      held.set(bytes, 3);
      expect(digestOf("traces", held.subarray(3))).toBe(digestOf("traces", bytes));
    }),
  );
});

test("one bit, one byte more and another signal make another body", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.nat(), (bytes, at) => {
      const flipped = Uint8Array.from(bytes);
      const place = at % bytes.length;
      flipped[place] = (flipped[place] ?? 0) ^ 1;
      const digests = [
        digestOf("traces", bytes),
        digestOf("traces", flipped),
        digestOf("traces", Uint8Array.of(...bytes, 0)),
        digestOf("metrics", bytes),
        digestOf("logs", bytes),
      ];
      expect(new Set(digests).size).toBe(digests.length);
    }),
  );
});

test("the digest of a body stays what it was when it was stored", () => {
  expect(digestOf("traces", Buffer.from("one body"))).toMatch(/^[0-9a-f]{32}$/);
  expect(digestOf("traces", Buffer.from("one body"))).toBe("47bf6af3fc1e16f12e23b3cb6f55b42b");
});
