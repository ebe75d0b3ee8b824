/** What redaction costs at most: a longer text is cut before it is read. */
export const redactLimits = {
  /** UTF-16 code units of a text that is redacted; the rest is dropped, never kept unread. */
  textChars: 4096,
} as const;

/** A rule of a user: every match of what it finds is replaced. */
export interface Redaction {
  readonly name: string;
  replace(text: string, by: string): string;
}

export interface RedactOptions {
  /** Internet addresses too: by choice, because they often are what an operator looks for. */
  readonly addresses: boolean;
  readonly more: readonly Redaction[];
}

export const defaultRedactOptions: RedactOptions = { addresses: false, more: [] };

/** Words that name a secret wherever they end a key: `dbPassword`, `x-access-token`. */
const secretEnds = String.raw`password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?`;
/** Words that name one only as a part of a key of their own: `auth`, but not `unauth`. */
const secretParts = String.raw`pass|pwd|auth|authorization|cookie|session(?:[_-]?id)?|signature`;

/**
 * In this order: what is inside another form comes after it. Each match begins at a literal or where a run begins, and repeats
 * that may fail are bounded, so that the cost grows with the text and no faster.
 */
const rules: readonly (readonly [find: RegExp, by: string])[] = [
  [
    /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^]{0,4096}?(?:-----END [A-Z ]{0,30}PRIVATE KEY-----|$)/g,
    "[key]",
  ],
  [/(?<![\w-])([\w-]{0,64}?-)?eyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g, "$1[token]"],
  [/\b(?:AKIA|ASIA|AROA|AIDA)[0-9A-Z]{12,20}\b/g, "[token]"],
  [
    /\b(?:gh[oprsu]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{8,}|whsec_\w{8,}|sk-[\w-]{16,}|AIza[\w-]{30,}|ya29\.[\w.-]{10,}|SG\.[\w-]{10,}\.[\w-]{10,}|npm_\w{20,}|pypi-[\w-]{20,}|dop_v1_\w{20,}|hv[sb]\.[\w-]{16,}|shp(?:at|ss|ca)_\w{16,}|key-[0-9a-f]{24,})/g,
    "[token]",
  ],
  [/\b(Bearer|Basic|Token|Digest|Negotiate)\s{1,4}[\w.~+/=-]{8,}/gi, "$1 [token]"],
  [/(?<!\w)(\w{1,32}:\/\/[^\s:@/]{0,128}):[^\s/]{1,256}@/g, "$1:[secret]@"],
  [/(?<![A-Za-z0-9])((?:set-)?cookie: {0,2})[^\n"']{1,1024}/gi, "$1[secret]"],
  [
    new RegExp(
      String.raw`((?:(?<![A-Za-z0-9])(?:${secretParts})|${secretEnds})\\{0,3}["']?\s{0,2}(?:=>|[:=])\s{0,2})(?!\[(?:token|key|secret)\])(?:\\{0,3}"(?:[^"\\\n]|\\.){1,512}"?|'[^'\n]{1,512}'?|[^\s"',;&}\])]{1,512})`,
      "gi",
    ),
    "$1[secret]",
  ],
  [
    /(?<![\w.+'\u0080-\uffff-])[\w.+'\u0080-\uffff-]+(?:@|%40)[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9.\u0080-\uffff-]{0,120})\.[A-Za-z]{2,24}\b/g,
    "[email]",
  ],
];

const card = /(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]?\d)/g;
const address4 = /\b(?:\d{1,3}\.){3}\d{1,3}\b/g;
const address6 =
  /(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6}|::[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})(?![\w:])/gi;

/** The check digit of card numbers (ISO/IEC 7812-1, H. P. Luhn). */
function passesLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const twice = place % 2 === 1 ? 2 * digit : digit;
    sum += twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** Without the card in it: those groups of digits that begin as a card does and pass, with other numbers beside them left. */
function withoutCard(found: string): string {
  const groups = [...found.matchAll(/\d+/g)];
  for (const [at, first] of groups.entries()) {
    let digits = "";
    for (const group of groups.slice(at)) {
      digits += group[0];
      if (digits.length < 13 || !/^[2-6]/.test(digits) || !passesLuhn(digits)) continue;
      return `${found.slice(0, first.index)}[card]${found.slice(group.index + group[0].length)}`;
    }
  }
  return found;
}

/**
 * A text that may be kept and shown: no keys and tokens of common providers, passwords, cookies, e-mail addresses and card
 * numbers, no addresses where that was chosen, and nothing that a rule of the user finds. It finds what has a known form; a secret that
 * looks like a word stays.
 */
export function redact(text: string, options: RedactOptions = defaultRedactOptions): string {
  let left = text.length > redactLimits.textChars ? text.slice(0, redactLimits.textChars) : text;
  for (const [find, by] of rules) left = left.replace(find, by);
  left = left.replace(card, withoutCard);
  if (options.addresses) left = left.replace(address4, "[ip]").replace(address6, "[ip]");
  for (const rule of options.more) left = rule.replace(left, `[${rule.name}]`);
  return left;
}
