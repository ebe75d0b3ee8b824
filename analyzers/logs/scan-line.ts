import { collapseAfterClosing, collapseVariable } from "./collapse-tokens.ts";
import { hashSeed, hashUnit, spread } from "./text-hash.ts";
import { signs, TokenStack, variableKind, wordKind } from "./token-stack.ts";
import { isVariableWord, WordShape } from "./word-shape.ts";
import { flagValues, truthValues, unitNames, upperUserWord, userStatements, userWord } from "./word-rules.ts";

/** What one line may cost: what is beyond does not decide. */
export const scanLimits = {
  /** UTF-16 code units of a line that are looked at. */
  lineChars: 4096,
  /** Tokens kept of a line. */
  lineTokens: 128,
} as const;

const colon = 0x3a;
const equals = 0x3d;
const less = 0x3c;
const quote = 0x22;
const slash = 0x2f;
const backslash = 0x5c;
const dot = 0x2e;

/** Classes of code units: part of a word, space between words, a sign that is a token of its own. */
const wordClass = 0;
const spaceClass = 1;
const signClass = 2;

const classes = new Uint8Array(128);
for (const space of "\t\n\v\f\r ") classes[space.charCodeAt(0)] = spaceClass;
for (const sign of signs) classes[sign.charCodeAt(0)] = signClass;

const codesOf = (signs: string): ReadonlySet<number> =>
  new Set(Array.from(signs, (sign) => sign.charCodeAt(0)));

const closers = codesOf(")]}>");
/** Signs after `=` that say that the value is empty. */
const endsOfValue = codesOf(",;)]}|");
const endsOfUrl = codesOf(" \t\"',;)]>}<");
/** Signs that may follow an address within the same word: a zone, a port, a mask. */
const endsOfGroups = codesOf("%./");

/** Colons of the longest address there is (a fingerprint of 32 bytes); a longer chain is none. */
const mostColons = 31;

/** Longest quoted value after `=` that is taken as one variable. */
const quotedValueChars = 512;

