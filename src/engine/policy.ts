import { z } from "zod";
import { err, ok, type Result } from "#model/result.ts";

/** One fault of a document: where in it, what is wrong, and what to do. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;
const durationPattern = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/** A duration as people write it ("10s", "2m", "1h", "250ms"), parsed to milliseconds. */
export const durationMs = z
  .string()
  .regex(durationPattern, "a duration such as 250ms, 10s, 2m or 1h")
  .transform((text): number => {
    const match = durationPattern.exec(text);
    const unit = match?.[2];
    if (unit !== "ms" && unit !== "s" && unit !== "m" && unit !== "h") return Number.NaN;
    return Number(match?.[1]) * unitMs[unit];
  });

const ratio = z.number().min(1).max(1000);
const share = z.number().gt(0).lt(1);
const spreadOf = (usual: number) =>
  z
    .number()
    .min(0.001)
    .max(2)
    .default(usual)
    .describe(
      "How much healthy instances differ, as a relative standard deviation, before the baseline's own instances say more; `haldane calibrate` measures it.",
    );
const errorSpread = spreadOf(0.25);
const speedSpread = spreadOf(0.06);
const gaugeSpread = spreadOf(0.04);

const errorsSchema = z
  .strictObject({
    guarded: z.boolean().default(true).describe("Promotion needs proof that errors are good enough."),
    tolerance: ratio.default(1.1).describe("Ratio of error shares that is not yet harm."),
    margin: ratio.default(1.5).describe("Ratio that promotion must exclude."),
    atMost: ratio.default(3).describe("How far the margin may widen to what few instances can resolve."),
    ceiling: share
      .nullable()
      .default(0.005)
      .describe(
        "An error share below which errors are good enough whatever the baseline has; null for none.",
      ),
    limit: share
      .nullable()
      .default(null)
      .describe(
        "An error share above which the canary is rolled back whatever the baseline has; null for none.",
      ),
    spread: errorSpread,
  })
  .refine((value) => value.tolerance < value.margin && value.margin <= value.atMost, {
    message: "must hold: tolerance < margin <= atMost",
  })
  .refine(({ ceiling, limit }) => ceiling === null || limit === null || ceiling < limit, {
    message: "must hold: ceiling < limit",
  });

const latencySchema = z
  .strictObject({
    guarded: z.boolean().default(true).describe("Promotion needs proof that latency is good enough."),
    tolerance: ratio.default(1.03).describe("Slow-down that is not yet harm."),
    margin: ratio.default(1.2).describe("Slow-down that promotion must exclude, at each quantile."),
    atMost: ratio.default(1.5).describe("How far the margin may widen to what few instances can resolve."),
    quantiles: z.array(share).min(1).max(4).default([0.5, 0.95]).describe("The guarded quantiles."),
    spread: speedSpread,
  })
  .refine((value) => value.tolerance < value.margin && value.margin <= value.atMost, {
    message: "must hold: tolerance < margin <= atMost",
  });

const logsSchema = z
  .strictObject({
    judged: z
      .boolean()
      .default(true)
      .describe("Requests that logged ERROR or FATAL, and single log patterns, can show harm."),
    tolerance: ratio.default(1.1),
    margin: ratio.default(1.5),
    atMost: ratio.default(3),
    spread: errorSpread,
  })
  .refine((value) => value.tolerance < value.margin, { message: "must hold: tolerance < margin" });

const metricSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("counter").describe("A monotonic sum, judged as events per request."),
    name: z.string().min(1).max(256),
    guarded: z.boolean().default(false),
    tolerance: ratio.default(1.1),
    margin: ratio.default(1.5),
    atMost: ratio.default(3),
    spread: errorSpread,
  }),
  z.strictObject({
    kind: z.literal("histogram").describe("A histogram, judged as a duration."),
    name: z.string().min(1).max(256),
    guarded: z.boolean().default(false),
    tolerance: ratio.default(1.03),
    margin: ratio.default(1.2),
    atMost: ratio.default(1.5),
    spread: speedSpread,
  }),
  z.strictObject({
    kind: z
      .literal("gauge")
      .describe(
        "A level (processor, memory, queue) of each instance, judged as a ratio; it can show harm, and proves nothing.",
      ),
    name: z.string().min(1).max(256),
    worse: z.enum(["higher", "lower"]).default("higher").describe("Which way is worse."),
    tolerance: ratio.default(1.05).describe("Ratio of levels that is not yet harm."),
    spread: gaugeSpread,
  }),
]);

const thenInconclusive = z.enum(["hold", "rollback"]);

