import { knownFailures } from "./catalogue.ts";
import { Matcher, type CompileRegex, type RuleSet } from "./matcher.ts";

/** Compiles the catalogue's own expressions, whose repeats are bounded or stand alone. */
export const compileKnown: CompileRegex = (source, anyCase) => {
  const regex = new RegExp(source, anyCase ? "i" : "");
  // An engine compiles at the first uses, for one-byte and for two-byte texts: now, and not in the middle of a hostile line.
  for (const text of ["", "", "\u0100", "\u0100"]) regex.test(text);
  return (text) => regex.test(text);
};

let known: Matcher | null = null;

/** Matches the failures that Haldane knows; made once. */
export function knownMatcher(): Matcher {
  known ??= createKnownMatcher([]);
  return known;
}

/** Matches the failures that Haldane knows, and those of `more`. */
export function createKnownMatcher(more: readonly RuleSet[]): Matcher {
  return new Matcher([{ rules: knownFailures(), compile: compileKnown }, ...more]);
}
