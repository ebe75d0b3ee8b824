import { spread } from "./text-hash.ts";

const blank = 0x7feb352d;

function firstOf(token: number, at: number): number {
  return spread(token ^ Math.imul(at + 1, 0x9e3779b1));
}

function secondOf(token: number, at: number): number {
  return spread(Math.imul(token, 0x27d4eb2f) + Math.imul(at + 1, 0x85ebca77));
}

/** 53 bits of two running sums as one number that fits a double exactly. */
function joined(first: number, second: number): number {
  return (first >>> 0) * 2 ** 21 + (second >>> 11);
}

/**
 * Hash of a sequence of token hashes that can be asked again with one token left out or replaced, at the cost of that
 * token alone: the tokens are mixed with their place and summed. `seed` keeps the sources apart.
 */
export class SequenceHash {
  #first = 0;
  #second = 0;

  read(tokens: Int32Array, size: number, seed: number): void {
    let first = seed ^ Math.imul(size + 1, 0x1b873593);
    let second = Math.imul(seed, 31) + size;
    for (let at = 0; at < size; at += 1) {
      const token = tokens[at] ?? 0;
      first = (first + firstOf(token, at)) | 0;
      second = (second + secondOf(token, at)) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  get whole(): number {
    return joined(this.#first, this.#second);
  }

  /** With another token at one place. */
  with(token: number, by: number, at: number): number {
    return joined(
      (this.#first - firstOf(token, at) + firstOf(by, at)) | 0,
      (this.#second - secondOf(token, at) + secondOf(by, at)) | 0,
    );
  }

  /** With one place left open. */
  without(token: number, at: number): number {
    return this.with(token, blank, at);
  }
}
