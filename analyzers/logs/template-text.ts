const tightBefore: ReadonlySet<string> = new Set("= , ; : ) ] } > |".split(" "));
const tightAfter: ReadonlySet<string> = new Set("= ( [ { < |".split(" "));
const quotes: ReadonlySet<string> = new Set(['"', "'"]);

/** True where people put no blank between two tokens; `open` are the quotes that were not closed before `token`. */
function isTight(before: string, token: string, open: ReadonlySet<string>): boolean {
  if (tightBefore.has(token) || tightAfter.has(before)) return true;
  if (quotes.has(token) && open.has(token)) return true;
  if (quotes.has(before) && open.has(before)) return true;
  return token === "(" && /[\p{L}]$/u.test(before);
}

/** A template as people write it: no blank before a closing sign or after an opening one, quotes close to what they hold. */
export function templateText(tokens: readonly string[]): string {
  let text = "";
  let before = "";
  const open = new Set<string>();
  for (const token of tokens) {
    text += before === "" || isTight(before, token, open) ? token : ` ${token}`;
    if (quotes.has(token) && !open.delete(token)) open.add(token);
    before = token;
  }
  return text;
}
