import { hostEndings } from "./word-rules.ts";

const slash = 0x2f;
const backslash = 0x5c;
const dot = 0x2e;
const at = 0x40;
const star = 0x2a;
const question = 0x3f;

/** What a word is made of, gathered while it is read. */
export class WordShape {
  length = 0;
  digits = 0;
  slashes = 0;
  backslashes = 0;
  lowerHex = 0;
  upperHex = 0;
  dots = 0;
  atSigns = 0;
  stars = 0;
  questions = 0;
  lowers = 0;
  letters = 0;
  /** Code of the first and the newest unit. */
  first = 0;
  last = 0;
  /** Set when the whole word is known to be a variable, whatever it holds. */
  isWhole = false;

  begin(): void {
    this.length = this.digits = this.slashes = this.backslashes = 0;
    this.lowerHex = this.upperHex = this.dots = this.atSigns = this.lowers = this.letters = this.stars = 0;
    this.questions = 0;
    this.first = this.last = 0;
    this.isWhole = false;
  }

  add(code: number): void {
    if (this.length === 0) this.first = code;
    this.length += 1;
    this.last = code;
    if (code >= 97 && code <= 122) {
      this.letters += 1;
      this.lowers += 1;
      if (code <= 102) this.lowerHex += 1;
    } else if (code >= 48 && code <= 57) this.digits += 1;
    else if (code >= 65 && code <= 90) {
      this.letters += 1;
      if (code <= 70) this.upperHex += 1;
    } else this.#addMark(code);
  }

  #addMark(code: number): void {
    if (code >= 128) this.letters += 1;
    else if (code === slash) this.slashes += 1;
    else if (code === dot) this.dots += 1;
    else if (code === backslash) this.backslashes += 1;
    else if (code === at) this.atSigns += 1;
    else if (code === star) this.stars += 1;
    else if (code === question) this.questions += 1;
  }

  get isHex(): boolean {
    return this.digits + this.lowerHex + this.upperHex === this.length;
  }

  get isPath(): boolean {
    return (this.slashes >= 2 && this.first === slash) || this.slashes >= 3 || this.backslashes >= 2;
  }

  /** Could be the name of a user: begins with a letter and ends with one. */
  get isName(): boolean {
    return this.letters > 0 && this.last !== dot;
  }
}

/** Eight or more hexadecimal letters of one case: a hash without a digit. */
function isHexLetters(shape: WordShape): boolean {
  return shape.length >= 8 && (shape.lowerHex === shape.length || shape.upperHex === shape.length);
}

/** `****`: a value that its writer hid. */
function isMasked(shape: WordShape): boolean {
  return shape.length >= 4 && shape.stars === shape.length;
}

function isHostName(shape: WordShape, text: string, from: number, end: number): boolean {
  if (shape.dots === 0 || shape.last === dot || shape.letters !== shape.lowers) return false;
  return (
    hostEndings.has(text.slice(text.lastIndexOf(".", end - 1) + 1, end)) && text.charCodeAt(from) !== dot
  );
}

const qualifiedName =
  /^(?:(?:com|org|net|io|edu|gov)(?:[./]{1,2}[A-Za-z]+){2,}|[A-Za-z]+(?:[./]{1,2}[A-Za-z]+){3,})$/;
const failureName = /(?:Exception|Error|Throwable|Fault|Failure)$/;

/**
 * `com.acme.Cart`, `akka.actor.default.dispatcher`: the name of a package, class, action or property, which tells which and not
 * what. Three dots at least, two with the name of a domain first; that of an exception, or of a constant such as `SCREEN_ON`, tells what and stays.
 */
function isQualifiedName(shape: WordShape, text: string, from: number, end: number): boolean {
  if (shape.dots < 2 || shape.last === dot) return false;
  const word = text.slice(from, end);
  return qualifiedName.test(word) && !failureName.test(word);
}

/** True for a word that holds a value which changes: as a whole, never only a part of it. */
export function isVariableWord(shape: WordShape, text: string, from: number, end: number): boolean {
  if (shape.digits > 0 || shape.isPath || isHexLetters(shape) || isMasked(shape)) return true;
  if (shape.atSigns > 0 && shape.first !== at && shape.last !== at && shape.letters > 1) return true;
  return isHostName(shape, text, from, end) || isQualifiedName(shape, text, from, end);
}
