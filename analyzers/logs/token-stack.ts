import { hashText, spread } from "./text-hash.ts";

/** Kind of a token that holds a value which changes. Other kinds are `wordKind` or the code of a sign such as `=`. */
export const variableKind = 0;
/** Kind of a constant word. */
export const wordKind = 1;

/** How a variable is written in a template. */
export const variableText = "<*>";

/** Signs that are tokens of their own wherever they stand. */
export const signs = "=:,;()[]{}<>\"'|";

const variableHash = spread(0x5bd1e995);

/** True for the text of a sign, which stands for itself and never for a value. */
export function isSign(text: string): boolean {
  return text.length === 1 && signs.includes(text);
}

/** The hash that the scanner gives to a token, from its text. */
export function hashToken(text: string): number {
  if (text === variableText) return variableHash;
  return isSign(text) ? spread(text.charCodeAt(0)) : hashText(text);
}

/**
 * The tokens of one line while it is read: parallel arrays that are written over by the next line, so that a known line
 * costs no memory. `capacity` tokens at most; `push` answers false once it is full.
 */
export class TokenStack {
  readonly kinds: Uint8Array;
  readonly hashes: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  size = 0;

  constructor(capacity: number) {
    this.kinds = new Uint8Array(capacity);
    this.hashes = new Int32Array(capacity);
    this.starts = new Int32Array(capacity);
    this.ends = new Int32Array(capacity);
  }

  /** Kind of the token `back` places below the top (0 = the top); -1 where there is none. */
  kindAt(back: number): number {
    const at = this.size - 1 - back;
    return at < 0 ? -1 : (this.kinds[at] ?? -1);
  }

  /** Hash of the token `back` places below the top; 0 where there is none. */
  hashAt(back: number): number {
    const at = this.size - 1 - back;
    return at < 0 ? 0 : (this.hashes[at] ?? 0);
  }

  pushVariable(): boolean {
    return this.#push(variableKind, variableHash, 0, 0);
  }

  pushSign(code: number): boolean {
    return this.#push(code, spread(code), 0, 0);
  }

  pushWord(hash: number, start: number, end: number): boolean {
    return this.#push(wordKind, hash, start, end);
  }

  /** Texts of the tokens of `line`, as a template has them. */
  texts(line: string): readonly string[] {
    const texts: string[] = [];
    for (let at = 0; at < this.size; at += 1) {
      const kind = this.kinds[at] ?? variableKind;
      if (kind === variableKind) texts.push(variableText);
      else if (kind === wordKind) texts.push(line.slice(this.starts[at], this.ends[at]));
      else texts.push(String.fromCharCode(kind));
    }
    return texts;
  }

  #push(kind: number, hash: number, start: number, end: number): boolean {
    const at = this.size;
    if (at >= this.kinds.length) return false;
    this.kinds[at] = kind;
    this.hashes[at] = hash;
    this.starts[at] = start;
    this.ends[at] = end;
    this.size = at + 1;
    return true;
  }
}
