import { z } from "zod";
import { Matcher, matchLimits, type CompileRegex } from "#analyzers/logs/signatures/matcher.ts";
import { signatureSchema } from "#analyzers/logs/signatures/signature.ts";
import { err, ok, type Result } from "#model/result.ts";
import { problemsOf, type Problem } from "./policy.ts";

/** What one document of rules may hold. */
export const mostSignatures = 500;

/** The document of failures that an operator wants to be known. */
export const signatureRulesSchema = z.strictObject({
  apiVersion: z.literal("haldane/v1"),
  kind: z.literal("Signatures"),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes, 63 at most")
    .default("default"),
  signatures: z
    .array(signatureSchema)
    .max(mostSignatures)
    .default([])
    .describe("Failures, each with lines that show that its rule works."),
});

export type SignatureRules = z.output<typeof signatureRulesSchema>;

type Path = readonly (string | number)[];

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);

/** Literals outside ASCII, which are not searched for, and ids that were given before. */
function shapeProblems({ signatures }: SignatureRules): readonly Problem[] {
  const ids = new Set<string>();
  return signatures.flatMap(({ id, match }, at): readonly Problem[] => {
    const path: Path = ["signatures", at];
    const again = ids.has(id) ? [{ path: [...path, "id"], message: `a second signature "${id}"` }] : [];
    ids.add(id);
    const foreign = match.flatMap((clause, place): readonly Problem[] => {
      const literals = "text" in clause ? [clause.text] : "all" in clause ? clause.all : clause.literals;
      return literals.every(isAscii)
        ? []
        : [
            {
              path: [...path, "match", place],
              message: "literals are searched for in ASCII; put other letters into a regex",
            },
          ];
    });
    return [...again, ...foreign];
  });
}

function regexProblems({ signatures }: SignatureRules, compile: CompileRegex): readonly Problem[] {
  return signatures.flatMap(({ match }, at) =>
    match.flatMap((clause, place): readonly Problem[] => {
      if (!("regex" in clause)) return [];
      try {
        compile(clause.regex, clause.anyCase);
        return [];
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        const message = `${why}; RE2 syntax: no look-around, no back-reference, repeats up to 1000`;
        return [{ path: ["signatures", at, "match", place, "regex"], message }];
      }
    }),
  );
}

/** The lines that a rule gives for itself are its test: examples it misses, and false friends that it hits. */
function lineProblems({ signatures }: SignatureRules, compile: CompileRegex): readonly Problem[] {
  return signatures.flatMap((signature, at): readonly Problem[] => {
    const matcher = new Matcher([{ rules: [signature], compile, regexChars: matchLimits.ownRegexChars }]);
    const test = (key: "examples" | "nonExamples", hits: boolean, message: string): readonly Problem[] =>
      signature[key].flatMap((line, place) =>
        matcher.find(line).length > 0 === hits ? [] : [{ path: ["signatures", at, key, place], message }],
      );
    return [
      ...test("examples", true, "the rule does not match this line"),
      ...test("nonExamples", false, "the rule matches this line"),
    ];
  });
}

/** Parses a document of rules and holds each rule against its own lines; every fault with its path. */
export function parseSignatureRules(
  value: unknown,
  compile: CompileRegex,
): Result<SignatureRules, readonly Problem[]> {
  const parsed = signatureRulesSchema.safeParse(value);
  if (!parsed.success) return err(problemsOf(parsed.error));
  const shape = [...shapeProblems(parsed.data), ...regexProblems(parsed.data, compile)];
  const problems = shape.length > 0 ? shape : lineProblems(parsed.data, compile);
  return problems.length > 0 ? err(problems) : ok(parsed.data);
}