/** A policy document: what is guarded, how sure to be, and what to do. Every key has a default that suits a web service. */
export const policySchema = z
  .strictObject({
    apiVersion: z.literal("haldane/v1"),
    kind: z.literal("Policy"),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes, 63 at most")
      .default("default"),
    alpha: z
      .number()
      .gt(0)
      .max(0.2)
      .default(0.01)
      .describe("Chance of a false rollback over the whole canary."),
    beta: z.number().gt(0).max(0.2).default(0.05).describe("Chance of a wrong promotion."),
    settle: durationMs
      .pipe(z.number().min(0).max(120_000))
      .default(10_000)
      .describe("Allowance for lateness before a window is sealed."),
    warmUp: durationMs
      .pipe(z.number().min(0).max(1_800_000))
      .default(30_000)
      .describe("Age of an instance before its latency counts; errors always count."),
    minimum: durationMs
      .pipe(z.number().min(0).max(86_400_000))
      .default(0)
      .describe("No promotion before this long after the first evidence."),
    horizon: durationMs
      .pipe(
        z
          .number()
          .min(10_000)
          .max(7 * 86_400_000),
      )
      .default(3_600_000)
      .describe("At the latest then: the deadline test, else inconclusive. Never promote."),
    steps: z
      .array(
        z.strictObject({
          weight: z.number().gt(0).max(100).describe("Percent of traffic for the canary."),
          dwell: durationMs.pipe(z.number().min(0).max(86_400_000)).describe("At least this long in force."),
        }),
      )
      .min(1)
      .max(50)
      .default([
        { weight: 5, dwell: 120_000 },
        { weight: 25, dwell: 120_000 },
        { weight: 50, dwell: 120_000 },
        { weight: 100, dwell: 60_000 },
      ])
      .refine((steps) => steps.every((step, at) => at === 0 || step.weight > (steps[at - 1]?.weight ?? 0)), {
        message: "weights must rise from step to step",
      })
      .describe("The climb of an acting analysis."),
    promoteEarly: z.boolean().default(false).describe("Promote on proof before the last step was served."),
    baseline: z
      .strictObject({
        strategy: z
          .enum(["concurrent", "previous"])
          .default("concurrent")
          .describe(
            "concurrent: both run now. previous: the old version's windows from before the deployment.",
          ),
      })
      .prefault({}),
    errors: errorsSchema.prefault({}),
    latency: latencySchema.prefault({}),
    logs: logsSchema.prefault({}),
    operations: z
      .boolean()
      .default(true)
      .describe("Judge each operation too; operations can only show harm."),
    metrics: z.array(metricSchema).max(100).default([]).describe("Further metrics by name."),
    split: z
      .strictObject({
        tolerance: z
          .number()
          .gt(0)
          .lt(1)
          .default(0.1)
          .describe("Relative deviation from the declared share."),
        share: share
          .nullable()
          .default(null)
          .describe("The canary's share of traffic where another tool sets it; commanded weights are known."),
      })
      .prefault({}),
    silence: z
      .strictObject({
        grace: durationMs.pipe(z.number().min(5000).max(3_600_000)).default(60_000),
        then: z.enum(["rollback", "hold"]).default("rollback"),
      })
      .prefault({})
      .describe("When the canary's telemetry stops while the baseline's flows."),
    noData: z
      .strictObject({
        grace: durationMs.pipe(z.number().min(10_000).max(86_400_000)).default(600_000),
      })
      .prefault({})
      .describe("When both arms are silent, or no telemetry ever came: inconclusive after this long."),
    inconclusive: z
      .strictObject({ then: thenInconclusive.default("hold") })
      .prefault({})
      .describe(
        "What an acting analysis does about an inconclusive verdict; promote is not an allowed value.",
      ),
  })
  .refine(
    ({ errors, latency, metrics }) =>
      errors.guarded ||
      latency.guarded ||
      metrics.some((metric) => metric.kind !== "gauge" && metric.guarded),
    { message: "guards no signal, so nothing could ever promote: guard errors, latency or a metric" },
  );

export type Policy = z.output<typeof policySchema>;

/** The policy of an analysis that names none. */
export const defaultPolicy: Policy = policySchema.parse({ apiVersion: "haldane/v1", kind: "Policy" });

/** Parses a document to a policy, or lists every fault with its path. */
export function parsePolicy(value: unknown): Result<Policy, readonly Problem[]> {
  const parsed = policySchema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(problemsOf(parsed.error));
}

const durationKeys = new Set(["settle", "warmUp", "minimum", "horizon", "dwell", "grace"]);

/** A policy as the document that parses to it, for storing and showing. */
export function policyDocument(policy: Policy): unknown {
  return withDurations(policy);
}

function withDurations(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDurations);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]: [string, unknown]) => [
      key,
      durationKeys.has(key) && typeof inner === "number" ? sayDuration(inner) : withDurations(inner),
    ]),
  );
}

function sayDuration(durationInMs: number): string {
  if (durationInMs >= 60_000 && durationInMs % 60_000 === 0) return `${durationInMs / 60_000}m`;
  return durationInMs % 1000 === 0 ? `${durationInMs / 1000}s` : `${durationInMs}ms`;
}

/** Zod's issues as problems; an unknown key is reported under its own path. */
export function problemsOf(error: z.ZodError): readonly Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part));
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key "${key}"` }));
    }
    return [{ path, message: issue.message }];
  });
}
