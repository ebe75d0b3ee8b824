import { z } from "@hono/zod-openapi";
import type { AnalysisReport } from "#engine/asking.ts";
import type { Analysis, ArmRef, Phase } from "#model/analysis.ts";
import type { CommandRecord } from "#model/command.ts";
import { formatInstant, type Instant } from "#model/time.ts";
import { finite, findingJson, findingSchema } from "./finding-json.ts";

export const instantSchema = z.string().openapi({ format: "date-time" });
const wordSchema = z.enum(["promote", "rollback", "continue", "inconclusive"]);
const armSchema = z
  .object({
    asked: z.string().describe("The alias that was asked for."),
    label: z.string(),
    deploymentIds: z.array(z.number().int()),
  })
  .openapi("Arm");

const summaryShape = {
  id: z.string(),
  service: z.string().describe("namespace/name, or the name alone."),
  environment: z.string(),
  canary: armSchema,
  baseline: armSchema,
  attempt: z.number().int(),
  mode: z.enum(["act", "report"]),
  policy: z.string(),
  policyVersion: z.number(),
  controller: z.string().nullable(),
  opened: instantSchema,
  openedBy: z.string(),
  state: z.enum(["open", "ended"]),
  phase: z.object({
    phase: z.enum(["moving", "watching", "held", "ending", "ended"]),
    step: z.number().int().nullable().describe("Index in the plan of weights."),
    as: z.enum(["promoted", "rolledBack", "reported", "superseded"]).nullable(),
    since: instantSchema,
    why: z.string().nullable(),
  }),
  canaryWeight: z.number().nullable().describe("Percent of traffic now asked for; null where nothing was."),
  verdict: z.object({
    word: wordSchema,
    terminal: z.boolean(),
    at: instantSchema.describe("Seal time of the newest window judged."),
    validUntil: instantSchema.describe("Past it: hold, do not go on."),
    reasons: z.array(z.object({ code: z.string(), text: z.string() })),
  }),
  terminal: z
    .object({ word: wordSchema, at: instantSchema })
    .nullable()
    .describe("The one terminal verdict of this attempt."),
  action: z.object({
    kind: z.enum(["none", "hold", "climb", "rollback", "promote"]),
    text: z.string(),
  }),
};

/** An analysis in a list, and as the answer to a deed. */
export const analysisSummarySchema = z.object(summaryShape).openapi("AnalysisSummary");
export type AnalysisSummaryJson = z.infer<typeof analysisSummarySchema>;

/** The whole report of one analysis. */
export const analysisReportSchema = z
  .object({
    ...summaryShape,
    findings: z.array(findingSchema),
    weights: z
      .array(z.object({ canaryWeight: z.number(), from: instantSchema, to: instantSchema.nullable() }))
      .describe("Weights in force over time, oldest first."),
    steps: z
      .array(z.object({ weight: z.number(), dwellMs: z.number() }))
      .describe("The plan: percent for the canary and the least time on it."),
    commands: z.array(
      z.object({
        id: z.string(),
        kind: z.enum(["step", "rollback", "promote", "hold"]),
        controller: z.string(),
        canaryWeight: z.number(),
        baselineWeight: z.number(),
        generation: z.number(),
        reason: z.string(),
        status: z.enum(["pending", "sent", "acknowledged", "confirmed", "superseded", "rejected"]),
        attempts: z.number(),
        createdAt: instantSchema,
        sentAt: instantSchema.nullable(),
        confirmedAt: instantSchema.nullable(),
        lastError: z.string().nullable(),
      }),
    ),
    history: z.array(z.object({ at: instantSchema, word: z.string(), text: z.string(), actor: z.string() })),
    policyText: z.string(),
    notes: z.array(z.string()).describe("Assumptions and sources of what was counted."),
    score: z
      .number()
      .nullable()
      .describe(
        "0 to 100 for people: 50 = nothing known, 0 = harm shown, 100 = all proven. It decides nothing.",
      ),
    forecast: z
      .object({ signal: z.string(), inMs: z.number(), text: z.string() })
      .nullable()
      .describe(
        "When the last guarded signal should be proven at the present traffic; null where none can be told.",
      ),
  })
  .openapi("AnalysisReport");
export type AnalysisReportJson = z.infer<typeof analysisReportSchema>;

function instantOrNull(at: Instant | null): string | null {
  return at === null ? null : formatInstant(at);
}

function armJson(arm: ArmRef): z.infer<typeof armSchema> {
  return { asked: arm.asked, label: arm.label, deploymentIds: [...arm.deploymentIds] };
}

function phaseJson(phase: Phase): AnalysisSummaryJson["phase"] {
  return {
    phase: phase.phase,
    step: "step" in phase ? phase.step : null,
    as: "as" in phase ? phase.as : null,
    since: formatInstant(phase.since),
    why: "why" in phase ? phase.why : null,
  };
}

export function analysisSummaryJson(analysis: Analysis): AnalysisSummaryJson {
  const { verdict, terminal } = analysis;
  return {
    id: analysis.id,
    service: analysis.service,
    environment: analysis.environment,
    canary: armJson(analysis.canary),
    baseline: armJson(analysis.baseline),
    attempt: analysis.attempt,
    mode: analysis.mode,
    policy: analysis.policy,
    policyVersion: analysis.policyVersion,
    controller: analysis.controller,
    opened: formatInstant(analysis.opened),
    openedBy: analysis.openedBy,
    state: analysis.phase.phase === "ended" ? "ended" : "open",
    phase: phaseJson(analysis.phase),
    canaryWeight: finite(analysis.weights.at(-1)?.canaryWeight ?? null),
    verdict: {
      word: verdict.word,
      terminal: verdict.terminal,
      at: formatInstant(verdict.at),
      validUntil: formatInstant(verdict.validUntil),
      reasons: verdict.reasons.map(({ code, text }) => ({ code, text })),
    },
    terminal: terminal === null ? null : { word: terminal.word, at: formatInstant(terminal.at) },
    action: { kind: analysis.action.kind, text: analysis.action.text },
  };
}

function commandJson(record: CommandRecord): AnalysisReportJson["commands"][number] {
  const { command } = record;
  return {
    id: command.id,
    kind: command.kind,
    controller: command.controller,
    canaryWeight: command.canaryWeight,
    baselineWeight: command.baselineWeight,
    generation: command.generation,
    reason: command.reason,
    status: record.status,
    attempts: record.attempts,
    createdAt: formatInstant(record.createdAt),
    sentAt: instantOrNull(record.sentAt),
    confirmedAt: instantOrNull(record.confirmedAt),
    lastError: record.lastError,
  };
}

export function analysisReportJson(report: AnalysisReport): AnalysisReportJson {
  return {
    ...analysisSummaryJson(report.analysis),
    findings: report.analysis.findings.map(findingJson),
    weights: report.analysis.weights.map((span) => ({
      canaryWeight: span.canaryWeight,
      from: formatInstant(span.from),
      to: instantOrNull(span.to),
    })),
    steps: report.steps.map(({ weight, dwellMs }) => ({ weight, dwellMs })),
    commands: report.commands.map(commandJson),
    history: report.history.map((entry) => ({
      at: formatInstant(entry.at),
      word: entry.word,
      text: entry.text,
      actor: entry.actor,
    })),
    policyText: report.policyText,
    notes: [...report.notes],
    score: report.score,
    forecast: report.forecast,
  };
}
