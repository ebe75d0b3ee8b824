import { readFile, stat } from "node:fs/promises";
import type { RedactOptions } from "#analyzers/logs/redact.ts";
import type { RuleSet } from "#analyzers/logs/signatures/matcher.ts";
import type { Signature } from "#analyzers/logs/signatures/signature.ts";
import {
  configurationSchema,
  type Configuration,
  type ControllerConfiguration,
  type ReceiverConfiguration,
} from "#engine/configuration.ts";
import { defaultPolicy, type Policy } from "#engine/policy.ts";
import { err, ok, type Result } from "#model/result.ts";
import { ownRules } from "./log-reading.ts";
import { loadDocuments, type LoadedDocument, type SourceText } from "./load-documents.ts";
import { redactOptionsOf } from "./redaction.ts";
import { reasonOf, resolveSecret } from "./resolve-secret.ts";
import { overlaySettings, readSettings, type Flags } from "./settings.ts";
import { formatFault, yamlLimits } from "./yaml-documents.ts";

/** Everything the process is told at its start, parsed once; secrets are read here and nowhere else. */
export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** By name; always holds `default`. */
  readonly policies: ReadonlyMap<string, Policy>;
  readonly token: string | null;
  /** Signing secrets by controller name. */
  readonly controllerSecrets: ReadonlyMap<string, string>;
  /** Address and, for a webhook, signing secret by receiver name. */
  readonly receiverSecrets: ReadonlyMap<string, ReceiverSecrets>;
  /** Failures that the operator wants to be known, beside the catalogue. */
  readonly signatures: readonly Signature[];
}

export interface ReceiverSecrets {
  readonly url: string;
  /** Null where the kind has none. */
  readonly secret: string | null;
}

export interface LoadRequest {
  readonly files: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: Flags;
}

/** Reads configuration files, at most `yamlLimits.fileBytes` each; every fault is one line of text that begins with the file. */
export async function readSources(
  files: readonly string[],
): Promise<Result<readonly SourceText[], readonly string[]>> {
  const read = await Promise.all(
    files.map(async (file): Promise<Result<SourceText, string>> => {
      try {
        const { size } = await stat(file);
        if (size > yamlLimits.fileBytes) {
          return err(`${file}: the file has ${size} bytes; at most ${yamlLimits.fileBytes} are read`);
        }
        return ok({ file, text: await readFile(file, "utf8") });
      } catch (error) {
        return err(`${file}: cannot be read (${reasonOf(error)})`);
      }
    }),
  );
  const faults = read.flatMap((each) => (each.ok ? [] : [each.error]));
  return faults.length > 0 ? err(faults) : ok(read.flatMap((each) => (each.ok ? [each.value] : [])));
}

async function resolveControllerSecrets(
  controllers: readonly ControllerConfiguration[],
  environment: LoadRequest["environment"],
): Promise<Result<ReadonlyMap<string, string>, readonly string[]>> {
  const secrets = new Map<string, string>();
  const faults: string[] = [];
  for (const [at, controller] of controllers.entries()) {
    if (!("secret" in controller)) continue;
    const secret = await resolveSecret(controller.secret, environment);
    if (secret.ok) secrets.set(controller.name, secret.value);
    else faults.push(`controllers[${at}].secret: ${secret.error}`);
  }
  return faults.length > 0 ? err(faults) : ok(secrets);
}

async function resolveReceiverSecrets(
  receivers: readonly ReceiverConfiguration[],
  environment: LoadRequest["environment"],
): Promise<Result<ReadonlyMap<string, ReceiverSecrets>, readonly string[]>> {
  const secrets = new Map<string, ReceiverSecrets>();
  const faults: string[] = [];
  for (const [at, receiver] of receivers.entries()) {
    const url =
      typeof receiver.url === "string" ? ok(receiver.url) : await resolveSecret(receiver.url, environment);
    const secret = receiver.kind === "webhook" ? await resolveSecret(receiver.secret, environment) : ok(null);
    if (!url.ok) faults.push(`receivers[${at}].url: ${url.error}`);
    if (!secret.ok) faults.push(`receivers[${at}].secret: ${secret.error}`);
    if (url.ok && secret.ok) secrets.set(receiver.name, { url: url.value, secret: secret.value });
  }
  return faults.length > 0 ? err(faults) : ok(secrets);
}

