import { aliasKinds, type Alias, type AliasKind, type Traits } from "#model/deployment.ts";
import { err, ok, type Result } from "#model/result.ts";
import type { Instant } from "#model/time.ts";
import type { AttributeValue } from "./ports.ts";
import { traitAttributes, traitsOf } from "./traits.ts";

/** Who sent a resource: which service, which revision (by its aliases, strongest first), which instance. */
export interface Attribution {
  /** namespace/name where a namespace is sent, else the name alone. */
  readonly service: string;
  /** "" where none is sent. */
  readonly environment: string;
  /** At most one of each kind, strongest first, never empty. */
  readonly aliases: readonly Alias[];
  /** `identified` is false where the sender names no instance at all: all such records are one instance (decision 2). */
  readonly instance: { readonly name: string; readonly identified: boolean };
  /** Start of the pod or process; null where nothing tells. */
  readonly started: Instant | null;
  readonly traits: Traits;
}

/** Why a resource belongs to no deployment. Such records are accepted, counted and not used. */
export type AttributeError =
  | { readonly tag: "noServiceName" }
  | { readonly tag: "noRevision"; readonly service: string; readonly environment: string };

type Attributes = ReadonlyMap<string, AttributeValue>;

/** Attribute names that carry one fact, best first. A name with underscores for its dots is read as well. */
const names = {
  serviceName: ["service.name", "service"],
  serviceNamespace: ["service.namespace"],
  environment: ["deployment.environment.name", "deployment.environment", "env"],
  podStart: ["k8s.pod.start_time"],
  processStart: ["process.creation.time", "process.start_time", "process.runtime.start_time"],
} as const;

/** Names by which senders give a revision, per alias kind, best first. */
const aliasNames: Readonly<Record<AliasKind, readonly string[]>> = {
  deploymentId: ["deployment.id"],
  templateHash: [
    "k8s.pod.label.rollouts-pod-template-hash",
    "k8s.pod.labels.rollouts-pod-template-hash",
    "k8s.pod.label.pod-template-hash",
    "k8s.pod.labels.pod-template-hash",
    "k8s.pod.label.controller-revision-hash",
    "k8s.pod.labels.controller-revision-hash",
  ],
  imageDigest: ["container.image.repo_digests", "container.image.repo_digest", "oci.manifest.digest"],
  version: [
    "service.version",
    "version",
    "k8s.pod.label.app.kubernetes.io/version",
    "k8s.pod.labels.app.kubernetes.io/version",
    "k8s.pod.label.version",
    "k8s.pod.labels.version",
  ],
  vcsRevision: ["vcs.ref.head.revision", "git.commit.sha"],
};

/** Names of one instance, best first (decision 2); host and process follow as a pair. */
const instanceNames = ["service.instance.id", "k8s.pod.uid", "k8s.pod.name", "container.id"] as const;

/** Every attribute that `attribute` can read: two resources that agree on these are attributed alike. */
export const attributedNames: readonly string[] = [
  ...Object.values(names).flat(),
  ...Object.values(aliasNames).flat(),
  ...instanceNames,
  "k8s.replicaset.name",
  "k8s.deployment.name",
  "host.name",
  "host.id",
  "process.pid",
  ...traitAttributes,
].flatMap((name) => (name.includes(".") ? [name, name.replaceAll(".", "_")] : [name]));

function textAt(attributes: Attributes, name: string): string | null {
  const value = attributes.get(name) ?? attributes.get(name.replaceAll(".", "_"));
  if (value === undefined) return null;
  const text = String(value).trim();
  return text === "" ? null : text;
}

function firstText(attributes: Attributes, candidates: readonly string[]): string | null {
  for (const name of candidates) {
    const text = textAt(attributes, name);
    if (text !== null) return text;
  }
  return null;
}

