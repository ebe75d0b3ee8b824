import { parseConfiguration, type Configuration } from "#engine/configuration.ts";
import { parsePolicy, type Policy, type Problem } from "#engine/policy.ts";
import { parseSignatureRules, type SignatureRules } from "#engine/signature-rules.ts";
import { err, ok, type Result } from "#model/result.ts";
import { explainProblem, suggestion } from "./explain-problem.ts";
import { documentKinds, jsonSchemaOf, type DocumentKind } from "./json-schema.ts";
import { compileLinear } from "./linear-regex.ts";
import { redactionProblems } from "./redaction.ts";
import { readYamlDocuments, type Fault, type YamlDocument } from "./yaml-documents.ts";

/** A text with the name that faults give it. */
export interface SourceText {
  readonly file: string;
  readonly text: string;
}

/** One parsed document and where it stands. */
export type LoadedDocument =
  | { readonly kind: "Configuration"; readonly source: YamlDocument; readonly value: Configuration }
  | { readonly kind: "Policy"; readonly source: YamlDocument; readonly value: Policy }
  | { readonly kind: "Signatures"; readonly source: YamlDocument; readonly value: SignatureRules };

/** Changes a configuration document before it is parsed (settings from the environment and the command line). */
export type Overlay = (document: unknown) => unknown;

function kindOf(source: YamlDocument): Result<DocumentKind, Fault> {
  const { value } = source;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message =
      "not a document of Haldane: write apiVersion: haldane/v1 and kind: Configuration, Policy or Signatures";
    return err(source.faultOf({ path: [], message }, "value"));
  }
  const kind: unknown = "kind" in value ? value.kind : undefined;
  const known = documentKinds.find((name) => name === kind);
  if (known !== undefined) return ok(known);
  const message =
    typeof kind === "string"
      ? `unknown kind "${kind}"${suggestion(kind, documentKinds)}`
      : `the kind is missing; known: ${documentKinds.join(", ")}`;
  return err(source.faultOf({ path: kind === undefined ? [] : ["kind"], message }, "value"));
}

function faultsOf(
  source: YamlDocument,
  kind: DocumentKind,
  problems: readonly Problem[],
  document: unknown,
): readonly Fault[] {
  const schema = jsonSchemaOf(kind);
  return problems.map((problem) => {
    const explained = explainProblem(problem, schema, document);
    return source.faultOf(explained.problem, explained.at);
  });
}

function parseDocument(source: YamlDocument, overlay: Overlay): Result<LoadedDocument, readonly Fault[]> {
  const kind = kindOf(source);
  if (!kind.ok) return err([kind.error]);
  if (kind.value === "Policy") {
    const policy = parsePolicy(source.value);
    if (policy.ok) return ok({ kind: "Policy", source, value: policy.value });
    return err(faultsOf(source, "Policy", policy.error, source.value));
  }
  if (kind.value === "Signatures") {
    const rules = parseSignatureRules(source.value, compileLinear);
    if (rules.ok) return ok({ kind: "Signatures", source, value: rules.value });
    return err(faultsOf(source, "Signatures", rules.error, source.value));
  }
  const document = overlay(source.value);
  const configuration = parseConfiguration(document);
  if (!configuration.ok) return err(faultsOf(source, "Configuration", configuration.error, document));
  const problems = redactionProblems(configuration.value.logs.redaction);
  if (problems.length > 0) return err(faultsOf(source, "Configuration", problems, document));
  return ok({ kind: "Configuration", source, value: configuration.value });
}

/** Two documents that claim one place: a second configuration, or a second one of a kind and name. */
function clashesOf(documents: readonly LoadedDocument[]): readonly Fault[] {
  const taken = new Map<string, YamlDocument>();
  return documents.flatMap((document) => {
    const name =
      document.kind === "Configuration"
        ? "configuration"
        : `${document.kind.toLowerCase()} "${document.value.name}"`;
    const first = taken.get(name);
    if (first === undefined) {
      taken.set(name, document.source);
      return [];
    }
    const path = document.kind === "Configuration" ? ["kind"] : ["name"];
    const where = first.faultOf({ path, message: "" }, "value");
    const message = `a second ${name}; the first is at ${where.file}:${where.line}`;
    return [document.source.faultOf({ path, message }, "value")];
  });
}

/** Bindings that name a policy which no document defines; `default` always exists. */
function missingPoliciesOf(documents: readonly LoadedDocument[]): readonly Fault[] {
  const known = [
    ...new Set([
      "default",
      ...documents.flatMap((each) => (each.kind === "Policy" ? [each.value.name] : [])),
    ]),
  ];
  return documents.flatMap((document) => {
    if (document.kind !== "Configuration") return [];
    return document.value.bindings.flatMap((binding, at) => {
      if (known.includes(binding.policy)) return [];
      const message = `unknown policy "${binding.policy}"${suggestion(binding.policy, known)}`;
      return [document.source.faultOf({ path: ["bindings", at, "policy"], message }, "value")];
    });
  });
}

/** Parses every document of every text, or lists every fault of all of them. */
export function loadDocuments(
  texts: readonly SourceText[],
  overlay: Overlay = (document) => document,
): Result<readonly LoadedDocument[], readonly Fault[]> {
  const documents: LoadedDocument[] = [];
  const faults: Fault[] = [];
  for (const { text, file } of texts) {
    const read = readYamlDocuments(text, file);
    if (!read.ok) {
      faults.push(...read.error);
      continue;
    }
    if (read.value.length === 0) {
      faults.push({ file, line: 1, column: 1, path: "", message: "the file holds no document" });
    }
    for (const source of read.value) {
      const parsed = parseDocument(source, overlay);
      if (parsed.ok) documents.push(parsed.value);
      else faults.push(...parsed.error);
    }
  }
  const all = [
    ...faults,
    ...clashesOf(documents),
    ...(faults.length > 0 ? [] : missingPoliciesOf(documents)),
  ];
  return all.length > 0 ? err(all) : ok(documents);
}
