import { z } from "zod";

/*
 * The fields of Argo Rollouts' resources that the documentation may use, by the names of its CRDs (v1.8.0 to v1.9.1 agree).
 * Strict on purpose: the API server drops a field that it does not know, without a word.
 */

const durationString = z.string().regex(/^(\d+(\.\d+)?(ms|s|m|h))+$/, "a Go duration");
const intOrString = z.union([z.number().int(), z.string().regex(/^-?\d+$/)]).transform(Number);
const metadata = z.strictObject({
  name: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

const webSchema = z.strictObject({
  method: z.enum(["GET", "POST", "PUT"]).default("GET"),
  url: z.string().min(1),
  headers: z.array(z.strictObject({ key: z.string(), value: z.string() })).default([]),
  timeoutSeconds: z.number().int().positive().default(10),
  jsonPath: z.string().default("{$}"),
  insecure: z.boolean().default(false),
  body: z.string().optional(),
  jsonBody: z.record(z.string(), z.unknown()).optional(),
});

const metricSchema = z
  .strictObject({
    name: z.string().min(1),
    interval: durationString.optional(),
    initialDelay: durationString.optional(),
    count: intOrString.optional(),
    successCondition: z.string().default(""),
    failureCondition: z.string().default(""),
    failureLimit: intOrString.default(0),
    inconclusiveLimit: intOrString.default(0),
    consecutiveErrorLimit: intOrString.default(4),
    consecutiveSuccessLimit: intOrString.default(0),
    provider: z.strictObject({ web: webSchema }),
  })
  .superRefine((metric, context) => {
    for (const message of faultsOf(metric)) context.addIssue({ code: "custom", message });
  });
export type ArgoMetric = z.output<typeof metricSchema>;

/** What the controller refuses although each field is well formed. */
function faultsOf(metric: {
  readonly interval?: string | undefined;
  readonly count?: number | undefined;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
  readonly consecutiveErrorLimit: number;
  readonly consecutiveSuccessLimit: number;
  readonly provider: { readonly web: z.output<typeof webSchema> };
}): readonly string[] {
  const { interval, count = 0, failureLimit, inconclusiveLimit, consecutiveErrorLimit } = metric;
  const { consecutiveSuccessLimit } = metric;
  const { method, body, jsonBody } = metric.provider.web;
  const rules: readonly (readonly [fault: boolean, message: string])[] = [
    [consecutiveSuccessLimit < 0, "consecutiveSuccessLimit must be >= 0"],
    [failureLimit < -1, "failureLimit must be >= 0, or -1 for none"],
    [
      failureLimit === -1 && consecutiveSuccessLimit === 0,
      "one of failureLimit and consecutiveSuccessLimit must hold",
    ],
    [inconclusiveLimit < 0 || consecutiveErrorLimit < 0, "limits must be >= 0"],
    [
      count > 0 && count < Math.max(0, failureLimit) + consecutiveSuccessLimit,
      "count must be >= failureLimit + consecutiveSuccessLimit",
    ],
    [count > 0 && count < inconclusiveLimit, "count must be >= inconclusiveLimit"],
    [count > 1 && interval === undefined, "count > 1 needs an interval"],
    [body !== undefined && jsonBody !== undefined, "either body or jsonBody"],
    [method === "GET" && (body !== undefined || jsonBody !== undefined), "GET has no body"],
  ];
  return rules.filter(([fault]) => fault).map(([, message]) => message);
}

const templateArg = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z
    .strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) })
    .optional(),
});

const analysisTemplateSchema = z.strictObject({
  apiVersion: z.literal("argoproj.io/v1alpha1"),
  kind: z.literal("AnalysisTemplate"),
  metadata,
  spec: z.strictObject({ args: z.array(templateArg).default([]), metrics: z.array(metricSchema).min(1) }),
});
export type ArgoTemplate = z.output<typeof analysisTemplateSchema>;

const rolloutArg = z.strictObject({
  name: z.string().min(1),
  value: z.string().optional(),
  valueFrom: z
    .union([
      z.strictObject({ podTemplateHashValue: z.enum(["Stable", "Latest"]) }),
      z.strictObject({ fieldRef: z.strictObject({ fieldPath: z.string() }) }),
    ])
    .optional(),
});

const rolloutAnalysis = {
  templates: z
    .array(z.strictObject({ templateName: z.string(), clusterScope: z.boolean().optional() }))
    .min(1),
  args: z.array(rolloutArg).default([]),
};
export type ArgoRolloutArg = z.output<typeof rolloutArg>;

const stepSchema = z.union([
  z.strictObject({ setWeight: z.number().int().min(0).max(100) }),
  z.strictObject({
    pause: z.strictObject({ duration: z.union([durationString, z.number().int()]).optional() }),
  }),
  z.strictObject({ analysis: z.strictObject(rolloutAnalysis) }),
]);

const envSchema = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .union([
      z.strictObject({ fieldRef: z.strictObject({ fieldPath: z.string() }) }),
      z.strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) }),
    ])
    .optional(),
});

const rolloutSchema = z.strictObject({
  apiVersion: z.literal("argoproj.io/v1alpha1"),
  kind: z.literal("Rollout"),
  metadata,
  spec: z.strictObject({
    replicas: z.number().int().positive(),
    selector: z.strictObject({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.strictObject({
      metadata: z.strictObject({ labels: z.record(z.string(), z.string()) }),
      spec: z.strictObject({
        containers: z
          .array(z.strictObject({ name: z.string(), image: z.string(), env: z.array(envSchema) }))
          .min(1),
      }),
    }),
    strategy: z.strictObject({
      canary: z.strictObject({
        analysis: z.strictObject({ ...rolloutAnalysis, startingStep: z.number().int().min(0).optional() }),
        steps: z.array(stepSchema).min(1),
      }),
    }),
  }),
});
export type ArgoRollout = z.output<typeof rolloutSchema>;

const secretSchema = z.strictObject({
  apiVersion: z.literal("v1"),
  kind: z.literal("Secret"),
  metadata,
  stringData: z.record(z.string(), z.string()),
});

/** Any document of the page; what is none of the four kinds, or has a field that they lack, is refused. */
export const argoDocument = z.discriminatedUnion("kind", [
  secretSchema,
  analysisTemplateSchema,
  rolloutSchema,
]);
export type ArgoDocument = z.output<typeof argoDocument>;
