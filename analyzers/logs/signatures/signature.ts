import { z } from "zod";

/** What a hit means for the service: critical, it dies or can not serve; high, requests fail; medium, degraded; low, a hint. */
export const severities = ["critical", "high", "medium", "low"] as const;

const literal = z.string().min(3).max(200);

/** One way to tell a failure: a literal, several together, or an expression behind literals of which one must be there. */
export const clauseSchema = z.union([
  z.strictObject({ text: literal, anyCase: z.boolean().default(false) }),
  z.strictObject({ all: z.array(literal).min(1).max(8), anyCase: z.boolean().default(false) }),
  z.strictObject({
    regex: z.string().min(1).max(1000),
    literals: z.array(literal).min(1).max(64),
    anyCase: z.boolean().default(false),
  }),
]);

/** A known failure: what tells it, what rules it out, and the lines that show that it works. */
export const signatureSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
  title: z.string().min(1).max(200),
  category: z.string().min(1).max(40),
  severity: z.enum(severities),
  runtime: z.string().min(1).max(40),
  match: z.array(clauseSchema).min(1).max(32),
  /** Literals that rule the failure out. */
  unless: z.array(z.string().min(1).max(200)).max(16).default([]),
  examples: z.array(z.string().min(1)).min(1),
  nonExamples: z.array(z.string().min(1)).min(1),
});

export type Severity = (typeof severities)[number];
export type Clause = z.output<typeof clauseSchema>;
export type Signature = z.output<typeof signatureSchema>;
