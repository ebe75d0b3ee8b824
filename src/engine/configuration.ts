import { z } from "zod";
import { redactionSchema } from "#analyzers/logs/redaction-rules.ts";
import { noticeEvents } from "#model/notice.ts";
import { err, ok, type Result } from "#model/result.ts";
import { durationMs, problemsOf, type Problem } from "./policy.ts";

/** A secret is named, never written: an environment variable or a file. */
export const secretReference = z.union([
  z.strictObject({ env: z.string().min(1).describe("Name of an environment variable.") }),
  z.strictObject({ file: z.string().min(1).describe("Path of a file; a trailing line break is dropped.") }),
]);
export type SecretReference = z.output<typeof secretReference>;

const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "lower-case letters, digits and dashes, 63 at most");
const port = z.number().int().min(0).max(65_535);

const haproxyName = z.string().regex(/^[A-Za-z0-9_.:-]{1,120}$/, "letters, digits and _ . : -");
const haproxyServers = z
  .array(z.string().regex(/^[A-Za-z0-9_.:-]{1,120}\*?$/, "a server's name, or its beginning and a *"))
  .min(1)
  .max(1000);

const topicName = z.string().regex(/^[A-Za-z0-9._-]{1,249}$/, "letters, digits and . _ -");

/** The topic of one signal; what is left out is as the Collector's Kafka exporter writes it. */
const signalTopic = (topic: string, signal: string) =>
  z
    .strictObject({
      topic: topicName.default(topic),
      encoding: z.enum(["otlp_proto", "otlp_json"]).default("otlp_proto"),
    })
    .nullable()
    .default({ topic, encoding: "otlp_proto" })
    .describe(`Where ${signal} are read; null: nowhere.`);

const sourceSchema = z.discriminatedUnion("kind", [
  z
    .strictObject({
      kind: z.literal("kafka"),
      name: name.describe("How far was read is kept under this name; another cluster needs another one."),
      brokers: z
        .array(
          z
            .string()
            .regex(/^[^\s:/]+:\d{1,5}$|^\[[0-9a-fA-F:.]+\]:\d{1,5}$/, "write host:port, such as kafka:9092"),
        )
        .min(1)
        .max(100)
        .describe("host:port of some of the brokers; the others are found from there."),
      clientId: z.string().min(1).max(249).default("haldane").describe("What the brokers call this client."),
      groupId: z
        .string()
        .min(1)
        .max(249)
        .default("haldane")
        .describe("Consumer group; every Haldane needs one of its own, or each reads a part."),
      traces: signalTopic("otlp_spans", "traces"),
      metrics: signalTopic("otlp_metrics", "metrics"),
      logs: signalTopic("otlp_logs", "logs"),
      initialOffset: z
        .enum(["latest", "earliest"])
        .default("latest")
        .describe("Where a topic begins that was never read under this name."),
      session: durationMs
        .pipe(z.number().min(1000).max(300_000))
        .default(10_000)
        .describe("Without a sign of life for so long, as after a crash, the brokers give up a member."),
    })
    .superRefine(({ traces, metrics, logs }, context) => {
      const topics = [traces, metrics, logs].flatMap((each) => (each === null ? [] : [each.topic]));
      if (topics.length === 0)
        context.addIssue({
          code: "custom",
          message: "traces, metrics and logs are all null: nothing is read",
        });
      if (new Set(topics).size !== topics.length)
        context.addIssue({ code: "custom", message: "two signals share one topic: give each its own" });
    }),
]);
export type SourceConfiguration = z.output<typeof sourceSchema>;

const controllerSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("webhook"),
    name,
    url: z.url().describe("Where weights are sent, signed by Standard Webhooks."),
    readUrl: z.url().optional().describe("Where the weights in force are read; the same as url by default."),
    secret: secretReference.describe("whsec_ and base64 of 24 to 64 random bytes."),
    timeout: durationMs.pipe(z.number().min(100).max(60_000)).default(5000),
  }),
  z.strictObject({
    kind: z.literal("haproxy"),
    name,
    socket: z
      .string()
      .min(1)
      .describe("Stats socket at level admin: a path, or host:port, on loopback unless allowRemote."),
    allowRemote: z
      .boolean()
      .default(false)
      .describe("Whether host may be another machine; the socket knows no passwords."),
    backend: haproxyName.describe("The backend that holds the servers of both arms."),
    canaryServers: haproxyServers.describe("Server names, or beginnings of names that end in *."),
    baselineServers: haproxyServers.describe("The same for the baseline."),
    timeout: durationMs.pipe(z.number().min(100).max(60_000)).default(2000),
  }),
]);
export type ControllerConfiguration = z.output<typeof controllerSchema>;

const events = z
  .array(z.enum(noticeEvents))
  .min(1)
  .default([...noticeEvents])
  .describe("What it is told of: terminal verdicts, and a command that is not in force after 30 s.");
const receiverTimeout = durationMs.pipe(z.number().min(100).max(30_000)).default(10_000);

const receiverSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("webhook"),
    name,
    url: z
      .union([z.url(), secretReference])
      .describe("Where messages are sent, signed by Standard Webhooks; by reference where it is secret."),
    secret: secretReference.describe("whsec_ and base64 of 24 to 64 random bytes."),
    events,
    timeout: receiverTimeout,
  }),
  z.strictObject({
    kind: z.literal("slack"),
    name,
    url: secretReference.describe("The URL of an incoming webhook: who has it can post, so it is a secret."),
    events,
    timeout: receiverTimeout,
  }),
]);
export type ReceiverConfiguration = z.output<typeof receiverSchema>;

const bindingSchema = z.strictObject({
  service: z.string().min(1).describe('namespace/name, or "*"'),
  environment: z.string().default("*").describe('an environment, or "*"'),
  policy: z.string().default("default"),
  controller: z.string().nullable().default(null).describe("Without one, an analysis only reports."),
  receivers: z.array(z.string()).max(20).default([]).describe("Who is told, by name."),
});
export type Binding = z.output<typeof bindingSchema>;

/** haldane.yaml. Every key has a default: no file at all is a working configuration. */
export const configurationSchema = z
  .strictObject({
    apiVersion: z.literal("haldane/v1"),
    kind: z.literal("Configuration"),
    listen: z
      .strictObject({
        host: z.string().min(1).default("127.0.0.1"),
        port: port.default(8080).describe("API and pages."),
        otlpPort: port.default(4318).describe("OTLP/HTTP."),
        publicUrl: z
          .url({ protocol: /^https?$/ })
          .nullable()
          .default(null)
          .describe("Where people reach the pages, for links in alerts; null: host and port as bound."),
        token: secretReference
          .nullable()
          .default(null)
          .describe("Bearer token that API and OTLP callers must send."),
      })
      .prefault({}),
    storage: z
      .strictObject({
        data: z.string().min(1).default("./.haldane").describe("Folder of telemetry.db and control.db."),
      })
      .prefault({}),
    sources: z.array(sourceSchema).max(20).default([]).describe("Where telemetry is fetched."),
    controllers: z.array(controllerSchema).max(100).default([]),
    receivers: z.array(receiverSchema).max(100).default([]),
    bindings: z.array(bindingSchema).max(10_000).default([]).describe("First match wins."),
    automatic: z
      .boolean()
      .default(true)
      .describe("Open a report-only analysis when two versions of a service emit at once."),
    logs: z
      .strictObject({
        redaction: redactionSchema
          .prefault({})
          .describe("What is taken out of log lines before they are kept as examples."),
      })
      .prefault({}),
    limits: z
      .strictObject({
        bodyBytes: z.number().int().min(1024).max(1_073_741_824).default(67_108_864),
        bytesInFlight: z.number().int().min(1024).max(4_294_967_296).default(67_108_864),
        openAnalyses: z.number().int().min(1).max(100_000).default(1000),
        signalsPerAnalysis: z.number().int().min(8).max(10_000).default(200),
      })
      .prefault({}),
  })
  .superRefine((value, context) => {
    const controllers = new Set(value.controllers.map((controller) => controller.name));
    if (controllers.size !== value.controllers.length) {
      context.addIssue({ code: "custom", path: ["controllers"], message: "two controllers share one name" });
    }
    if (new Set(value.sources.map((source) => source.name)).size !== value.sources.length) {
      context.addIssue({ code: "custom", path: ["sources"], message: "two sources share one name" });
    }
    const receivers = new Set(value.receivers.map((receiver) => receiver.name));
    if (receivers.size !== value.receivers.length) {
      context.addIssue({ code: "custom", path: ["receivers"], message: "two receivers share one name" });
    }
    value.bindings.forEach((binding, at) => {
      binding.receivers.forEach((receiver, index) => {
        if (receivers.has(receiver)) return;
        const known = [...receivers].join(", ") || "none";
        context.addIssue({
          code: "custom",
          path: ["bindings", at, "receivers", index],
          message: `unknown receiver "${receiver}"; known: ${known}`,
        });
      });
      if (binding.controller !== null && !controllers.has(binding.controller)) {
        const known = [...controllers].join(", ") || "none";
        context.addIssue({
          code: "custom",
          path: ["bindings", at, "controller"],
          message: `unknown controller "${binding.controller}"; known: ${known}`,
        });
      }
    });
  });

export type Configuration = z.output<typeof configurationSchema>;

export const defaultConfiguration: Configuration = configurationSchema.parse({
  apiVersion: "haldane/v1",
  kind: "Configuration",
});

/** Parses a document to a configuration, or lists every fault with its path. */
export function parseConfiguration(value: unknown): Result<Configuration, readonly Problem[]> {
  const parsed = configurationSchema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err(problemsOf(parsed.error));
}

/** The first binding that fits a service and environment, or null. */
export function bindingOf(
  bindings: readonly Binding[],
  service: string,
  environment: string,
): Binding | null {
  const fits = (pattern: string, value: string): boolean => pattern === "*" || pattern === value;
  return (
    bindings.find((binding) => fits(binding.service, service) && fits(binding.environment, environment)) ??
    null
  );
}
