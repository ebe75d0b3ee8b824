import type { Matcher } from "./matcher.ts";

/** Places of the rules that a body hits: as it is written and in each text that it holds. */
export function findFailures(matcher: Matcher, text: string, inner: readonly string[]): readonly number[] {
  const hits = matcher.find(text);
  const more = inner.flatMap((each) => matcher.find(each));
  return more.length === 0 ? hits : [...new Set([...hits, ...more])].sort((a, b) => a - b);
}
