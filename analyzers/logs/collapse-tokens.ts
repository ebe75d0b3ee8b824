import { variableKind, wordKind, type TokenStack } from "./token-stack.ts";
import { calendarNames, hashWord } from "./word-rules.ts";

const comma = 0x2c;
const colon = 0x3a;
const semicolon = 0x3b;
const equals = 0x3d;
const quote = 0x22;
const apostrophe = 0x27;

const openerOf: Readonly<Record<number, number>> = { 0x29: 0x28, 0x5d: 0x5b, 0x7d: 0x7b, 0x3e: 0x3c };
const closeParenthesis = 0x29;
const closeBracket = 0x5d;
const closeBrace = 0x7d;
const closeAngle = 0x3e;

const joiningWords: ReadonlySet<number> = new Set(["/", "-"].map(hashWord));

function joins(stack: TokenStack): boolean {
  const kind = stack.kindAt(0);
  if (kind === wordKind) return joiningWords.has(stack.hashAt(0));
  return kind === comma || kind === colon || kind === semicolon;
}

/** Puts a variable on the stack. Two in a row, or joined by one of `, : ; / -`, are one; a month or weekday before it goes into it. */
export function collapseVariable(stack: TokenStack): boolean {
  while (stack.kindAt(0) === wordKind && calendarNames.has(stack.hashAt(0))) stack.size -= 1;
  if (stack.kindAt(0) === variableKind) return true;
  if (stack.kindAt(1) === variableKind && joins(stack)) {
    stack.size -= 1;
    return true;
  }
  return stack.pushVariable();
}

/** Place of the last opener, or -1: brackets inside were already closed or do not match. */
function openerPlace(stack: TokenStack, opener: number): number {
  return stack.kinds.subarray(0, stack.size).lastIndexOf(opener);
}

/** True for `a, b, c`: single words or variables between commas, two at least. */
function isList(stack: TokenStack, from: number): boolean {
  const length = stack.size - from;
  if (length < 3 || length % 2 === 0) return false;
  for (let at = from; at < stack.size; at += 1) {
    const kind = stack.kinds[at] ?? -1;
    const single = kind === wordKind || kind === variableKind;
    if ((at - from) % 2 === 0 ? !single : kind !== comma) return false;
  }
  return true;
}

/** Pairs such as `k=v`; with `labelled` also `k: v`, `"k": v` and `'k': v`. Counting ends at two. */
function holdsPairs(stack: TokenStack, from: number, labelled: boolean): boolean {
  let pairs = 0;
  for (let at = from + 1; at < stack.size && pairs < 2; at += 1) {
    const kind = stack.kinds[at] ?? -1;
    const before = stack.kinds[at - 1] ?? -1;
    const named = before === wordKind || (labelled && (before === quote || before === apostrophe));
    if ((kind === equals && before === wordKind) || (labelled && kind === colon && named)) pairs += 1;
  }
  return pairs >= 2;
}

/** `<*> (<*>)` and `<*> {<*>}`: an optional detail after a value, or an object printed with its class. */
function isDetail(stack: TokenStack, closer: number): boolean {
  const detail = closer === closeParenthesis || closer === closeBrace;
  return detail && stack.kindAt(0) === variableKind && stack.kindAt(2) === variableKind;
}

/**
 * Puts a closing bracket on the stack. What programs print of their objects becomes one variable: an empty pair, a list
 * of words, two or more `k=v`, a detail after a value.
 */
export function collapseAfterClosing(stack: TokenStack, closer: number): boolean {
  const opener = openerOf[closer] ?? closer;
  if (stack.kindAt(0) === opener && closer !== closeAngle) stack.pushVariable();
  else if (stack.kindAt(1) !== opener) {
    const from = openerPlace(stack, opener) + 1;
    const list = closer === closeBracket && from > 0 && isList(stack, from);
    if (list || (from > 0 && holdsPairs(stack, from, closer === closeBrace))) {
      stack.size = from;
      stack.pushVariable();
    }
  }
  if (stack.kindAt(1) !== opener || !isDetail(stack, closer)) return stack.pushSign(closer);
  stack.size -= 2;
  return true;
}
