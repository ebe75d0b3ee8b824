import { createReadStream } from "node:fs";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Compressions are told by their first bytes, so that names and pipes do not matter. */
const gzipMagic = [0x1f, 0x8b] as const;
const zstdMagic = [0x28, 0xb5, 0x2f, 0xfd] as const;

/** Thrown while reading: the file is no text that can be read here, and why. */
export class UnreadableBytes extends Error {
  override readonly name = "UnreadableBytes";
}

function beginsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, at) => bytes[at] === byte);
}

function bytesOf(chunk: unknown): Uint8Array {
  if (typeof chunk === "string") return Buffer.from(chunk);
  if (chunk instanceof Uint8Array) return chunk;
  throw new TypeError("a byte stream is needed");
}

async function* unpack(stream: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  const chunks = stream[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  while (head.length < zstdMagic.length) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, bytesOf(next.value)]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      yield bytesOf(next.value);
    }
  };
  if (beginsWith(head, zstdMagic)) {
    throw new UnreadableBytes("zstd is not read; unpack it first: zstd -dc FILE | haldane … -");
  }
  if (!beginsWith(head, gzipMagic)) {
    yield* whole();
    return;
  }
  const gunzip = createGunzip();
  // The error reaches the reader through the iteration below.
  pipeline(Readable.from(whole()), gunzip, () => undefined);
  for await (const chunk of gunzip) yield bytesOf(chunk);
}

/** The unpacked bytes of a file, or of standard input for "-". Damage surfaces as `UnreadableBytes` after the bytes before it. */
export async function* openBytes(file: string, stdin: NodeJS.ReadableStream): AsyncGenerator<Uint8Array> {
  try {
    yield* unpack(file === "-" ? stdin : createReadStream(file));
  } catch (error) {
    if (error instanceof Error && "code" in error && typeof error.code === "string") {
      throw new UnreadableBytes(`${error.message} (${error.code})`);
    }
    throw error;
  }
}
