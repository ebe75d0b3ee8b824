/** Distinct code units of the literals at most; every other unit is one class. */
const caseShift = 32;

/** ASCII capitals as small letters; every other unit as it is. */
function folded(code: number): number {
  return code >= 65 && code <= 90 ? code + caseShift : code;
}

/**
 * Finds which of many literals a text holds, whatever their number, in one pass (Aho and Corasick 1975), ASCII case folded. The
 * transitions are one dense table over the classes of code units that the literals use.
 */
export class Automaton {
  readonly #classes = new Uint8Array(128);
  readonly #classCount: number;
  readonly #next: Int32Array;
  /** Literals that end in a state, those of its suffixes included; empty for most. */
  readonly #ends: (readonly number[])[];

  /** `literals` in ASCII; their places are what `find` tells. */
  constructor(literals: readonly string[]) {
    let classes = 1;
    for (const literal of literals)
      for (let at = 0; at < literal.length; at += 1) {
        const code = folded(literal.charCodeAt(at));
        if (code >= 128) throw new RangeError(`a literal must be ASCII: ${literal}`);
        if (this.#classes[code] === 0) this.#classes[code] = classes++;
      }
    for (let code = 65; code <= 90; code += 1) this.#classes[code] = this.#classes[folded(code)] ?? 0;
    this.#classCount = classes;
    const states = 1 + literals.reduce((sum, literal) => sum + literal.length, 0);
    this.#next = new Int32Array(states * classes);
    this.#ends = [[]];
    for (const [place, literal] of literals.entries()) this.#enter(literal, place);
    this.#link();
  }

  /** Calls back with each literal found and where it ends, once for each time it occurs, in `chars` units of the text. */
  find(text: string, chars: number, found: (literal: number, at: number) => void): void {
    const next = this.#next;
    const classes = this.#classes;
    const classCount = this.#classCount;
    const stop = Math.min(text.length, chars);
    let state = 0;
    for (let at = 0; at < stop; at += 1) {
      const code = text.charCodeAt(at);
      state = next[state * classCount + (code < 128 ? (classes[code] ?? 0) : 0)] ?? 0;
      const ends = state === 0 ? undefined : this.#ends[state];
      if (ends !== undefined) for (const literal of ends) found(literal, at + 1);
    }
  }

  #enter(literal: string, place: number): void {
    let state = 0;
    for (let at = 0; at < literal.length; at += 1) {
      const cell = state * this.#classCount + (this.#classes[literal.charCodeAt(at)] ?? 0);
      let after = this.#next[cell] ?? 0;
      if (after === 0) {
        after = this.#ends.length;
        this.#next[cell] = after;
        this.#ends.push([]);
      }
      state = after;
    }
    this.#ends[state] = [...(this.#ends[state] ?? []), place];
  }

  /** Breadth first: what is missing in a state is taken from its longest suffix, which is complete by then. */
  #link(): void {
    const count = this.#classCount;
    const suffix = new Int32Array(this.#ends.length);
    const queue: number[] = [];
    for (let unit = 0; unit < count; unit += 1) {
      const state = this.#next[unit] ?? 0;
      if (state !== 0) queue.push(state);
    }
    for (const state of queue) {
      const behind = suffix[state] ?? 0;
      const more = this.#ends[behind] ?? [];
      if (more.length > 0) this.#ends[state] = [...(this.#ends[state] ?? []), ...more];
      for (let unit = 0; unit < count; unit += 1) {
        const cell = state * count + unit;
        const after = this.#next[cell] ?? 0;
        const fallback = this.#next[behind * count + unit] ?? 0;
        if (after === 0) this.#next[cell] = fallback;
        else {
          suffix[after] = fallback;
          queue.push(after);
        }
      }
    }
  }
}
