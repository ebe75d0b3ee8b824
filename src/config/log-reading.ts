import type { RedactionRules } from "#analyzers/logs/redaction-rules.ts";
import { createKnownMatcher } from "#analyzers/logs/signatures/known-matcher.ts";
import { matchLimits, type RuleSet } from "#analyzers/logs/signatures/matcher.ts";
import type { Signature } from "#analyzers/logs/signatures/signature.ts";
import type { LogReading } from "#engine/log-reading.ts";
import { compileLinear } from "./linear-regex.ts";
import { redactOptionsOf } from "./redaction.ts";

/** Rules of a user with what compiles their expressions. */
export function ownRules(rules: readonly Signature[]): RuleSet {
  return { rules, compile: compileLinear, regexChars: matchLimits.ownRegexChars };
}

/** How log records are read: the catalogue with the rules of a user beside it, and what the configuration takes out. */
export function logReadingOf(signatures: readonly Signature[], redaction: RedactionRules): LogReading {
  return {
    matcher: createKnownMatcher(signatures.length === 0 ? [] : [ownRules(signatures)]),
    redaction: redactOptionsOf(redaction),
  };
}
