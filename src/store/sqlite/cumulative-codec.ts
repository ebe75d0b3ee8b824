import type { CumulativeState } from "#engine/ports.ts";
import { createByteReader, createByteWriter } from "./packed-numbers.ts";

const layoutVersion = 1;
const writer = createByteWriter();

/** Packs what a cumulative series showed last, without its key. NaN (no sum) survives. */
export function encodeCumulative(state: CumulativeState): Buffer {
  writer.reset();
  writer.byte(layoutVersion);
  writer.number(state.start);
  writer.number(state.time);
  writer.number(state.value);
  writer.number(state.sum);
  writer.byte(state.counts === null ? 0 : 1);
  if (state.counts !== null) writer.numbers(state.counts);
  writer.signed(state.offset);
  writer.signed(state.scale);
  return writer.copy();
}

/** Unpacks one; throws on bytes that `encodeCumulative` cannot have written. */
export function decodeCumulative(key: string, bytes: Uint8Array): CumulativeState {
  const input = createByteReader(bytes);
  const version = input.byte();
  if (version !== layoutVersion) {
    throw new Error(`stored cumulative state: layout ${version}, this program reads layout ${layoutVersion}`);
  }
  return {
    key,
    start: input.number(),
    time: input.number(),
    value: input.number(),
    sum: input.number(),
    counts: input.byte() === 0 ? null : input.numbers(),
    offset: input.signed(),
    scale: input.signed(),
  };
}
