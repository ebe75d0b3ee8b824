import { RE2JS } from "re2js";
import type { CompileRegex } from "#analyzers/logs/signatures/matcher.ts";

/** What an expression of a user may hold. */
export const linearLimits = {
  /** Steps that it unfolds to: each costs time at each letter of a text. */
  steps: 1000,
} as const;

/**
 * Compiles what users write: its time is linear in the text whatever the expression. Throws with the place of a syntax
 * error, and for an expression that is too large.
 */
export function compileRe2(source: string, anyCase: boolean): RE2JS {
  const compiled = RE2JS.compile(source, anyCase ? RE2JS.CASE_INSENSITIVE : 0);
  const steps = compiled.programSize();
  if (steps <= linearLimits.steps) return compiled;
  throw new RangeError(
    `the expression unfolds to ${steps} steps, at most ${linearLimits.steps} are taken: {1,900} counts 900 times`,
  );
}

/** An expression of a user as a test. */
export const compileLinear: CompileRegex = (source, anyCase) => {
  const compiled = compileRe2(source, anyCase);
  return (text) => compiled.matcher(text).find();
};
