type Value = unknown;
type Tokens = { readonly next: () => string; readonly peek: () => string };

const tokenPattern =
  /\s*(?:(==|!=|&&|\|\||[!()[\],.])|("(?:[^"\\]|\\.)*")|([A-Za-z_]\w*)|(-?\d+(?:\.\d+)?))/y;

function tokensOf(text: string): Tokens {
  const tokens: string[] = [];
  tokenPattern.lastIndex = 0;
  while (tokenPattern.lastIndex < text.trimEnd().length) {
    const at = tokenPattern.lastIndex;
    const match = tokenPattern.exec(text);
    if (match === null) throw new Error(`unexpected text at ${at} of ${text}`);
    tokens.push(match[0].trim());
  }
  return { next: () => tokens.shift() ?? "", peek: () => tokens[0] ?? "" };
}

/**
 * Evaluates a condition of the expr language as far as conditions on a verdict go: fields, literals, lists, `==`, `!=`, `in`, `&&`,
 * `||`, `!`, `and`, `or`, `not`, parentheses. Throws where Argo Rollouts would report an error: bad syntax, a name or a field of nothing, no boolean.
 */
export function evaluates(condition: string, names: Readonly<Record<string, unknown>>): boolean {
  const tokens = tokensOf(condition);
  const value = either(tokens, names);
  if (tokens.peek() !== "") throw new Error(`unexpected "${tokens.peek()}" in ${condition}`);
  return truth(value);
}

type Names = Readonly<Record<string, unknown>>;

function truth(value: Value): boolean {
  if (typeof value !== "boolean") throw new Error(`expected bool, but got ${typeof value}`);
  return value;
}

function either(tokens: Tokens, names: Names): Value {
  let left = both(tokens, names);
  while (tokens.peek() === "||" || tokens.peek() === "or") {
    tokens.next();
    const right = both(tokens, names);
    left = truth(left) || truth(right);
  }
  return left;
}

function both(tokens: Tokens, names: Names): Value {
  let left = compared(tokens, names);
  while (tokens.peek() === "&&" || tokens.peek() === "and") {
    tokens.next();
    const right = compared(tokens, names);
    left = truth(left) && truth(right);
  }
  return left;
}

function compared(tokens: Tokens, names: Names): Value {
  const left = single(tokens, names);
  switch (tokens.peek()) {
    case "==":
      tokens.next();
      return left === single(tokens, names);
    case "!=":
      tokens.next();
      return left !== single(tokens, names);
    case "in": {
      tokens.next();
      const list = single(tokens, names);
      if (!Array.isArray(list) || (typeof left === "object" && left !== null))
        throw new Error("in needs a plain value and a list");
      return list.includes(left);
    }
    default:
      return left;
  }
}

function single(tokens: Tokens, names: Names): Value {
  const token = tokens.next();
  if (token === "!" || token === "not") return !truth(single(tokens, names));
  if (token === "(") {
    const value = either(tokens, names);
    take(tokens, ")");
    return value;
  }
  if (token === "[") return list(tokens, names);
  if (token.startsWith('"')) return JSON.parse(token);
  if (/^-?\d/.test(token)) return Number(token);
  if (token === "true" || token === "false") return token === "true";
  if (!/^[A-Za-z_]/.test(token)) throw new Error(`unexpected "${token}"`);
  if (!(token in names)) throw new Error(`unknown name ${token}`);
  return fields(tokens, names[token]);
}

function list(tokens: Tokens, names: Names): Value {
  const values: Value[] = [];
  while (tokens.peek() !== "]") {
    values.push(either(tokens, names));
    if (tokens.peek() !== "]") take(tokens, ",");
  }
  tokens.next();
  return values;
}

function fields(tokens: Tokens, value: Value): Value {
  let at = value;
  while (tokens.peek() === ".") {
    tokens.next();
    if (typeof at !== "object" || at === null || Array.isArray(at))
      throw new Error(`cannot fetch ${tokens.peek()} from ${String(at)}`);
    at = (at as Record<string, unknown>)[tokens.next()] ?? null;
  }
  return at;
}

function take(tokens: Tokens, expected: string): void {
  const token = tokens.next();
  if (token !== expected) throw new Error(`expected "${expected}", but got "${token}"`);
}
