import type { Matcher } from "#analyzers/logs/signatures/matcher.ts";
import type { Body } from "./record-body.ts";

/** Places of the rules that a body hits: as it is written and, where it is JSON, in each text that it holds. */
export function findFailures(matcher: Matcher, body: Body): readonly number[] {
  const hits = matcher.find(body.text);
  const more = body.inner().flatMap((text) => matcher.find(text));
  return more.length === 0 ? hits : [...new Set([...hits, ...more])].sort((a, b) => a - b);
}