function classOf(code: number): number {
  if (code < 128) return classes[code] ?? wordClass;
  if (code === 0xff1a) return signClass;
  const space = code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x2028 || code === 0x2029;
  return space || code === 0x3000 || code === 0xfeff ? spaceClass : wordClass;
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isHex = (code: number): boolean =>
  isDigit(code) || (code >= 97 && code <= 102) || (code >= 65 && code <= 70);

/** End of colon-separated hex groups (a time, a MAC or an IPv6 address) that begin at `from`; -1 where there are none. */
function endOfGroups(text: string, from: number, stop: number): number {
  let at = from;
  let colons = 0;
  let length = 0;
  let digits = false;
  for (; at < stop && length <= 4 && colons <= mostColons; at += 1) {
    const code = text.charCodeAt(at);
    if (code === colon) {
      colons += 1;
      length = 0;
    } else if (isHex(code)) {
      length += 1;
      digits ||= isDigit(code);
    } else break;
  }
  if (colons < 2 || colons > mostColons || length > 4 || !(digits || colons >= 5)) return -1;
  const next = at < stop ? text.charCodeAt(at) : 32;
  const ends = classOf(next) !== wordClass || endsOfGroups.has(next);
  return ends && text.charCodeAt(at - 1) !== colon ? at : -1;
}

/**
 * Reads a line to typed tokens in one pass over its code units: words, signs, and variables where a value stands that changes from
 * line to line. No regular expression, so no text can make it slow. One scanner reads one line at a time; what it
 * answers is overwritten by the next.
 */
export class LineScanner {
  readonly stack = new TokenStack(scanLimits.lineTokens);
  readonly #shape = new WordShape();
  #text = "";
  #stop = 0;

  /** The tokens of a text without control characters (see `cleanText`). */
  scan(text: string): TokenStack {
    const stop = Math.min(text.length, scanLimits.lineChars);
    this.#text = text;
    this.#stop = stop;
    this.stack.size = 0;
    let at = 0;
    while (at < stop) {
      const code = text.charCodeAt(at);
      const kind = classOf(code);
      if (kind === spaceClass) at += 1;
      else if (kind === signClass) {
        const next = this.#sign(at, code === 0xff1a ? colon : code);
        if (next < 0) break;
        at = next;
      } else {
        const next = this.#word(at);
        if (next < 0) break;
        at = next;
      }
    }
    if (this.#followsAssignment()) collapseVariable(this.stack);
    return this.stack;
  }

  /** Takes a sign; where reading goes on, or -1 when no more tokens fit. */
  #sign(at: number, code: number): number {
    const { stack } = this;
    if (code === less && isDigit(this.#codeAt(at + 1))) return at + 1;
    const end = this.#endOfValue(at, code);
    if (end > 0) return collapseVariable(stack) ? end : -1;
    if (this.#followsAssignment() && endsOfValue.has(code)) collapseVariable(stack);
    const taken = closers.has(code) ? collapseAfterClosing(stack, code) : stack.pushSign(code);
    return taken ? at + 1 : -1;
  }

  /** End of a value that begins with a sign: an address such as `::1`, a quoted text after its key; -1 where there is none. */
  #endOfValue(at: number, code: number): number {
    if (code === colon && this.#codeAt(at + 1) === colon) return endOfGroups(this.#text, at, this.#stop);
    if (code !== quote || !this.#followsKey()) return -1;
    const end = this.#text.indexOf('"', at + 1);
    return end > 0 && end - at <= quotedValueChars && end < this.#stop ? end + 1 : -1;
  }

  #codeAt(at: number): number {
    return at < this.#stop ? this.#text.charCodeAt(at) : 32;
  }

  /** After `key=`, not after `==`. */
  #followsAssignment(): boolean {
    return this.stack.kindAt(0) === equals && this.stack.kindAt(1) !== equals;
  }

  /** After `key=` or `"key":`. */
  #followsKey(): boolean {
    const kind = this.stack.kindAt(0);
    return kind === equals || (kind === colon && this.stack.kindAt(1) === quote);
  }

  /** Takes a word; where reading goes on, or -1 when no more tokens fit. */
  #word(from: number): number {
    const text = this.#text;
    const shape = this.#shape;
    shape.begin();
    let hash = hashSeed;
    let at = from;
    for (; at < this.#stop; at += 1) {
      const code = text.charCodeAt(at);
      if (code === dot && at > from && this.#isLeader(at)) break;
      if (classOf(code) !== wordClass) {
        const end = this.#extend(from, at, code);
        if (end > at) {
          if (shape.isWhole) return collapseVariable(this.stack) ? end : -1;
        } else if (end < at) break;
      }
      hash = hashUnit(hash, code);
      shape.add(code);
    }
    return this.#finish(spread(hash), from, at) ? this.#afterLeader(at) : -1;
  }

  /** Three dots or more, which lead from a name to its value: `depth......0`. */
  #isLeader(at: number): boolean {
    return this.#text.charCodeAt(at + 1) === dot && this.#text.charCodeAt(at + 2) === dot;
  }

  #afterLeader(from: number): number {
    let at = from;
    while (at < this.#stop && this.#text.charCodeAt(at) === dot) at += 1;
    return at;
  }

  /**
   * At a space or sign inside what may be a longer word: a place past `at` when a URL or groups of hex end there, `at` when
   * the sign belongs to the word (a path with a query, a drive letter), a lower place when the word ends.
   */
  #extend(from: number, at: number, code: number): number {
    if (code !== colon && code !== equals) return -1;
    const next = this.#codeAt(at + 1);
    if (code === colon) {
      if (next === slash && this.#codeAt(at + 2) === slash) return this.#endOfUrl(at);
      if (at - from === 1 && (next === backslash || next === slash)) return at;
      const end = this.#shape.isHex && at - from <= 4 ? endOfGroups(this.#text, from, this.#stop) : -1;
      if (end > 0) {
        this.#shape.isWhole = true;
        return end;
      }
    }
    if (!this.#shape.isPath || classOf(next) !== wordClass) return -1;
    return code === colon || this.#shape.questions > 0 ? at : -1;
  }

  #endOfUrl(at: number): number {
    let end = at;
    while (
      end < this.#stop &&
      !endsOfUrl.has(this.#text.charCodeAt(end)) &&
      classOf(this.#text.charCodeAt(end)) !== spaceClass
    )
      end += 1;
    this.#shape.isWhole = true;
    return end;
  }

  #finish(hash: number, from: number, end: number): boolean {
    const { stack } = this;
    const before = stack.kindAt(0);
    if (this.#followsAssignment() && this.#nextIsEquals(end)) collapseVariable(stack);
    else if (before === equals) return collapseVariable(stack);
    if (isVariableWord(this.#shape, this.#text, from, end)) return collapseVariable(stack);
    if (before === variableKind && unitNames.has(hash)) return true;
    if (truthValues.has(hash)) return collapseVariable(stack);
    if (before === colon && flagValues.has(hash) && this.#endsValue(end)) return collapseVariable(stack);
    if (before === wordKind && this.#namesUser(hash)) return collapseVariable(stack);
    return stack.pushWord(hash, from, end);
  }

  #namesUser(hash: number): boolean {
    const before = this.stack.hashAt(0);
    return (
      (before === userWord || before === upperUserWord) && !userStatements.has(hash) && this.#shape.isName
    );
  }

  /** Nothing or the end of a value after the blanks at `from`. */
  #endsValue(from: number): boolean {
    let at = from;
    while (at < this.#stop && classOf(this.#text.charCodeAt(at)) === spaceClass) at += 1;
    return at >= this.#stop || endsOfValue.has(this.#text.charCodeAt(at));
  }

  #nextIsEquals(end: number): boolean {
    return this.#text.charCodeAt(end) === equals && this.#text.charCodeAt(end + 1) !== equals;
  }
}
