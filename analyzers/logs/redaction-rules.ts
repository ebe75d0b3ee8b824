import { z } from "zod";

/** What a user wants taken out of stored and shown log lines. A rule is held only against lines that hold its literal. */
export const redactionSchema = z.strictObject({
  ips: z
    .boolean()
    .default(false)
    .describe("Whether Internet addresses are taken out too; operators often look for them."),
  rules: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes, 63 at most")
          .describe("Written in brackets where something was taken out."),
        literal: z
          .string()
          .min(2)
          .max(200)
          .describe("Stands in every line that the rule is held against, in this case of letters."),
        pattern: z.string().min(1).max(1000).describe("An expression of RE2; every match is taken out."),
        examples: z
          .array(z.string().min(1))
          .max(20)
          .default([])
          .describe("Lines from which the rule takes something out: its test."),
      }),
    )
    .max(100)
    .default([])
    .describe("Beside the rules for e-mail addresses, keys, tokens, passwords, cookies and card numbers."),
});

/** As data, so that a worker can be told of it; `redactOptionsOf` compiles it. */
export type RedactionRules = z.output<typeof redactionSchema>;
export type RedactionRule = RedactionRules["rules"][number];
