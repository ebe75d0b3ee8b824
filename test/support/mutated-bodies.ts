import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { requests } from "./otlp-arbitraries.ts";
import { encodeOtlp, otlpJson } from "./otlp-encoder.ts";
import { requestTypes } from "./otlp-oracle.ts";
import type { Random } from "./random.ts";

type Mutate = (body: Buffer, random: Random) => Buffer;

function spliced(body: Buffer, from: number, removed: number, put: Uint8Array): Buffer {
  return Buffer.concat([body.subarray(0, from), put, body.subarray(from + removed)]);
}

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.integer(256)));
}

function withByte(body: Buffer, random: Random, change: (byte: number) => number): Buffer {
  const copy = Buffer.from(body);
  const at = random.integer(copy.length);
  copy[at] = change(copy[at] ?? 0) & 0xff;
  return copy;
}

const overlongVarint = Buffer.from([...Array.from({ length: 10 }, () => 0xff), 0x7f]);
const hugeLengths = [0xff, 0xffff, 0x7fffffff, 0xffffffff, 2 ** 40, 2 ** 53].map((length) => {
  const bytes: number[] = [];
  for (let rest = length; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 0x80);
  }
});
const brokenTexts = [
  [0xff],
  [0xc0, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0],
  [0xef, 0xbb, 0xbf],
].map((bytes) => Buffer.from(bytes));

/** What every form of body suffers. */
const anyForm: readonly Mutate[] = [
  (body, random) => withByte(body, random, (byte) => byte ^ (1 << random.integer(8))),
  (body, random) => withByte(body, random, () => random.integer(256)),
  (body, random) => body.subarray(0, random.integer(body.length)),
  (body, random) =>
    spliced(body, random.integer(body.length), 0, randomBytes(random, 1 + random.integer(20))),
  (body, random) => spliced(body, random.integer(body.length), 1 + random.integer(20), Buffer.alloc(0)),
  (body, random) => {
    const from = random.integer(body.length);
    return spliced(body, random.integer(body.length), 0, body.subarray(from, from + random.integer(200)));
  },
  (body, random) => {
    const broken = brokenTexts[random.integer(brokenTexts.length)] ?? body;
    return spliced(body, random.integer(body.length), random.integer(2), broken);
  },
  (_, random) => randomBytes(random, random.integer(300)),
  (body, random) => Buffer.concat([body, randomBytes(random, 1 + random.integer(8))]),
];

/** AnyValue in AnyValue: each an array (5) with one value (1). */
function nestedValue(depth: number): Buffer {
  let value = Buffer.from([0x0a, 0x01, 0x61]);
  for (let level = 0; level < depth; level += 1) {
    const list = Buffer.concat([Buffer.from([0x0a, ...lengthOf(value)]), value]);
    value = Buffer.concat([Buffer.from([0x2a, ...lengthOf(list)]), list]);
  }
  return value;
}

function lengthOf({ length }: Buffer): readonly number[] {
  return length < 128 ? [length] : [(length & 0x7f) | 0x80, ...lengthOf(Buffer.alloc(length >> 7))];
}

function underField(field: number, inner: Buffer): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, ...lengthOf(inner)]), inner]);
}

const protobufForm: readonly Mutate[] = [
  (body, random) => withByte(body, random, (byte) => (byte & 0xf8) | random.integer(8)),
  (body, random) => spliced(body, random.integer(body.length), 1, overlongVarint),
  (body, random) =>
    spliced(body, random.integer(body.length), 1, hugeLengths[random.integer(hugeLengths.length)] ?? body),
  (body, random) => {
    const pair = Buffer.concat([
      underField(1, Buffer.from("k")),
      underField(2, nestedValue(random.integer(120))),
    ]);
    return Buffer.concat([body, underField(1, underField(1, underField(1, pair)))]);
  },
];

function nestedJson(random: Random): string {
  const depth = random.integer(2000);
  const [open, close] = random.integer(2) === 0 ? ["[", "]"] : ['{"arrayValue":{"values":[', "]}}"];
  return `${open.repeat(depth)}${close.repeat(random.integer(3) === 0 ? depth : random.integer(depth + 1))}`;
}

const oddValues = [
  "null",
  "1e999",
  "-0",
  '"NaN"',
  "[]",
  "{}",
  "true",
  '""',
  '"\\ud800"',
  "123456789012345678901",
  '"zz"',
];

const jsonForm: readonly Mutate[] = [
  (body, random) => {
    // A value of another kind in the place of some value.
    const places = [...body.toString("latin1").matchAll(/:/g)].map(({ index }) => index + 1);
    const odd = oddValues[random.integer(oddValues.length)] ?? "null";
    const from = places[random.integer(Math.max(1, places.length))] ?? 0;
    const length = /^("[^"]*"|[^,}\]]*)/.exec(body.toString("latin1", from))?.[0].length ?? 0;
    return spliced(body, from, length, Buffer.from(odd));
  },
  (body, random) => {
    const nested = Buffer.from(`{"key":"k","value":${nestedJson(random)}},`);
    const at = body.indexOf('"attributes":[');
    return at < 0 ? nested : spliced(body, at + 14, 0, nested);
  },
  (_, random) => Buffer.from(nestedJson(random)),
];

/** A body on the wire, most likely malformed. */
export interface MutatedBody {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Bodies of one signal and form for ever, each a good one with one to three mutations; one in sixteen as a gzip, half of these broken. */
export function* mutatedBodies(
  signal: keyof typeof requests,
  form: "protobuf" | "json",
  random: Random,
): Generator<MutatedBody> {
  const type = requestTypes[signal];
  const good = fc
    .sample(requests[signal], { numRuns: 60, seed: random.integer(2 ** 31) })
    .map((message) =>
      form === "json" ? Buffer.from(otlpJson(type, message)) : Buffer.from(encodeOtlp(type, message)),
    )
    .filter(({ length }) => length > 10);
  const mutations = [...anyForm, ...(form === "json" ? jsonForm : protobufForm)];
  const contentType = form === "json" ? "application/json" : "application/x-protobuf";
  for (;;) {
    let body: Buffer = good[random.integer(good.length)] ?? Buffer.of(0);
    for (let left = 1 + random.integer(3); left > 0; left -= 1) {
      // What is left of a body can be nothing.
      if (body.length > 0) body = mutations[random.integer(mutations.length)]?.(body, random) ?? body;
    }
    const zipped = random.integer(16) === 0;
    if (!zipped) yield { headers: { "content-type": contentType }, body };
    else {
      const packed = gzipSync(body);
      const headers = { "content-type": contentType, "content-encoding": "gzip" };
      yield {
        headers,
        body: random.integer(2) === 0 ? packed : withByte(packed, random, (byte) => byte ^ 0x55),
      };
    }
  }
}