function signaturesOf(documents: readonly LoadedDocument[]): readonly Signature[] {
  return documents.flatMap((each) => (each.kind === "Signatures" ? each.value.signatures : []));
}

/** Files, then the environment, then flags, then the secrets they name: the whole start-up configuration, or every fault of it. */
export async function loadConfiguration(
  request: LoadRequest,
): Promise<Result<LoadedConfiguration, readonly string[]>> {
  const { environment } = request;
  const read = readSettings(environment, request.flags);
  if (!read.ok) return read;
  const overlay = (document: unknown): unknown => overlaySettings(document, read.value);
  const sources = await readSources(request.files);
  if (!sources.ok) return sources;
  const documents = loadDocuments(sources.value, overlay);
  if (!documents.ok) return err(documents.error.map(formatFault));
  const written = documents.value.find((document) => document.kind === "Configuration")?.value;
  const configuration =
    written ?? configurationSchema.parse(overlay({ apiVersion: "haldane/v1", kind: "Configuration" }));
  const policies = documents.value.flatMap((each) => (each.kind === "Policy" ? [each.value] : []));
  const reference = configuration.listen.token;
  const token = reference === null ? ok(null) : await resolveSecret(reference, environment);
  const secrets = await resolveControllerSecrets(configuration.controllers, environment);
  const receivers = await resolveReceiverSecrets(configuration.receivers, environment);
  if (!token.ok || !secrets.ok || !receivers.ok) {
    return err([
      ...(token.ok ? [] : [`listen.token: ${token.error}`]),
      ...(secrets.ok ? [] : secrets.error),
      ...(receivers.ok ? [] : receivers.error),
    ]);
  }
  return ok({
    configuration,
    policies: new Map([defaultPolicy, ...policies].map((policy) => [policy.name, policy])),
    token: token.value,
    controllerSecrets: secrets.value,
    receiverSecrets: receivers.value,
    signatures: signaturesOf(documents.value),
  });
}

/** What `validate` says about files: one line per document, or every fault. Secrets are not read: the files may be checked elsewhere. */
export async function validateFiles(
  files: readonly string[],
): Promise<Result<readonly string[], readonly string[]>> {
  const sources = await readSources(files);
  if (!sources.ok) return sources;
  const documents = loadDocuments(sources.value);
  if (!documents.ok) return err(documents.error.map(formatFault));
  return ok(
    documents.value.map((document) => {
      const name =
        document.kind === "Configuration" ? "Configuration" : `${document.kind} ${document.value.name}`;
      return `${document.source.file}: ${name} is valid`;
    }),
  );
}

/** The one policy of a file, for a replay under it. */
export async function loadPolicy(file: string): Promise<Result<Policy, readonly string[]>> {
  const sources = await readSources([file]);
  if (!sources.ok) return sources;
  const documents = loadDocuments(sources.value);
  if (!documents.ok) return err(documents.error.map(formatFault));
  const policies = documents.value.flatMap((each) => (each.kind === "Policy" ? [each.value] : []));
  const [policy] = policies;
  if (policy !== undefined && policies.length === 1) return ok(policy);
  const names = policies.map((each) => each.name).join(", ");
  return err([
    `${file}: one policy is needed; the file holds ${policies.length}${names === "" ? "" : `: ${names}`}`,
  ]);
}

/** The rules of files, compiled for matching. */
export async function loadSignatures(files: readonly string[]): Promise<Result<RuleSet, readonly string[]>> {
  const sources = await readSources(files);
  if (!sources.ok) return sources;
  const documents = loadDocuments(sources.value);
  if (!documents.ok) return err(documents.error.map(formatFault));
  const rules = signaturesOf(documents.value);
  if (rules.length > 0) return ok(ownRules(rules));
  return err([`${files.join(", ")}: no signature is there; write a document of kind: Signatures`]);
}

/** What the configuration of a file wants taken out of log lines. */
export async function loadRedaction(file: string): Promise<Result<RedactOptions, readonly string[]>> {
  const sources = await readSources([file]);
  if (!sources.ok) return sources;
  const documents = loadDocuments(sources.value);
  if (!documents.ok) return err(documents.error.map(formatFault));
  const found = documents.value.find((each) => each.kind === "Configuration");
  if (found !== undefined) return ok(redactOptionsOf(found.value.logs.redaction));
  return err([`${file}: no configuration is there; write a document of kind: Configuration`]);
}
