import { z } from "@hono/zod-openapi";
import type { ArmReading, Finding } from "#model/finding.ts";
import { patternReport } from "#engine/pattern-report.ts";
import { patternSchema } from "./pattern-schema.ts";

/** JSON has no NaN and no infinity: what is not finite is null. */
export function finite(value: number | null): number | null {
  return value === null || !Number.isFinite(value) ? null : value;
}

const reading = z
  .object({
    n: z.number().nullable().describe("Exposure: requests, points."),
    value: z.number().nullable(),
    unit: z.string(),
    instances: z.number().nullable(),
  })
  .openapi("Reading");

const number = z.number().nullable();

/** The one shape of a finding on every surface. */
export const findingSchema = z
  .object({
    signal: z.string(),
    kind: z.enum([
      "errors",
      "latency",
      "logs",
      "counter",
      "gauge",
      "histogram",
      "split",
      "silence",
      "baseline",
      "identity",
    ]),
    operation: z.string().describe('The operation, or "" for the whole service.'),
    conclusion: z.enum(["worse", "notWorse", "open", "unknown"]),
    why: z.string().describe("One sentence."),
    canary: reading,
    baseline: reading,
    effect: number.describe("Ratio canary/baseline; for a split the canary's share of the traffic."),
    interval: z
      .array(number)
      .length(2)
      .nullable()
      .describe("Low and high end of the effect; null where an end is not bounded."),
    tolerance: number.describe("The ratio that is not yet harm."),
    margin: number.describe("The ratio that promotion must exclude."),
    marginWhy: z.string().nullable().describe("Why the margin is wider than the policy's."),
    guarded: z.boolean().describe("Whether promotion needs proof on this signal."),
    weight: number,
    evidence: z.object({
      harm: number.describe("Natural logarithm of the e-value against no harm."),
      harmNeeded: number,
      safe: number.describe("Natural logarithm of the e-value against harm beyond the margin."),
      safeNeeded: number,
      tiles: number,
      tileMs: number,
    }),
    pattern: patternSchema.nullable().describe("Of a log pattern only: what it says."),
  })
  .openapi("Finding");
export type FindingJson = z.infer<typeof findingSchema>;

function readingJson(arm: ArmReading): FindingJson["canary"] {
  return {
    n: finite(arm.n),
    value: finite(arm.value),
    unit: arm.unit,
    instances: finite(arm.instances),
  };
}

/** A finding as JSON: the same names, numbers finite or null. */
export function findingJson(finding: Finding): FindingJson {
  const { evidence } = finding;
  return {
    signal: finding.signal,
    kind: finding.kind,
    operation: finding.operation,
    conclusion: finding.conclusion,
    why: finding.why,
    canary: readingJson(finding.canary),
    baseline: readingJson(finding.baseline),
    effect: finite(finding.effect),
    interval: finding.interval === null ? null : finding.interval.map(finite),
    tolerance: finite(finding.tolerance),
    margin: finite(finding.margin),
    marginWhy: finding.marginWhy,
    guarded: finding.guarded,
    weight: finite(finding.weight),
    evidence: {
      harm: finite(evidence.harm),
      harmNeeded: finite(evidence.harmNeeded),
      safe: finite(evidence.safe),
      safeNeeded: finite(evidence.safeNeeded),
      tiles: finite(evidence.tiles),
      tileMs: finite(evidence.tileMs),
    },
    pattern: finding.pattern === undefined ? null : patternReport(finding.pattern),
  };
}
