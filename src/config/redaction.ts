import type { RedactOptions, Redaction } from "#analyzers/logs/redact.ts";
import type { RedactionRule, RedactionRules } from "#analyzers/logs/redaction-rules.ts";
import type { Problem } from "#engine/policy.ts";
import { compileRe2 } from "./linear-regex.ts";

/** A rule whose time is linear in the text whatever its expression. Throws where the expression is none of RE2. */
function compileRule({ name, literal, pattern }: RedactionRule): Redaction {
  const compiled = compileRe2(pattern, false);
  return {
    name,
    replace: (text, by) =>
      text.includes(literal)
        ? compiled.matcher(text).replaceAll((found: string) => (found === "" ? "" : by))
        : text,
  };
}

/** What `redact` is told: the rules of a configuration, compiled. */
export function redactOptionsOf({ ips, rules }: RedactionRules): RedactOptions {
  return { addresses: ips, more: rules.map(compileRule) };
}

const byItself = "[example]";

function ruleProblems(rule: RedactionRule, path: Problem["path"]): readonly Problem[] {
  let compiled: Redaction;
  try {
    compiled = compileRule(rule);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const message = `${why}; RE2 syntax: no look-around, no back-reference, repeats up to 1000`;
    return [{ path: [...path, "pattern"], message }];
  }
  return rule.examples.flatMap((line, at) =>
    compiled.replace(line, byItself) === line
      ? [{ path: [...path, "examples", at], message: "the rule takes nothing out of this line" }]
      : [],
  );
}

/** Names that were given before, expressions that are none, and examples that a rule leaves as they are. */
export function redactionProblems({ rules }: RedactionRules): readonly Problem[] {
  const names = new Set<string>();
  return rules.flatMap((rule, at): readonly Problem[] => {
    const path = ["logs", "redaction", "rules", at];
    const again = names.has(rule.name)
      ? [{ path: [...path, "name"], message: `a second rule "${rule.name}"` }]
      : [];
    names.add(rule.name);
    return [...again, ...ruleProblems(rule, path)];
  });
}
