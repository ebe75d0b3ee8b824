import type { CumulativeState } from "#engine/ports.ts";
import { createByteReader, createByteWriter, type ByteReader } from "./packed-numbers.ts";

const layoutVersion = 1;
const writer = createByteWriter();

function put(state: CumulativeState): void {
  writer.number(state.start);
  writer.number(state.time);
  writer.number(state.value);
  writer.number(state.sum);
  writer.byte(state.counts === null ? 0 : 1);
  if (state.counts !== null) writer.numbers(state.counts);
  writer.signed(state.offset);
  writer.signed(state.scale);
}

function take(key: string, input: ByteReader): CumulativeState {
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

function open(bytes: Uint8Array): ByteReader {
  const input = createByteReader(bytes);
  const version = input.byte();
  if (version !== layoutVersion) {
    throw new Error(`stored cumulative state: layout ${version}, this program reads layout ${layoutVersion}`);
  }
  return input;
}

/** Packs what several cumulative series showed last, each with its key. NaN (no sum) survives. */
export function encodePage(states: Iterable<CumulativeState>): Buffer {
  writer.reset();
  writer.byte(layoutVersion);
  for (const state of states) {
    writer.text(state.key);
    put(state);
  }
  return writer.copy();
}

/** Unpacks a page; throws on bytes that `encodePage` cannot have written. */
export function decodePage(bytes: Uint8Array): CumulativeState[] {
  const input = open(bytes);
  const states: CumulativeState[] = [];
  while (input.left() > 0) states.push(take(input.text(), input));
  return states;
}

/** Unpacks one state from a row of its own, as files had them before there were pages. */
export function decodeCumulative(key: string, bytes: Uint8Array): CumulativeState {
  return take(key, open(bytes));
}