/** The alphabet that Kubernetes draws safe suffixes from. */
const hashSuffix = /-([bcdfghjklmnpqrstvwxz2456789]{6,10})$/;
const podSuffix = /-([bcdfghjklmnpqrstvwxz2456789]{8,10})-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Template hash: a label, else the suffix of the replica set, else (weakest) the last part but one of the pod's name. */
function templateHash(attributes: Attributes): string | null {
  const label = firstText(attributes, aliasNames.templateHash);
  if (label !== null) return label;
  const replicaSet = textAt(attributes, "k8s.replicaset.name");
  if (replicaSet !== null) {
    const deployment = textAt(attributes, "k8s.deployment.name");
    if (deployment !== null && replicaSet.startsWith(`${deployment}-`))
      return replicaSet.slice(deployment.length + 1);
    return hashSuffix.exec(replicaSet)?.[1] ?? null;
  }
  return podSuffix.exec(textAt(attributes, "k8s.pod.name") ?? "")?.[1] ?? null;
}

/** The digest alone, so that one image under two registry names is one image. Lists arrive as JSON text. */
function imageDigest(attributes: Attributes): string | null {
  const text = firstText(attributes, aliasNames.imageDigest);
  return text === null ? null : (/[a-z0-9]+:[0-9a-f]{32,}/.exec(text)?.[0] ?? null);
}

function aliasOf(kind: AliasKind, attributes: Attributes): string | null {
  switch (kind) {
    case "templateHash":
      return templateHash(attributes);
    case "imageDigest":
      return imageDigest(attributes);
    case "deploymentId":
    case "version":
    case "vcsRevision":
      return firstText(attributes, aliasNames[kind]);
  }
}

function instanceOf(attributes: Attributes): Attribution["instance"] {
  const name = firstText(attributes, instanceNames);
  if (name !== null) return { name, identified: true };
  const host = firstText(attributes, ["host.name", "host.id"]);
  const pid = textAt(attributes, "process.pid");
  if (host !== null && pid !== null) return { name: `${host}:${pid}`, identified: true };
  return { name: "", identified: false };
}

const isoInstant =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/** Days from the civil calendar (Hinnant's days_from_civil), so that no clock type is needed. */
function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** An RFC 3339 text as an instant, or null where it is none. */
export function parseInstant(text: string): Instant | null {
  const match = isoInstant.exec(text);
  if (match === null) return null;
  const part = (i: number): number => Number(match[i] ?? "0");
  const days = daysFromCivil(part(1), part(2), part(3));
  const fractionMs = Math.floor(Number(`0.${match[7] ?? "0"}`) * 1000);
  const zoneMinutes = (part(9) * 60 + part(10)) * (match[8] === "-" ? -1 : 1);
  const minutes = days * 1440 + part(4) * 60 + part(5) - zoneMinutes;
  return (minutes * 60 + part(6)) * 1000 + fractionMs;
}

function startedAt(attributes: Attributes): Instant | null {
  const text = firstText(attributes, names.podStart) ?? firstText(attributes, names.processStart);
  return text === null ? null : parseInstant(text);
}

/**
 * Decides once for a resource whose telemetry it is. A name that the SDK made up (`unknown_service...`) is no name.
 * Names and stability: OpenTelemetry semantic conventions 1.44 (service, deployment, k8s, container, vcs), with the older
 * and vendor names that senders still use.
 */
export function attribute(attributes: Attributes): Result<Attribution, AttributeError> {
  const name = firstText(attributes, names.serviceName);
  if (name === null || name.startsWith("unknown_service")) return err({ tag: "noServiceName" });
  const namespace = firstText(attributes, names.serviceNamespace);
  const service = namespace === null ? name : `${namespace}/${name}`;
  const environment = firstText(attributes, names.environment) ?? "";
  const aliases: Alias[] = [];
  for (const kind of aliasKinds) {
    const value = aliasOf(kind, attributes);
    if (value !== null) aliases.push({ kind, value });
  }
  if (aliases.length === 0) return err({ tag: "noRevision", service, environment });
  return ok({
    service,
    environment,
    aliases,
    instance: instanceOf(attributes),
    started: startedAt(attributes),
    traits: traitsOf(attributes),
  });
}
