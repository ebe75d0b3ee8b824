import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBody } from "#ingest/otlp/body.ts";
import { jsonShapeFault } from "#ingest/otlp/json-shape.ts";
import { defaultOtlpLimits } from "#ingest/otlp/limits.ts";
import { RecordingObserver } from "#test/support/recording-observer.ts";

/*
 * 60 kB of gzip unpack to 60 MB of `{},`, and the tree of that took 3 GB and the one ingest worker for a minute.
 */

function decoded(text: string, limits = defaultOtlpLimits) {
  const bytes = gzipSync(text);
  const body = { signal: "traces", contentType: "application/json", contentEncoding: "gzip", bytes } as const;
  return decodeBody(body, new RecordingObserver(), limits);
}

test("a small body that unpacks to millions of values is refused before a tree is made of it", () => {
  const answer = decoded(`{"x":[${"{},".repeat(3_000_000)}{}]}`);
  expect(answer).toMatchObject({
    status: 413,
    message: expect.stringContaining("(limit jsonValues)") as string,
  });
});

test("millions of open brackets are refused at the limit of their nesting", () => {
  for (const open of ["[", '{"resourceSpans":[', '{"arrayValue":{"values":[']) {
    expect(decoded(open.repeat(200_000))).toMatchObject({
      status: 400,
      message: expect.stringContaining("(limit jsonDepth)") as string,
    });
  }
});

test("the check can fail: with a limit that is too wide the same body is read whole", () => {
  const text = `{"x":[${"{},".repeat(30_000)}{}]}`;
  expect(decoded(text, { ...defaultOtlpLimits, jsonValues: 1000 })).toMatchObject({ status: 413 });
  expect(decoded(text, { ...defaultOtlpLimits, jsonValues: Infinity })).toMatchObject({ status: 200 });
});

/** Values as the limit counts them: the text itself, objects and arrays once more, and one for each comma. */
function valuesOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const parts = Object.values(value);
  return 1 + Math.max(0, parts.length - 1) + parts.reduce<number>((sum, part) => sum + valuesOf(part), 0);
}

function depthOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

test("values and nesting are counted as they are, whatever stands in strings", () => {
  const tree = fc.jsonValue({ stringUnit: "binary", maxDepth: 6 });
  fc.assert(
    fc.property(tree, (value) => {
      const padding = '[{,"\\'.repeat(14_000);
      const whole = [value, padding];
      const bytes = Buffer.from(JSON.stringify(whole));
      const [values, depth] = [1 + valuesOf(whole), depthOf(whole)];
      expect(jsonShapeFault(bytes, { jsonValues: values, jsonDepth: depth })).toBeNull();
      expect(jsonShapeFault(bytes, { jsonValues: values - 1, jsonDepth: depth })).not.toBeNull();
      expect(jsonShapeFault(bytes, { jsonValues: values, jsonDepth: depth - 1 })).not.toBeNull();
    }),
  );
});
