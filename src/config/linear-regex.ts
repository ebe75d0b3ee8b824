import { RE2JS } from "re2js";
import type { CompileRegex } from "#analyzers/logs/signatures/matcher.ts";

/** Compiles what users write: its time is linear in the text whatever the expression. Throws with the place of a syntax error. */
export const compileLinear: CompileRegex = (source, anyCase) => {
  const compiled = RE2JS.compile(source, anyCase ? RE2JS.CASE_INSENSITIVE : 0);
  return (text) => compiled.matcher(text).find();
};
